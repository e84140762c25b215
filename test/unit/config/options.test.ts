import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUILT_IN_KINDS } from '../../../src/config/kinds.js';
import { loadAnalyticsFile, loadOptionsFile, loadReplayFile } from '../../../src/config/load.js';
import { parseOptions, parseReplay } from '../../../src/config/parse.js';
import { type OptionsInput, optionsSchema } from '../../../src/config/schema.js';
import { z } from 'zod';
import { temporaryFolder } from '../../support/temporary-folder.js';

describe('parseOptions', () => {
  it('fills in the defaults', () => {
    const options = parseOptions({ sources: ['a.mp4'] });
    expect(options).toMatchObject({
      model: { device: 'auto', batch: 4 },
      detect: { agnostic: false, maxDetections: 300 },
      sources: [{ type: 'file', path: 'a.mp4' }],
      sinks: [],
      overwrite: false,
      framesInFlight: 8,
    });
  });

  it.each([
    [608, { width: 608, height: 608 }],
    ['320', { width: 320, height: 320 }],
    ['544x320', { width: 544, height: 320 }],
    [
      { width: 544, height: 320 },
      { width: 544, height: 320 },
    ],
  ])('takes %j as a size', (written, size) => {
    expect(parseOptions({ sources: ['a'], model: { size: written } }).model.size).toEqual(size);
  });

  it.each([
    [
      { sources: ['a'], framesInFlight: 1 },
      /option "framesInFlight" is 1: too small: expected number to be >=2/,
    ],
    [{ sources: ['a'], detect: { confidence: 1.5 } }, /option "detect.confidence" is 1.5: too big/],
    [{ sources: ['a'], detect: { classes: [''] } }, /option "detect.classes.0" is ""/],
    [{ sources: ['a'], detect: { conf: 0.5 } }, /unknown option "detect.conf"/],
    [
      { sources: ['a'], model: { size: 400 } },
      /option "model.size" is 400: expected multiples of 32 from 32 to 4096, such as 416 or 544x320/,
    ],
    [{ sources: ['a'], model: { size: '544x300' } }, /option "model.size" is "544x300": expected multiples/],
    [
      { sources: ['a'], model: { gpu: { visibleDevices: [-1] } } },
      /option "model.gpu.visibleDevices.0" is -1/,
    ],
    [{ sources: ['a'], server: { port: 99_999 } }, /option "server.port" is 99999/],
    [
      { sources: ['a'], server: { port: 1, allowedOrigins: ['wall.example.com'] } },
      /option "server.allowedOrigins.0" is "wall.example.com": expected an origin such as https/,
    ],
    [
      { sources: ['a'], server: { port: 1, allowedOrigins: ['https://wall.example.com/'] } },
      /option "server.allowedOrigins.0"/,
    ],
  ])('refuses %j in one line', (input: object, message) => {
    expect(() => parseOptions(input as OptionsInput)).toThrow(message);
    expect(() => parseOptions(input as OptionsInput)).toThrow(/^[^\n]+$/);
  });
});

describe('loadOptionsFile', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sightline-config-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const load = async (text: string): Promise<unknown> => {
    await writeFile(join(folder, 'c.yaml'), text);
    return loadOptionsFile(join(folder, 'c.yaml'));
  };

  it('reads what is there and adds no defaults', async () => {
    await expect(load('detect:\n  confidence: 0.4\n')).resolves.toEqual({ detect: { confidence: 0.4 } });
    await expect(load('')).resolves.toEqual({});
  });

  it.each([
    ['detect:\n  confidence: 2\n', /c\.yaml:2:3: option "detect.confidence" is 2/],
    ['detect:\n  iou: 0.5\n  confidance: 0.4\n', /c\.yaml:3:3: unknown option "detect.confidance"/],
    ['model: [\n', /c\.yaml:2:1: /],
    ['just text', /c\.yaml:1:1: /],
    [
      'sinks:\n  - { type: vidoe, path: a.mp4 }\n',
      /:2:7: option "sinks\.0\.type" is "vidoe": there is no such kind of sink \(did you mean "video"\?\); there are feed, heat-map, jsonl, mot, video$/,
    ],
    [
      'sinks:\n  - path: a.mp4\n',
      /:2:5: option "sinks\.0\.type" is missing: expected a kind of sink: feed, heat-map, jsonl, mot, video$/,
    ],
    [
      'sinks: [a.mp4]',
      /:1:9: option "sinks\.0" is "a\.mp4": expected \{ type: … \} with a kind of sink: feed/,
    ],
    [
      'sinks:\n  - { type: mot, pth: a }\n',
      /:2:18: unknown option "sinks\.0\.pth" \(did you mean "path"\?\)$/,
    ],
    ['sinks:\n  - { type: mot }\n', /:2:5: option "sinks\.0\.path" is missing/],
    ['sources: [a.mp4, 7]', /:1:18: option "sources\.1" is 7: expected a path, or \{ type: … \}$/],
    [
      'sources:\n  - a.mp4\n  - { type: file, path: b, start: 1:x }\n',
      /:3:28: option "sources\.1\.start" is "1:x"/,
    ],
    [
      'sources:\n  - { type: file, path: b, id: a/b }\n',
      /option "sources\.0\.id" is "a\/b": expected a name/,
    ],
    [
      'sources:\n  - { type: file, path: b, analytics: { linez: [] } }\n',
      /unknown option "sources\.0\.analytics\.linez"/,
    ],
    ['detect: {}\ninputs: [a.mp4]\n', /:2:1: unknown option "inputs"; it is "sources" now/],
    ['source: { stride: 2 }\n', /unknown option "source"; what it held belongs to each of "sources" now/],
    ['output: {}\n', /unknown option "output"; it is "sinks" now/],
    [
      'analyticsBySource: {}\n',
      /unknown option "analyticsBySource"; "analytics" of one source stands in its entry/,
    ],
  ])('says line and column of what is wrong in %j', async (text, message) => {
    await expect(load(text)).rejects.toThrow(message);
  });

  it('says which file is missing', async () => {
    await expect(loadOptionsFile(join(folder, 'none.yaml'))).rejects.toThrow(/none\.yaml" cannot be read/);
  });
});

