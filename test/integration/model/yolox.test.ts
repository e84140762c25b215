/** YOLOX-Nano as its makers exported it: through a model folder, and by onnxruntime with a decoder written for this test. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import * as ort from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createPipeline } from 'sightline';
import { letterboxFor } from '../../../src/geometry/letterbox.js';
import { createDetector } from '../../../src/model/detector.js';
import { convertModel } from '../../../src/model/import/convert-model.js';
import { clip } from '../../support/cli.js';
import { goldenPath } from '../../support/golden-network.js';

const FILE = resolve(import.meta.dirname, '../../../../shared/data/models/yolox_nano.onnx');
const here = existsSync(FILE);
if (!here) console.warn(`SKIPPED: no ${FILE}: detections were not compared with YOLOX-Nano run directly`);

const SIDE = 416;
const CONFIDENCE = 0.01;
const OVERLAP = 0.45;
const TOLERANCE = 1e-4;

/** Class, confidence, corners in source pixels. */
type Found = readonly [classId: number, confidence: number, x1: number, y1: number, x2: number, y2: number];

interface Clip {
  readonly width: number;
  readonly height: number;
  readonly frames: readonly Uint8Array[];
}

describe.skipIf(!here)('YOLOX-Nano', () => {
  let folder = '';
  let model = '';
  let session: ort.InferenceSession;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sightline-yolox-'));
    await writeFile(join(folder, 'names.txt'), Array.from({ length: 80 }, (_, i) => `coco ${i}`).join('\n'));
    model = join(folder, 'yolox');
    const options = { input: FILE, out: model, decode: 'yolox', classes: join(folder, 'names.txt') };
    const { manifest, warnings } = await convertModel(options);
    expect(warnings).toEqual([
      'pictures keep their shape, as is usual for yolox; if yours were stretched, pass --stretch',
    ]);
    expect(manifest).toMatchObject({
      architecture: 'yolox',
      form: 'grid',
      input: { channels: 'bgr', scale: 1, batch: 1, letterbox: { pad: 114, placement: 'top-left' } },
    });
    session = await ort.InferenceSession.create(FILE);
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('lies in the folder as it was', async () => {
    const [given, kept] = await Promise.all([readFile(FILE), readFile(join(model, 'model.onnx'))]);
    expect(kept.equals(given)).toBe(true);
    const { weights } = JSON.parse(await readFile(join(model, 'model.json'), 'utf8')) as {
      weights: { sha256: string };
    };
    expect(weights.sha256).toBe(createHash('sha256').update(given).digest('hex'));
  });

  it.each(['car-detection', 'one-by-one-person-detection'] as const)('finds the same in %s', async (name) => {
    const stride = 60;
    const found: Found[][] = [];
    const pipeline = await createPipeline({
      sources: [{ type: 'file', path: clip(name), stride }],
      model: { path: model },
      detect: { confidence: CONFIDENCE },
    });
    pipeline.results.subscribe(({ detections }) => {
      found.push(
        detections.map(({ classId, confidence, box: { x1, y1, x2, y2 } }) => [
          classId,
          confidence,
          x1,
          y1,
          x2,
          y2,
        ]),
      );
    });
    await pipeline.run();
    const { frames, ...size } = framesOf(clip(name), stride);
    expect(found).toHaveLength(frames.length);
    let boxes = 0;
    for (const [index, frame] of frames.entries()) {
      const expected = await directly(session, frame, size);
      boxes += expected.length;
      expectSame(found[index]!, expected, size);
    }
    expect(boxes).toBeGreaterThan(5);
  });

  it('finds the same in pictures', async () => {
    const detector = await createDetector({
      modelDir: model,
      device: 'cpu',
      maxBatch: 4,
      confidence: CONFIDENCE,
    });
    onTestFinished(() => detector.close());
    expect(detector.info.maxBatch).toBe(1);
    for (const name of ['letterbox_source.png', 'letterbox_416.png']) {
      const { frames, ...size } = framesOf(goldenPath(name), 1);
      const letterbox = letterboxFor(detector.info.geometry, size.width, size.height);
      const [one] = await detector.detect([{ pixels: frames[0]!, letterbox }]);
      const found = one!.detections.map(({ classId, confidence, box: { x1, y1, x2, y2 } }): Found => [
        classId,
        confidence,
        x1,
        y1,
        x2,
        y2,
      ]);
      const expected = await directly(session, frames[0]!, size);
      expect(expected.length).toBeGreaterThan(0);
      expectSame(found, expected, size);
    }
  });
});

