import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { HeadTensor } from '../../../src/model/backends/backend.js';
import { Yolov3Decoder } from '../../../src/model/decode/yolov3-decoder.js';
import { emitOnnx } from '../../../src/model/export/onnx.js';
import { exportModel } from '../../../src/model/export/export-model.js';
import { exportOnnx, type OnnxExportOptions } from '../../../src/model/export/export-onnx.js';
import type { InputSize } from '../../../src/geometry/input-size.js';
import type { EfficientNetManifest } from '../../../src/model/architectures/efficientnet-yolov3/manifest.js';
import { loadManifestAt } from '../../../src/model/read-network.js';
import { difference, HEAD_TOLERANCE, largestDifference, statistics } from '../../support/compare-heads.js';
import {
  goldenFloats,
  goldenModels,
  goldenNetwork,
  goldenPath,
  goldenPicture,
} from '../../support/golden-network.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const STREET = new URL('../../../models/street-b0', import.meta.url).pathname;
const CHECK = new URL('../../support/check-onnx.py', import.meta.url).pathname;
const HEADS = ['p5', 'p4', 'p3'];
type Outputs = Readonly<Record<string, Float32Array>>;
type Decoded = Readonly<Record<'boxes' | 'scores', Float32Array>>;

describe('an exported ONNX file', () => {
  it("gives the reference's heads, run as it is written", async () => {
    const { heads } = await streetOf({});
    for (const [index, head] of heads.entries()) {
      const golden = goldenFloats(`street_${HEADS[index]!}.f32`);
      expect(largestDifference(head, golden)).toBeLessThan(HEAD_TOLERANCE * statistics(golden).std);
    }
  });

  for (const size of [undefined, { width: 544, height: 320 }]) {
    it(`decodes in the graph as the decoder does${size === undefined ? '' : ', at 544x320'}`, async () => {
      const { heads, pixels } = await streetOf({ size });
      const file = await exported({ size, boxes: true });
      const decoded = (await run(await readFile(file), pixels, 1)) as Decoded;
      const expected = decodedHere(heads, (await loadManifestAt(STREET, size)) as EfficientNetManifest);
      expect(decoded.boxes).toHaveLength(expected.boxes.length);
      // Not a picture of nothing.
      expect(Math.max(...expected.scores)).toBeGreaterThan(0.1);
      expect(difference(decoded.scores, expected.scores)).toBeLessThan(1e-5);
      expect(relativeDifference(decoded.boxes, expected.boxes)).toBeLessThan(1e-4);
    });
  }

  it('takes batches of any size, each picture by itself', async () => {
    const onnx = await readFile(await exported({ boxes: true }));
    const first = await streetPicture();
    const second = first.map((sample) => 255 - sample);
    const both = await run(onnx, Buffer.concat([first, second, first]), 3);
    for (const [at, picture] of [first, second, first].entries()) {
      const alone = await run(onnx, picture, 1);
      for (const [name, values] of Object.entries(alone)) {
        const part = both[name]!.subarray(at * values.length, (at + 1) * values.length);
        expect(relativeDifference(part, values)).toBeLessThan(1e-3);
      }
    }
  });

  it('replaces no file that nobody wants replaced, and leaves nothing beside it', async () => {
    const folder = await temporaryFolder();
    const file = join(folder, 'model.onnx');
    await writeFile(file, 'precious');
    await expect(exportOnnx(STREET, file)).rejects.toMatchObject({ code: 'ERR_SINK_EXISTS' });
    expect(await readFile(file, 'utf8')).toBe('precious');
    const { bytes } = await exportOnnx(STREET, file, { overwrite: true });
    expect((await stat(file)).size).toBe(bytes);
    const names = join(folder, 'names.txt');
    await writeFile(names, 'walker\n');
    const options = { input: STREET, out: names, classes: names, overwrite: true };
    await expect(exportModel('onnx', options)).rejects.toMatchObject({ code: 'ERR_USAGE' });
    await symlink(`${STREET}/weights.safetensors`, join(folder, 'link.onnx'));
    const out = join(folder, 'link.onnx');
    await expect(exportModel('onnx', { input: STREET, out, overwrite: true })).rejects.toMatchObject({
      code: 'ERR_USAGE',
      message: expect.stringContaining('which is an input') as string,
    });
    await mkdir(join(folder, 'directory'));
    for (const wrong of ['directory', 'missing/model.onnx']) {
      const written = exportOnnx(STREET, join(folder, wrong), { overwrite: true });
      await expect(written).rejects.toMatchObject({ code: 'ERR_SINK_UNWRITABLE' });
    }
    expect((await readdir(folder)).sort()).toEqual(['directory', 'link.onnx', 'model.onnx', 'names.txt']);
  });
});

const python = process.env['SIGHTLINE_PYTHON'];
if (python === undefined) {
  process.stderr.write(
    '\n!!! SKIPPED: exported ONNX in Python: SIGHTLINE_PYTHON names no Python with onnx and onnxruntime\n\n',
  );
}