describe('files of their own', () => {
  const written = async (text: string): Promise<string> => {
    const path = join(await temporaryFolder(), 'f.yaml');
    await writeFile(path, text);
    return path;
  };

  it('hold analytics', async () => {
    const rules = {
      lines: [
        {
          name: 'gate',
          points: [
            [0, 0],
            [9, 9],
          ],
        },
      ],
      heatMap: {},
    };
    await expect(loadAnalyticsFile(await written(JSON.stringify(rules)))).resolves.toEqual(rules);
    await expect(loadAnalyticsFile(await written(''))).resolves.toEqual({});
  });

  it.each([
    ['lines: [\n', /f\.yaml:2:1: /],
    ['linez: []\n', /f\.yaml:1:1: unknown option "linez"/],
    ['lines:\n  - { name: a, points: [[1, 1]] }\n', /f\.yaml:2:16: option "lines\.0\.points" is \[\[1,1\]\]/],
    [
      'zones:\n  - name: a\n    polygon: [[1, 1], [2, 2], [3]]\n',
      /f\.yaml:3:31: option "zones\.0\.polygon\.2/,
    ],
    ['zones:\n  - polygon: [[1, 1], [2, 2], [3, 1]]\n', /option "zones\.0\.name" is missing/],
    ['stationary:\n  - { name: a, seconds: 0 }\n', /f\.yaml:2:16: option "stationary\.0\.seconds" is 0/],
    ['heatMap: { columns: 0 }\n', /f\.yaml:1:12: option "heatMap\.columns" is 0/],
    ['speed: { unit: mph }\n', /f\.yaml:1:10: option "speed\.unit" is "mph"/],
    ['- 1\n', /f\.yaml:1:1: /],
  ])('say line and column of what is wrong in analytics: %j', async (text, message) => {
    await expect(loadAnalyticsFile(await written(text))).rejects.toThrow(message);
  });

  it('hold a replay, which knows nothing of models and parts of videos', async () => {
    const replay = {
      recording: 'a.jsonl',
      confidence: 0.5,
      track: { tracker: 'sort' },
      sources: [{ id: 'gate', analytics: { heatMap: {} } }],
      sinks: [{ type: 'mot', path: 'a.txt' }],
    };
    await expect(loadReplayFile(await written(JSON.stringify(replay)))).resolves.toEqual(replay);
    for (const key of ['model', 'source', 'detect', 'output'])
      await expect(loadReplayFile(await written(`${key}: {}\n`))).rejects.toThrow(`unknown option "${key}"`);
    expect(() => parseReplay({ recording: 'a', confidence: 2 })).toThrow(/option "confidence" is 2/);
    expect(parseReplay({ recording: 'a' })).toMatchObject({
      track: { tracker: 'botsort' },
      framesInFlight: 8,
    });
  });
});

describe('the shipped configuration', () => {
  const shipped = (name: string): string => new URL(`../../../config/${name}`, import.meta.url).pathname;

  it('names every option and is valid', async () => {
    const text = await readFile(shipped('sightline.yaml'), 'utf8');
    for (const key of leafKeys(optionsSchema(BUILT_IN_KINDS)))
      expect(text).toMatch(new RegExp(`^\\W*${key}:`, 'm'));
    await expect(loadOptionsFile(shipped('sightline.yaml'))).resolves.toBeDefined();
  });

  it('states the defaults that the program has', async () => {
    const stated = await loadOptionsFile(shipped('sightline.yaml'));
    const defaults = parseOptions({ sources: ['x'] });
    expect(parseOptions({ ...stated, sources: ['x'] })).toEqual(defaults);
  });

  it('comes with the JSON schema of the options as they are', async () => {
    const schema: unknown = JSON.parse(await readFile(shipped('sightline.schema.json'), 'utf8'));
    expect(schema).toEqual(
      JSON.parse(JSON.stringify(z.toJSONSchema(optionsSchema(BUILT_IN_KINDS), { io: 'input' }))),
    );
  });
});

function leafKeys(schema: unknown): string[] {
  const json = z.toJSONSchema(schema as z.ZodType, { io: 'input' });
  const keys: string[] = [];
  const walk = (at: unknown): void => {
    const { properties } = at as { properties?: Record<string, unknown> };
    for (const [key, value] of Object.entries(properties ?? {})) {
      keys.push(key);
      walk(value);
      if (key === 'sources' || key === 'sinks') walkEntries((value as { items: unknown }).items);
    }
  };
  const walkEntries = (entry: unknown): void => {
    const { anyOf, oneOf } = entry as { anyOf?: unknown[]; oneOf?: unknown[] };
    for (const kind of anyOf ?? oneOf ?? []) walkEntries(kind);
    walk(entry);
  };
  walk(json);
  return keys;
}
