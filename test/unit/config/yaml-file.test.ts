/** What people write in YAML by mistake: one line each, with its place. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadAnalyticsFile, loadOptionsFile } from '../../../src/config/load.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

async function load(written: string | Uint8Array): Promise<unknown> {
  const file = join(await temporaryFolder(), 'c.yaml');
  await writeFile(file, written);
  return loadOptionsFile(file);
}

/** Each level ten times the one before it. */
const bomb = Array.from(
  { length: 9 },
  (_, level) =>
    `l${level}: &l${level} [${Array(10)
      .fill(level === 0 ? 'x' : `*l${level - 1}`)
      .join(', ')}]`,
).join('\n');

describe('a configuration file', () => {
  it.each([
    [
      'a key of another level',
      'device: cpu\n',
      '1:1: unknown option "device" (did you mean "model.device"?)',
    ],
    [
      'a key two levels further in',
      'points: []\n',
      '1:1: unknown option "points" (did you mean "analytics.speed.points"?)',
    ],
    [
      'a mistyped key in a list',
      'sources:\n  - a.mp4\n  - { type: file, path: b, strid: 2 }\n',
      '3:28: unknown option "sources.1.strid" (did you mean "stride"?)',
    ],
    [
      'no path',
      'sinks:\n  - { type: jsonl, path: b }\n  - type: video\n',
      '3:5: option "sinks.1.path" is missing: expected text',
    ],
    [
      'an empty path',
      'sinks:\n  - type: video\n    path:\n',
      '3:5: option "sinks.0.path" is missing: expected text',
    ],
    [
      'a map for a list',
      'sources: { type: file, path: a }\n',
      '1:1: option "sources" is {"type":"file","path":"a"}: expected a list',
    ],
    ['yes of YAML 1.1', 'overwrite: yes\n', '1:1: option "overwrite" is "yes": expected true or false'],
    [
      'a number for a name',
      'model:\n  device: 12\n',
      '2:3: option "model.device" is 12: expected text, in quotes',
    ],
    ['text', 'hello\n', '1:1: expected options as "key: value", found text'],
    ['a list', '- a\n', '1:1: expected options as "key: value", found a list'],
    [
      'a key twice',
      'model: { threads: 1 }\nmodel: { threads: 2 }\n',
      '2:1: the key model stands here for the second time; keep one',
    ],
    ['a tab', 'model:\n\tthreads: 1\n', '2:1: a tab cannot indent; use spaces'],
    ['two documents', 'model: {}\n---\nmodel: {}\n', '2:1: a second document begins here; a file holds one'],
    ['a tag', 'model: !include m.yaml\n', '1:8: Unresolved tag: !include'],
    ['a key that is a list', '? [a, b]\n: 1\n', '1:3: a key has to be a plain word'],
    ['an alias of nothing', 'model: *m\n', '1:8: there is no anchor "&m" before the alias "*m"'],
    [
      'an alias of itself',
      'model: &m\n  gpu: *m\n',
      '2:8: the alias "*m" stands within what it stands for: that has no end',
    ],
    [
      'an alias that multiplies',
      bomb,
      /:\d+:\d+: aliases stand for more than 100000 values up to here; write out what is meant$/,
    ],
    ['depth without end', '['.repeat(20_000), /:1:\d+: lists and maps are nested too deeply from here on$/],
    [
      'a merge of a number',
      'model:\n  <<: 3\n',
      '2:3: "<<" takes an alias of something that has keys, or a list of such aliases',
    ],
    [
      'a mistyped key that is merged',
      'sources:\n  - &a { type: file, path: a, strid: 2 }\n  - { <<: *a, id: b }\n',
      '2:31: unknown option "sources.0.strid" (did you mean "stride"?)',
    ],
  ] as const)('with %s', async (_what, text, message) => {
    const error: unknown = await load(text).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'ERR_USAGE' });
    const said = (error as Error).message;
    if (typeof message === 'string') expect(said.replace(/^.*?c\.yaml:/, '')).toBe(message);
    else expect(said).toMatch(message);
    expect(said).toMatch(/^[^\n]+$/);
  });

  it('may leave keys empty, which is as good as leaving them out', async () => {
    await expect(load('model:\nsinks:\ndetect:\n  iou:\n  confidence: 0.5\n')).resolves.toEqual({
      detect: { confidence: 0.5 },
    });
  });

  it('may say once what several sources have, by alias and by merge', async () => {
    await expect(
      load('sources:\n  - &a { type: file, path: a.mp4, stride: 2 }\n  - { <<: *a, path: b.mp4 }\n'),
    ).resolves.toEqual({
      sources: [
        { type: 'file', path: 'a.mp4', stride: 2 },
        { type: 'file', path: 'b.mp4', stride: 2 },
      ],
    });
  });

  it('says times as the command line does, whichever YAML it is', async () => {
    const sources = (start: string): string => `sources: [{ type: file, path: a, start: ${start} }]`;
    await expect(load(sources('1:30'))).resolves.toMatchObject({ sources: [{ start: '1:30' }] });
    await expect(load(`%YAML 1.1\n---\n${sources('1:30')}`)).resolves.toMatchObject({
      sources: [{ start: 90 }],
    });
  });

  it('may begin with a byte order mark, and is UTF-8', async () => {
    await expect(load('\uFEFFoverwrite: true\n')).resolves.toEqual({ overwrite: true });
    await expect(load(Uint8Array.of(0x61, 0x3a, 0x20, 0xe9))).rejects.toThrow(
      /^config ".*c\.yaml" cannot be read: it is not text in UTF-8$/,
    );
  });

  it('is no directory, no device, and not endless', async () => {
    const folder = await temporaryFolder();
    const reason = (file: string): Promise<string> =>
      loadAnalyticsFile(file).then(String, (error: unknown) => (error as Error).message);
    expect(await reason(folder)).toBe(
      `config "${folder}" cannot be read: it is a directory; name a file in it`,
    );
    expect(await reason('/dev/zero')).toBe('config "/dev/zero" cannot be read: it is a device, not a file');
    await writeFile(join(folder, 'large.yaml'), Buffer.alloc(10 * 2 ** 20 + 1, '#'));
    expect(await reason(join(folder, 'large.yaml'))).toMatch(
      /it has more than 10 MB, too much for a file of this kind$/,
    );
  });
});
