import { copyFile, link, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { BUNDLED_MODEL, createPipeline, type OptionsInput } from '../../../src/app/app.js';
import type { Sink } from '../../../src/contract/sink.js';
import type { SinkKind } from '../../../src/sinks/sink-kind.js';
import { carClip } from '../../support/media.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

/** A model that says what it is but has no weights: loading it fails. */
async function unloadable(): Promise<string> {
  const folder = await temporaryFolder();
  await copyFile(join(BUNDLED_MODEL, 'model.json'), join(folder, 'model.json'));
  return folder;
}

function create(options: Partial<OptionsInput>): Promise<unknown> {
  return unloadable().then((path) => createPipeline({ sources: [carClip], model: { path }, ...options }));
}

describe('what is wrong with a run is found before the model is loaded', () => {
  it('loads the model if all is well', async () => {
    await expect(create({})).rejects.toMatchObject({ code: 'ERR_MODEL_NOT_FOUND' });
  });

  it.each([
    ['a tracker', { track: { tracker: 'deepsort' } }, /no tracker "deepsort"/],
    ['a parameter', { track: { parameters: { max_age: 2 } } }, /botsort has no parameter "max_age"/],
    [
      'a class',
      {
        analytics: {
          lines: [
            {
              name: 'l',
              points: [
                [0, 0],
                [9, 9],
              ],
              classes: ['elk'],
            },
          ],
        },
      },
      /"elk"/,
    ],
    [
      'a zone',
      {
        analytics: {
          zones: [
            {
              name: 'z',
              polygon: [
                [0, 0],
                [9, 9],
                [9, 0],
                [0, 9],
              ],
            },
          ],
        },
      },
      /crosses/,
    ],
    [
      'a zone of one source',
      { sources: [{ type: 'file', path: carClip, analytics: { speed: {} } }] },
      /exactly one of metresPerPixel and points is needed/,
    ],
    ['no source', { sources: [] }, /nothing to look at/],
    ['a heat map', { sinks: [{ type: 'heat-map', path: 'a.png' }] }, /needs a heat map of "car-detection"/],
    [
      'an image',
      { sinks: [{ type: 'heat-map', path: 'a.jpg' }], analytics: { heatMap: {} } },
      /let its name end in \.png/,
    ],
    [
      'two outputs',
      {
        sinks: [
          { type: 'jsonl', path: 'a.png' },
          { type: 'heat-map', path: './a.png' },
        ],
        analytics: { heatMap: {} },
      },
      /two outputs/,
    ],
  ] satisfies [string, Partial<OptionsInput>, RegExp][])('%s', async (_name, options, message) => {
    await expect(create(options)).rejects.toMatchObject({
      code: 'ERR_USAGE',
      message: expect.stringMatching(message) as string,
    });
  });

  it('an option that no kind has, by the compiler too', async () => {
    // @ts-expect-error -- a video has no "pth"
    const mistyped = () => createPipeline({ sources: [carClip], sinks: [{ type: 'video', pth: 'a.mp4' }] });
    await expect(mistyped()).rejects.toThrow('unknown option "sinks.0.pth" (did you mean "path"?)');
  });

  const sink = {
    name: 'mine',
    policy: 'wait' as const,
    pixels: false,
    open: () => Promise.reject(new Error('is not opened')),
    close: () => Promise.resolve(),
  };
  it.each([
    [{ policy: 'perhaps' }, 'sink "mine": option "policy" is "perhaps": expected wait or latest'],
    [{ policy: undefined }, 'sink "mine": option "policy" is missing: expected wait or latest'],
    [{ name: undefined }, 'a sink without a name: option "name" is missing: expected text'],
    [{ name: '' }, 'a sink without a name: option "name" is "": expected a name'],
    [{ pixels: 1 }, 'sink "mine": option "pixels" is 1: expected true or false'],
    [
      { deadlines: { writeMs: NaN } },
      'sink "mine": option "deadlines.writeMs" is NaN: expected milliseconds above 0',
    ],
    [
      { deadlines: { endMs: 0 } },
      'sink "mine": option "deadlines.endMs" is 0: expected milliseconds above 0',
    ],
    [
      { deadlines: { writeMS: 5 } },
      'sink "mine": unknown option "deadlines.writeMS" (did you mean "writeMs"?)',
    ],
    [
      { reopen: { firstMs: 5 } },
      'sink "mine": option "reopen.longestMs" is missing: expected milliseconds above 0',
    ],
    [{ onStatus: 'no' }, 'sink "mine": option "onStatus" is "no": expected a function'],
  ])('a sink of the caller with %j', async (part, message) => {
    const sinks = [{ ...sink, ...part }] as unknown as NonNullable<OptionsInput['sinks']>;
    await expect(create({ sinks })).rejects.toMatchObject({ code: 'ERR_USAGE', message });
  });

  it('a sink of the caller that is right, and whose methods are those of its class', async () => {
    class Mine {
      readonly name = 'mine';
      readonly policy = 'latest';
      readonly pixels = false;
      readonly deadlines = { writeMs: Infinity };
      open = sink.open;
      close(): Promise<void> {
        return Promise.resolve();
      }
    }
    await expect(create({ sinks: [new Mine()] })).rejects.toMatchObject({ code: 'ERR_MODEL_NOT_FOUND' });
  });

  it.each([
    [{ id: undefined }, 'a source without a name: option "id" is missing: expected text'],
    [{ overload: 'drop' }, 'source "s": option "overload" is "drop": expected wait or latest'],
  ])('a source of the caller with %j', async (part, message) => {
    const source = { id: 's', open: sink.open, frames: () => [], decodeErrors: 0, ...part };
    const sources = [source] as unknown as NonNullable<OptionsInput['sources']>;
    await expect(create({ sources })).rejects.toMatchObject({ code: 'ERR_USAGE', message });
  });

  it('a sink that a kind of the caller makes', async () => {
    const kind: SinkKind = {
      type: 'broken',
      doc: 'Makes what is no sink.',
      options: z.strictObject({}),
      create: () => ({ ...sink, policy: 'never' }) as unknown as Sink,
    };
    const path = await unloadable();
    const run = createPipeline<{ readonly type: string }>(
      { sources: [carClip], model: { path }, sinks: [{ type: 'broken' }] },
      { kinds: { sinkKinds: [kind] } },
    );
    await expect(run).rejects.toThrow(
      'what the kind "broken" made: option "policy" is "never": expected wait or latest',
    );
  });

  it('an output that is the input', async () => {
    const folder = await temporaryFolder();
    await copyFile(carClip, join(folder, 'a.mp4'));
    await link(join(folder, 'a.mp4'), join(folder, 'b.jsonl'));
    await writeFile(join(folder, 'other.jsonl'), '');
    const sources = [join(folder, 'a.mp4')];
    const run = (jsonl: string) =>
      create({ sources, sinks: [{ type: 'jsonl', path: join(folder, jsonl) }], overwrite: true });
    await expect(run('b.jsonl')).rejects.toMatchObject({
      code: 'ERR_USAGE',
      message: expect.stringContaining('is the input itself') as string,
    });
    await expect(run('other.jsonl')).rejects.toMatchObject({ code: 'ERR_MODEL_NOT_FOUND' });
  });
});
