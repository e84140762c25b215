import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { letterboxFor, letterboxOf } from '../../../src/geometry/letterbox.js';
import { createDetector, type DetectorOptions } from '../../../src/model/detector.js';
import type { Detector } from '../../../src/contract/detector.js';
import type { Detection } from '../../../src/contract/detector.js';

const MANIFEST = fileURLToPath(new URL('../../../models/street-b0/model.json', import.meta.url));
/** Two pairs that overlap: of one class, and of two; and a third that is far from all. In network pixels. */
const SCENE = [
  { class: 'bus', box: [300, 100, 400, 200], confidence: 0.45 },
  { class: 'car', box: [20, 110, 120, 170], confidence: 0.612345 },
  { class: 'car', box: [25, 110, 125, 170], confidence: 0.5 },
  { class: 'truck', box: [22, 112, 122, 168], confidence: 0.9 },
  { class: 'person', box: [201.2345, 151, 210.9876, 190], confidence: 0.2 },
];

let modelDir: string;
let detector: Detector | undefined;

beforeEach(() => {
  modelDir = mkdtempSync(join(tmpdir(), 'sightline-detector-'));
  cpSync(MANIFEST, join(modelDir, 'model.json'));
  writeFileSync(join(modelDir, 'fake.json'), JSON.stringify([SCENE]));
});

afterEach(async () => {
  await detector?.close();
  detector = undefined;
  rmSync(modelDir, { recursive: true });
});

describe('createDetector', () => {
  it.each<[string, Partial<DetectorOptions>, string[]]>([
    ['the model (0.4, overlap 0.5, class by class) by default', {}, ['truck 0.9', 'car 0.6123', 'bus 0.45']],
    ['a confidence', { confidence: 0.7 }, ['truck 0.9']],
    [
      'a confidence of one class',
      { classConfidence: { person: 0.1, bus: 0.5 } },
      ['truck 0.9', 'car 0.6123', 'person 0.2'],
    ],
    ['classes', { classes: ['bus', 'person'] }, ['bus 0.45']],
    ['suppression across classes', { agnostic: true }, ['truck 0.9', 'bus 0.45']],
    [
      'an overlap of 1: nothing is suppressed',
      { iou: 1 },
      ['truck 0.9', 'car 0.6123', 'car 0.5', 'bus 0.45'],
    ],
    ['a number of detections', { maxDetections: 2 }, ['truck 0.9', 'car 0.6123']],
  ])('follows %s', async (_, options, expected) => {
    detector = await createDetector({ modelDir, device: 'fake', maxBatch: 1, ...options });
    expect((await found(detector)).map(({ label, confidence }) => `${label} ${confidence}`)).toEqual(
      expected,
    );
  });

  it('rounds to 1/100 pixel and 1/10000, in source pixels', async () => {
    detector = await createDetector({
      modelDir,
      device: 'fake',
      maxBatch: 1,
      classes: ['person'],
      confidence: 0,
    });
    const [person] = await found(detector);
    // 1280 × 720 lies in 416 × 234, 91 rows down: 1280 / 416 source pixels a network pixel.
    expect(person).toEqual({
      box: { x1: 619.18, y1: 184.62, x2: 649.19, y2: 304.62 },
      classId: 0,
      label: 'person',
      confidence: 0.2,
    });
  });

  it('puts boxes back where pictures are stretched', async () => {
    const manifest = JSON.parse(readFileSync(MANIFEST, 'utf8')) as { input: object };
    const input = { ...manifest.input, letterbox: false };
    writeFileSync(join(modelDir, 'model.json'), JSON.stringify({ ...manifest, input }));
    const scene = [[{ class: 'car', box: [104, 208, 156, 312], confidence: 0.9 }]];
    writeFileSync(join(modelDir, 'fake.json'), JSON.stringify(scene));
    detector = await createDetector({ modelDir, device: 'fake', maxBatch: 1 });
    const { geometry } = detector.info;
    expect(geometry).toEqual({ width: 416, height: 416, pad: 128, kernel: 'bicubic', fit: 'stretch' });
    const letterbox = letterboxFor(geometry, 1280, 720);
    const [frame] = await detector.detect([{ pixels: new Uint8Array(416 * 416 * 3), letterbox }]);
    // 1280 / 416 and 720 / 416 source pixels a network pixel, and no border.
    expect(frame?.detections[0]?.box).toEqual({ x1: 320, y1: 360, x2: 480, y2: 540 });
  });

  it('says what it is', async () => {
    detector = await createDetector({ modelDir, device: 'fake', maxBatch: 7 });
    expect(detector.info).toMatchObject({
      model: 'street-b0',
      backend: 'fake',
      geometry: { width: 416, height: 416, pad: 128, kernel: 'area' },
      maxBatch: 7,
    });
  });

  it('answers what it was asked before it was closed, and nothing after', async () => {
    detector = await createDetector({ modelDir, device: 'fake', maxBatch: 1 });
    const asked = found(detector);
    await expect(found(detector)).rejects.toMatchObject({ code: 'ERR_USAGE' });
    await detector.close();
    expect(await asked).toHaveLength(3);
    await expect(found(detector)).rejects.toMatchObject({ code: 'ERR_ABORTED' });
  });
});

describe('the scripted backend', () => {
  it('goes through its pictures in turn, across batches', async () => {
    const [bus, car] = SCENE;
    writeFileSync(join(modelDir, 'fake.json'), JSON.stringify([[bus], [car], []]));
    detector = await createDetector({ modelDir, device: 'fake', maxBatch: 4 });
    const labels = async (count: number): Promise<(string | undefined)[]> => {
      const frames = await detector!.detect(new Array(count).fill(input()));
      return frames.map(({ detections }) => detections[0]?.label);
    };
    expect(await labels(4)).toEqual(['bus', 'car', undefined, 'bus']);
    expect(await labels(2)).toEqual(['car', undefined]);
  });

  it.each([
    ['no JSON', '[', /fake\.json": .*JSON/],
    ['no list', '{}', /fake\.json": .*array/],
    [
      'a box without area',
      '[[{ "class": "car", "box": [9, 0, 9, 5], "confidence": 1 }]]',
      /9, 0, 9, 5 has no area/,
    ],
    [
      'a crowd on one spot',
      JSON.stringify([new Array(10).fill({ class: 'car', box: [0, 0, 9, 9], confidence: 1 })]),
      /more than nine/,
    ],
  ])('refuses a script that holds %s', async (_, script, message) => {
    writeFileSync(join(modelDir, 'fake.json'), script);
    await expect(createDetector({ modelDir, device: 'fake', maxBatch: 1 })).rejects.toMatchObject({
      code: 'ERR_MODEL_INVALID',
      message: expect.stringMatching(message) as string,
    });
  });
});

async function found(from: Detector): Promise<readonly Detection[]> {
  const [frame] = await from.detect([input()]);
  return frame!.detections;
}

function input(): Parameters<Detector['detect']>[0][number] {
  return { pixels: new Uint8Array(416 * 416 * 3), letterbox: letterboxOf(1280, 720, 416, 416) };
}