function expectSame(found: readonly Found[], expected: readonly Found[], size: Omit<Clip, 'frames'>): void {
  expect(found.map(([classId]) => classId)).toEqual(expected.map(([classId]) => classId));
  for (const [index, [, confidence, ...box]] of found.entries()) {
    const [, wanted, ...corners] = expected[index]!;
    expect(Math.abs(confidence - wanted)).toBeLessThan(TOLERANCE);
    for (const [at, corner] of box.entries()) {
      const side = at % 2 === 0 ? size.width : size.height;
      expect(Math.abs(corner - corners[at]!) / side).toBeLessThan(TOLERANCE);
    }
  }
}

/** Frames as YOLOX wants them, scaled into the top left corner on grey 114, by one plain ffmpeg command. */
function framesOf(path: string, stride: number): Clip {
  const probe = [
    '-v',
    'error',
    '-select_streams',
    'v:0',
    '-show_entries',
    'stream=width,height',
    '-of',
    'csv=p=0',
  ];
  const size = execFileSync('ffprobe', [...probe, path], { encoding: 'utf8' });
  const [width, height] = size.trim().split(',').map(Number) as [number, number];
  const ratio = Math.min(SIDE / width, SIDE / height);
  const scale = `scale=${Math.floor(width * ratio)}:${Math.floor(height * ratio)}:flags=bilinear`;
  const filter = `select='not(mod(n\\,${stride}))',${scale},format=rgb24,pad=${SIDE}:${SIDE}:0:0:color=0x727272`;
  const args = ['-v', 'error', '-i', path, '-vf', filter, '-fps_mode', 'passthrough', '-f', 'rawvideo', '-'];
  const bytes = execFileSync('ffmpeg', args, { maxBuffer: 2 ** 28 });
  const frameBytes = SIDE * SIDE * 3;
  const frames = Array.from({ length: bytes.length / frameBytes }, (_, index) =>
    bytes.subarray(index * frameBytes, (index + 1) * frameBytes),
  );
  return { width, height, frames };
}

/** BGR planes into onnxruntime, the grid added, suppression class by class. */
async function directly(
  session: ort.InferenceSession,
  frame: Uint8Array,
  { width, height }: Omit<Clip, 'frames'>,
): Promise<Found[]> {
  const plane = SIDE * SIDE;
  const pixels = new Float32Array(3 * plane);
  for (let at = 0; at < plane; at++)
    for (let c = 0; c < 3; c++) pixels[c * plane + at] = frame[3 * at + 2 - c]!;
  const result = await session.run({ images: new ort.Tensor('float32', pixels, [1, 3, SIDE, SIDE]) });
  const rows = result['output']!.data as Float32Array;
  const ratio = Math.min(SIDE / width, SIDE / height);
  const [toWidth, toHeight] = [width / Math.floor(width * ratio), height / Math.floor(height * ratio)];
  const all: Found[] = [];
  let row = 0;
  for (const stride of [8, 16, 32]) {
    for (let cy = 0; cy < SIDE / stride; cy++) {
      for (let cx = 0; cx < SIDE / stride; cx++, row++) {
        const [tx = 0, ty = 0, tw = 0, th = 0, objectness = 0, ...classes] = rows.subarray(
          85 * row,
          85 * (row + 1),
        );
        const best = Math.max(...classes);
        if (objectness * best < CONFIDENCE) continue;
        const [x, y] = [(tx + cx) * stride, (ty + cy) * stride];
        const [w, h] = [Math.exp(tw) * stride, Math.exp(th) * stride];
        all.push([
          classes.indexOf(best),
          objectness * best,
          Math.max(0, (x - w / 2) * toWidth),
          Math.max(0, (y - h / 2) * toHeight),
          Math.min(width, (x + w / 2) * toWidth),
          Math.min(height, (y + h / 2) * toHeight),
        ]);
      }
    }
  }
  const kept: Found[] = [];
  for (const one of all.sort((a, b) => b[1] - a[1])) {
    if (kept.every((better) => better[0] !== one[0] || overlap(better, one) <= OVERLAP)) kept.push(one);
  }
  return kept;
}

function overlap([, , ax1, ay1, ax2, ay2]: Found, [, , bx1, by1, bx2, by2]: Found): number {
  const shared =
    Math.max(0, Math.min(ax2, bx2) - Math.max(ax1, bx1)) *
    Math.max(0, Math.min(ay2, by2) - Math.max(ay1, by1));
  return shared / ((ax2 - ax1) * (ay2 - ay1) + (bx2 - bx1) * (by2 - by1) - shared);
}
