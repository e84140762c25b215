import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as ort from 'onnxruntime-node';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { letterboxOf } from '../../../src/geometry/letterbox.js';
import { createDetector } from '../../../src/model/detector.js';
import { emitOnnx } from '../../../src/model/export/onnx.js';
import { createHostedDetector } from '../../../src/model/host/supervisor.js';
import type { EfficientNetManifest } from '../../../src/model/architectures/efficientnet-yolov3/manifest.js';
import { loadManifest } from '../../../src/model/manifest.js';
import { readWeights } from '../../../src/model/read-weights.js';
import { foldBatchNorm, foldScale } from '../../../src/model/graph/fold-batch-norm.js';
import {
  buildNetwork,
  networkOptionsOf,
} from '../../../src/model/architectures/efficientnet-yolov3/yolov3.js';
import { readSafetensors } from '../../../src/model/weights/safetensors.js';
import type { Detector, ModelInput } from '../../../src/contract/detector.js';
import type { Detection } from '../../../src/contract/detector.js';
import { clipFrame } from '../../support/clip-frame.js';

const MODEL = fileURLToPath(new URL('../../../models/street-b0', import.meta.url));
const SIDE = 416;
// The golden picture shows an empty road: far below the usual threshold there is still something to compare, and to suppress.
const CONFIDENCE = 0.002;
const OPTIONS = { modelDir: MODEL, device: 'cpu', threads: 1, maxBatch: 4, confidence: CONFIDENCE };

/** One head in rows of channels, whatever it came as. */
interface NaiveHead {
  readonly side: number;
  readonly valueAt: (row: number, column: number, channel: number) => number;
}

let manifest: EfficientNetManifest;
let road: ModelInput;
let car: ModelInput;
let person: ModelInput;
let local: Detector;
let hosted: Detector;

beforeAll(async () => {
  manifest = (await loadManifest(MODEL)) as EfficientNetManifest;
  const source = await sharp(golden('letterbox_source.png')).metadata();
  const pixels = await sharp(golden('letterbox_416.png')).removeAlpha().raw().toBuffer();
  road = { pixels: new Uint8Array(pixels), letterbox: letterboxOf(source.width, source.height, SIDE, SIDE) };
  car = clipFrame('car-detection.mp4', 8, SIDE);
  person = clipFrame('one-by-one-person-detection.mp4', 8, SIDE);
  local = await createDetector(OPTIONS);
  hosted = await createHostedDetector(OPTIONS);
});

afterAll(async () => {
  await local.close();
  await hosted.close();
});

describe('the shipped model', () => {
  it('finds what a direct call of onnxruntime and a naive decoder find', async () => {
    const weights = readSafetensors(await readWeights(MODEL, manifest), 'weights');
    const graph = buildNetwork(networkOptionsOf(manifest));
    const session = await ort.InferenceSession.create(
      emitOnnx(foldScale(foldBatchNorm({ graph, weights }))),
      {
        intraOpNumThreads: 1,
      },
    );
    for (const picture of [road, car, person]) {
      const input = new ort.Tensor('uint8', picture.pixels, [1, SIDE, SIDE, 3]);
      const results = await session.run({ [session.inputNames[0]!]: input });
      const heads = Object.values(results)
        .map(({ dims, data }): NaiveHead => {
          const side = dims[2]!;
          const values = data as Float32Array;
          return { side, valueAt: (row, column, channel) => values[(channel * side + row) * side + column]! };
        })
        .sort((a, b) => a.side - b.side);
      const expected = naiveDetections(heads, picture);
      expect(expected.length).toBeGreaterThan(5);
      expect(await local.detect([picture])).toEqual([{ detections: expected, invalid: 0 }]);
    }
    await session.release();
  });

  it('finds the car and the person', async () => {
    const best = (await local.detect([car, person])).map(({ detections }) => detections[0]!);
    expect(best.map(({ label }) => label)).toEqual(['car', 'person']);
    expect(Math.min(...best.map(({ confidence }) => confidence))).toBeGreaterThan(0.7);
  });

  it('finds what the reference network finds, to 0.1 pixel', async () => {
    const heads = ['p5', 'p4', 'p3'].map((name, i): NaiveHead => {
      const bytes = readFileSync(golden(`street_${name}.f32`));
      const data = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
      const side = 13 * 2 ** i;
      const channels = data.length / side ** 2;
      return { side, valueAt: (row, column, channel) => data[(row * side + column) * channels + channel]! };
    });
    const expected = naiveDetections(heads, road);
    expect(expected.length).toBeGreaterThan(5);
    const [frame] = await local.detect([road]);
    expect(frame!.detections.map(({ label }) => label)).toEqual(expected.map(({ label }) => label));
    for (const [i, { box, confidence }] of frame!.detections.entries()) {
      expect(Math.abs(confidence - expected[i]!.confidence)).toBeLessThan(1e-3);
      for (const key of ['x1', 'y1', 'x2', 'y2'] as const) {
        expect(Math.abs(box[key] - expected[i]!.box[key])).toBeLessThan(0.1);
      }
    }
  });

  it('finds the same in a child process, alone and in a batch, whether its pixels lie side by side or not', async () => {
    expect(hosted.info).toEqual(local.info);
    expect(await hosted.detect([car])).toEqual(await local.detect([car]));

    const batch = [person, road, car];
    const found = await hosted.detect(batch);
    expect(found).toEqual(await local.detect(batch));
    expect(found.map(({ detections }) => detections[0]!.label)).toEqual(['person', 'car', 'car']);

    const size = road.pixels.length;
    const together = new Uint8Array(3 * size);
    for (const [i, { pixels }] of batch.entries()) together.set(pixels, i * size);
    const parts = batch.map((part, i) => ({ ...part, pixels: together.subarray(i * size, (i + 1) * size) }));
    const apart = batch.map((part, i) => {
      const pixels = new Uint8Array(3 * size).subarray(i * size, (i + 1) * size);
      pixels.set(part.pixels);
      return { ...part, pixels };
    });
    expect(await local.detect(apart)).toEqual(found);
    expect(await local.detect(parts)).toEqual(found);
    expect(await hosted.detect(parts)).toEqual(found);
  });
});

