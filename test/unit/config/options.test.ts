import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadAnalyticsFile, loadOptionsFile, loadReplayFile } from '../../../src/config/load.js';
import { parseOptions, parseReplay } from '../../../src/config/parse.js';
import { type OptionsInput, optionsSchema } from '../../../src/config/schema.js';
import { z } from 'zod';
import { temporaryFolder } from '../../support/temporary-folder.js';

describe('parseOptions', () => {
  it('fills in the defaults', () => {
    const options = parseOptions({ inputs: ['a.mp4'] });
    expect(options).toMatchObject({
      model: { device: 'auto', batch: 4 },
      detect: { agnostic: false, maxDetections: 300 },
      source: { stride: 1 },
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
    expect(parseOptions({ inputs: ['a'], model: { size: written } }).model.size).toEqual(size);
  });

  it.each([
    [{ inputs: [] }, /option "inputs" is \[\]: at least one input is needed/],
    [
      { inputs: ['a'], framesInFlight: 1 },
      /option "framesInFlight" is 1: too small: expected number to be >=2/,
    ],
    [{ inputs: ['a'], detect: { confidence: 1.5 } }, /option "detect.confidence" is 1.5: too big/],
    [{ inputs: ['a'], detect: { classes: [''] } }, /option "detect.classes.0" is ""/],
    [{ inputs: ['a'], detect: { conf: 0.5 } }, /unknown option "detect.conf"/],
    [
      { inputs: ['a'], model: { size: 400 } },
      /option "model.size" is 400: expected multiples of 32 from 32 to 4096, such as 416 or 544x320/,
    ],
    [{ inputs: ['a'], model: { size: '544x300' } }, /option "model.size" is "544x300": expected multiples/],
    [
      { inputs: ['a'], model: { gpu: { visibleDevices: [-1] } } },
      /option "model.gpu.visibleDevices.0" is -1/,
    ],
    [{ inputs: ['a'], output: { serve: { port: 99_999 } } }, /option "output.serve.port" is 99999/],
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
      /f\.yaml:3:5: option "zones\.0\.polygon\.2/,
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
      output: { mot: 'a.txt' },
    };
    await expect(loadReplayFile(await written(JSON.stringify(replay)))).resolves.toEqual(replay);
    for (const key of ['model', 'source', 'detect', 'inputs'])
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
    for (const key of leafKeys(optionsSchema)) expect(text).toMatch(new RegExp(`^\\s*#?\\s*${key}:`, 'm'));
    await expect(loadOptionsFile(shipped('sightline.yaml'))).resolves.toBeDefined();
  });

  it('states the defaults that the program has', async () => {
    const stated = await loadOptionsFile(shipped('sightline.yaml'));
    const defaults = parseOptions({ inputs: ['x'] });
    expect(parseOptions({ ...stated, inputs: ['x'] })).toEqual(defaults);
  });

  it('comes with the JSON schema of the options as they are', async () => {
    const schema: unknown = JSON.parse(await readFile(shipped('sightline.schema.json'), 'utf8'));
    expect(schema).toEqual(
      JSON.parse(JSON.stringify(z.toJSONSchema(optionsSchema.partial({ inputs: true }), { io: 'input' }))),
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
    }
  };
  walk(json);
  return keys;
}