describe.skipIf(python === undefined)('an exported ONNX file, in Python', () => {
  for (const { phi, outputs } of goldenModels()) {
    it(`is valid and gives the reference's heads for EfficientNet-B${phi}`, async () => {
      const onnx = emitOnnx(goldenNetwork(phi));
      for (const count of [1, 3]) {
        const { report, values } = await inPython(onnx, goldenPicture(), count);
        expect(report).toMatchObject({ producer: 'sightline', opsets: [''], batch: Array(4).fill('batch') });
        for (const [index, { file, shape, std }] of outputs.entries()) {
          const [height, width, channels] = shape;
          const name = HEADS[index]!;
          expect(report.shapes[name]).toEqual([count, channels, height, width]);
          const data = values[name]!.subarray(-height * width * channels);
          const head: HeadTensor = { data, height, width, channels, layout: 'nchw' };
          expect(largestDifference(head, goldenFloats(file))).toBeLessThan(HEAD_TOLERANCE * std);
        }
      }
    });
  }

  it('is valid with decode in the graph, says what it is, and gives what Node gives', async () => {
    const onnx = await readFile(await exported({ boxes: true }));
    const pixels = await streetPicture();
    const here = await run(onnx, pixels, 1);
    for (const count of [1, 3]) {
      const { report, values } = await inPython(onnx, pixels, count);
      expect(report).toMatchObject({
        opsets: [''],
        batch: ['batch', 'batch', 'batch'],
        metadata: { name: 'street-b0', input_width: '416' },
        shapes: { boxes: [count, 10_647, 4], scores: [count, 10_647, 6] },
      });
      for (const name of ['boxes', 'scores']) {
        const last = values[name]!.subarray(-here[name]!.length);
        expect(relativeDifference(last, here[name]!)).toBeLessThan(1e-3);
      }
    }
  });
});

async function exported(options: OnnxExportOptions): Promise<string> {
  const file = join(await temporaryFolder(), 'model.onnx');
  await exportOnnx(STREET, file, options);
  return file;
}

/** The heads of street-b0 on its golden picture, squeezed to another size if one is given. */
async function streetOf({ size }: OnnxExportOptions): Promise<{ heads: HeadTensor[]; pixels: Uint8Array }> {
  const { width, height } = size ?? { width: 416, height: 416 };
  const pixels = await streetPicture(size);
  const outputs = await run(await readFile(await exported({ size })), pixels, 1);
  const heads = HEADS.map((name, index): HeadTensor => {
    const step = 32 / 2 ** index;
    return { data: outputs[name]!, height: height / step, width: width / step, channels: 33, layout: 'nchw' };
  });
  return { heads, pixels };
}

function streetPicture(size?: InputSize): Promise<Buffer> {
  const picture = sharp(goldenPath('letterbox_416.png')).removeAlpha();
  const sized = size === undefined ? picture : picture.resize({ ...size, fit: 'fill' });
  return sized.raw().toBuffer();
}

/** Runs a file without any rewriting by onnxruntime: each operation as it stands there. */
async function run(onnx: Uint8Array, pixels: Uint8Array, count: number): Promise<Outputs> {
  const session = await ort.InferenceSession.create(onnx, {
    graphOptimizationLevel: 'disabled',
    intraOpNumThreads: 2,
  });
  const [input] = session.inputMetadata;
  if (input?.isTensor !== true) throw new Error('no tensor goes in');
  const shape = [count, ...input.shape.slice(1).map(Number)];
  const results = await session.run({ images: new ort.Tensor('uint8', pixels, shape) });
  await session.release();
  return Object.fromEntries(
    Object.entries(results).map(([name, tensor]) => [name, tensor.data as Float32Array]),
  );
}

/** Every anchor's box in pixels of the input and its score for every class, by our decoder, before suppression. */
function decodedHere(
  heads: readonly HeadTensor[],
  manifest: EfficientNetManifest,
): { boxes: Float32Array; scores: Float32Array } {
  const { input, classes } = manifest;
  const decoder = new Yolov3Decoder({
    ...manifest,
    inputWidth: input.width,
    inputHeight: input.height,
    thresholds: new Float64Array(classes.length),
    clip: false,
  });
  const asIs = { scaleX: 1, scaleY: 1, offsetX: 0, offsetY: 0, ...input };
  const { count, boxes, scores } = decoder.decode(heads, 0, asIs);
  const rows = count / classes.length;
  // The decoder repeats an anchor's box for each class.
  return {
    boxes: Float32Array.from(
      { length: 4 * rows },
      (_, at) => boxes[4 * classes.length * Math.floor(at / 4) + (at % 4)]!,
    ),
    scores: Float32Array.from(scores.subarray(0, count)),
  };
}

/** The largest distance, as a share of the value where that is more than 1. */
function relativeDifference(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) throw new Error(`${a.length} values against ${b.length}`);
  return a.reduce((most, value, at) => {
    const error = Math.abs(value - b[at]!) / Math.max(1, Math.abs(b[at]!));
    return error <= most ? most : error;
  }, 0);
}

interface PythonReport {
  readonly shapes: Readonly<Record<string, readonly number[]>>;
}

/** Checks a file in Python and runs it there on `count` pictures: all black but the last. */
async function inPython(
  onnx: Uint8Array,
  last: Uint8Array,
  count: number,
): Promise<{ report: PythonReport; values: Outputs }> {
  const folder = await temporaryFolder();
  const [model, batch] = [join(folder, 'model.onnx'), join(folder, 'batch.rgb')];
  await writeFile(model, onnx);
  await writeFile(batch, Buffer.concat([new Uint8Array((count - 1) * last.length), last]));
  const args = [CHECK, model, batch, String(count), folder];
  const report = JSON.parse(execFileSync(python!, args, { encoding: 'utf8' })) as PythonReport;
  const values: Record<string, Float32Array> = {};
  for (const name of Object.keys(report.shapes)) {
    const bytes = await readFile(join(folder, `${name}.f32`));
    values[name] = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  }
  return { report, values };
}