/** All anchors, all classes, all pairs: the definitions, from raw heads to rounded objects. */
function naiveDetections(heads: readonly NaiveHead[], { letterbox }: ModelInput): Detection[] {
  const { classes, anchors, anchorMask, defaults } = manifest;
  const toX = (x: number): number =>
    clamp(((x - letterbox.x) * letterbox.sourceWidth) / letterbox.width, letterbox.sourceWidth);
  const toY = (y: number): number =>
    clamp(((y - letterbox.y) * letterbox.sourceHeight) / letterbox.height, letterbox.sourceHeight);
  const all: Detection[] = [];
  for (const [h, { side, valueAt }] of heads.entries()) {
    for (let row = 0; row < side; row++) {
      for (let column = 0; column < side; column++) {
        for (const [slot, anchor] of anchorMask[h]!.entries()) {
          const value = (channel: number): number =>
            valueAt(row, column, slot * (5 + classes.length) + channel);
          const x = ((sigmoid(value(0)) + column) / side) * SIDE;
          const y = ((sigmoid(value(1)) + row) / side) * SIDE;
          const width = Math.exp(value(2)) * anchors[anchor]![0];
          const height = Math.exp(value(3)) * anchors[anchor]![1];
          for (const [classId, label] of classes.entries()) {
            const confidence = sigmoid(value(4)) * sigmoid(value(5 + classId));
            if (confidence < CONFIDENCE) continue;
            const box = {
              x1: toX(x - width / 2),
              y1: toY(y - height / 2),
              x2: toX(x + width / 2),
              y2: toY(y + height / 2),
            };
            if (box.x2 - box.x1 < 0.02 || box.y2 - box.y1 < 0.02) continue;
            all.push({ box, classId, label, confidence });
          }
        }
      }
    }
  }
  const kept: Detection[] = [];
  for (const one of all.sort((a, b) => b.confidence - a.confidence)) {
    const beaten = kept.some((other) => other.classId === one.classId && iou(other, one) > defaults.iou);
    if (!beaten) kept.push(one);
  }
  const round = (value: number, parts: number): number => Math.round(value * parts) / parts;
  return kept.map(({ box, ...rest }) => ({
    ...rest,
    box: { x1: round(box.x1, 100), y1: round(box.y1, 100), x2: round(box.x2, 100), y2: round(box.y2, 100) },
    confidence: round(rest.confidence, 10_000),
  }));
}

function iou({ box: a }: Detection, { box: b }: Detection): number {
  const width = Math.max(0, Math.min(a.x2, b.x2) - Math.max(a.x1, b.x1));
  const height = Math.max(0, Math.min(a.y2, b.y2) - Math.max(a.y1, b.y1));
  const area = (box: typeof a): number => (box.x2 - box.x1) * (box.y2 - box.y1);
  return (width * height) / (area(a) + area(b) - width * height);
}

function clamp(value: number, most: number): number {
  return Math.min(Math.max(value, 0), most);
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

function golden(name: string): string {
  return fileURLToPath(new URL(`../../golden/${name}`, import.meta.url));
}
