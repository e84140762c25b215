/** Files of each family, with outputs that can be worked out by hand, through conversion, onnxruntime and decoding. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { letterboxFor } from '../../../src/geometry/letterbox.js';
import type { InputSettings } from '../../../src/model/architectures/base-manifest.js';
import { tryOnnx } from '../../../src/model/backends/onnxruntime.js';
import { describeModel } from '../../../src/model/describe-model.js';
import { createDetector } from '../../../src/model/detector.js';
import { convertModel } from '../../../src/model/import/convert-model.js';
import type { ConvertOptions } from '../../../src/model/import/convert-options.js';
import { loadNetwork } from '../../../src/model/load-network.js';
import { readOnnxFile } from '../../../src/model/onnx/onnx-file.js';
import { pictureInputOf } from '../../../src/model/onnx/onnx-input.js';
import { WRAPPED_INPUT, wrapOnnx } from '../../../src/model/onnx/wrap-onnx.js';
import { loadManifestAt } from '../../../src/model/read-network.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { tinyOnnx } from '../../support/tiny-onnx.js';

type Tiny = Parameters<typeof tinyOnnx>[0];

/** Cells of strides 8, 16 and 32 in 64 × 64. */
const CELLS = 84;
const ANCHORS = 3;

/** Writes a model and its two class names, and converts it. */
async function converted(tiny: Tiny, options: Partial<ConvertOptions>): Promise<string> {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'tiny.onnx'), tinyOnnx(tiny));
  await writeFile(join(folder, 'names.txt'), 'cat\ndog\n');
  const out = join(folder, 'model');
  await convertModel({
    input: join(folder, 'tiny.onnx'),
    classes: join(folder, 'names.txt'),
    out,
    ...options,
  });
  return out;
}

/** So many rows of the same values, but for some. */
function rows(
  count: number,
  common: readonly number[],
  others: Readonly<Record<number, readonly number[]>>,
): number[] {
  return Array.from({ length: count }, (_, row) => others[row] ?? common).flat();
}

/** Rows and columns exchanged. */
function turned(values: readonly number[], columns: number): number[] {
  const count = values.length / columns;
  return Array.from(
    { length: values.length },
    (_, at) => values[(at % count) * columns + Math.floor(at / count)]!,
  );
}

function logit(probability: number): number {
  return Math.log(probability / (1 - probability));
}

const NONE = [1, 1, 1, 1, 0, 0];
/** Centre 20, 30, size 10 × 12, a dog. */
const DOG = [20, 30, 10, 12, 0.1, 0.8];
const boxes = rows(CELLS, NONE, { 10: DOG });
const withObjectness = (count: number): number[] =>
  rows(count, [1, 1, 1, 1, 0, 0, 0], { 70: [20, 30, 10, 12, 0.9, 0.2, 0.7] });
/** A head's channels at each of its cells, cell by cell: nothing anywhere. */
const head = (side: number): number[] => new Array<number>(side * side * ANCHORS * 7).fill(-10);
/** The coarsest head: in the upper right cell, the second anchor (156 × 198) shrunk to 20 × 12. */
const coarse = head(2);
coarse.splice(21 + 7, 7, 0, 0, Math.log(20 / 156), Math.log(12 / 198), 2, -10, 1);

const grid = { letterbox: [30, 16, 50, 40], dog: 0.8 } as const;

/** Family, what it is, the outputs, the form, the box in a picture of 128 × 64, and the confidence. */
const FILES: [string, string, Tiny['outputs'], string, readonly number[], number][] = [
  [
    'yolov8',
    'columns',
    [{ name: 'o', shape: [1, 6, CELLS], data: turned(boxes, 6) }],
    'rows',
    grid.letterbox,
    0.8,
  ],
  ['yolov8', 'rows', [{ name: 'o', shape: [1, CELLS, 6], data: boxes }], 'rows', grid.letterbox, 0.8],
  [
    'yolov8',
    'finished detections',
    [{ name: 'o', shape: [1, 10, 6], data: rows(10, [0, 0, 0, 0, 0, 0], { 3: [15, 24, 25, 36, 0.8, 1] }) }],
    'end-to-end',
    grid.letterbox,
    0.8,
  ],
  [
    'yolov3',
    'heads, channels first, in any order',
    [
      { name: 'fine', shape: [1, 21, 8, 8], data: turned(head(8), 21) },
      { name: 'coarse', shape: [1, 21, 2, 2], data: turned(coarse, 21) },
      { name: 'middle', shape: [1, 21, 4, 4], data: turned(head(4), 21) },
    ],
    'heads',
    [76, 0, 116, 12],
    0.6439,
  ],
  [
    'yolov3',
    'heads, channels last',
    [
      { name: 'coarse', shape: [1, 2, 2, 21], data: coarse },
      { name: 'middle', shape: [1, 4, 4, 21], data: head(4) },
      { name: 'fine', shape: [1, 8, 8, 21], data: head(8) },
    ],
    'heads',
    [76, 0, 116, 12],
    0.6439,
  ],
  [
    'yolov3',
    'one list',
    [{ name: 'o', shape: [1, ANCHORS * CELLS, 7], data: withObjectness(ANCHORS * CELLS) }],
    'rows',
    grid.letterbox,
    0.63,
  ],
  [
    'detr',
    'logits that are independent',
    [
      { name: 'logits', shape: [1, 4, 2], data: rows(4, [-9, -9], { 2: [-3, logit(0.8)] }) },
      { name: 'boxes', shape: [1, 4, 4], data: rows(4, [0, 0, 0, 0], { 2: [0.5, 0.25, 0.25, 0.125] }) },
    ],
    'sigmoid',
    [48, 12, 80, 20],
    0.8,
  ],
  [
    'detr',
    'logits with one for no object',
    [
      { name: 'boxes', shape: [1, 4, 4], data: rows(4, [0, 0, 0, 0], { 2: [0.5, 0.25, 0.25, 0.125] }) },
      // e^1, e^3 and e^1 of nothing: 0.7870 for the dog.
      { name: 'logits', shape: [1, 4, 3], data: rows(4, [0, 0, 9], { 2: [1, 3, 1] }) },
      { name: 'between', shape: [1, 4, 7], data: new Array<number>(28).fill(0.5) },
    ],
    'softmax',
    [48, 12, 80, 20],
    0.787,
  ],
  [
    'detr',
    'one list',
    [
      {
        name: 'o',
        shape: [1, 4, 6],
        data: rows(4, [0, 0, 0, 0, 0, 0], { 2: [0.5, 0.25, 0.25, 0.125, 0, 0.8] }),
      },
    ],
    'rows',
    [48, 12, 80, 20],
    0.8,
  ],
  [
    'yolox',
    'cells of their grid',
    [
      {
        name: 'o',
        shape: [1, CELLS, 7],
        // Row 70 is the seventh cell of stride 16: column 2, row 1.
        data: rows(CELLS, [0.5, 0.5, 0, 0, 0, 0, 0], {
          70: [-0.75, 0.875, Math.log(10 / 16), Math.log(0.75), 0.9, 0.2, 0.7],
        }),
      },
    ],
    'grid',
    [30, 48, 50, 64],
    0.63,
  ],
  [
    'yolox',
    'pixels',
    [
      {
        name: 'o',
        shape: [1, CELLS, 7],
        data: Array.from({ length: CELLS }, (_, row) => {
          const [first, stride, side] = row < 64 ? [0, 8, 8] : row < 80 ? [64, 16, 4] : [80, 32, 2];
          const cell = row - first;
          const centre = [(cell % side) + 0.5, Math.floor(cell / side) + 0.5].map((at) => at * stride);
          return row === 70 ? [20, 30, 10, 12, 0.9, 0.2, 0.7] : [...centre, stride, stride, 0, 0, 0];
        }).flat(),
      },
    ],
    'pixels',
    [30, 48, 50, 64],
    0.63,
  ],
];

describe('a file of another program', () => {
  it.each(FILES)('%s: %s', async (decode, _, outputs, form, box, confidence) => {
    const modelDir = await converted({ outputs }, { decode });
    const detector = await createDetector({ modelDir, device: 'auto', maxBatch: 4 });
    onTestFinished(() => detector.close());
    expect(detector.info).toMatchObject({ backend: 'onnxruntime', maxBatch: 1, classes: ['cat', 'dog'] });
    expect((await loadManifestAt(modelDir)) as object).toMatchObject({ architecture: decode, form });
    const letterbox = letterboxFor(detector.info.geometry, 128, 64);
    const [found] = await detector.detect([{ pixels: new Uint8Array(64 * 64 * 3), letterbox }]);
    expect(found).toMatchObject({ invalid: 0, detections: [{ label: 'dog' }] });
    const [dog] = found!.detections;
    const { x1, y1, x2, y2 } = dog!.box;
    for (const [at, corner] of [x1, y1, x2, y2].entries()) expect(corner).toBeCloseTo(box[at]!, 2);
    expect(dog!.confidence).toBeCloseTo(confidence, 4);
  });

  it('counts rows with NaN and infinities, and goes on', async () => {
    const data = rows(CELLS, NONE, {
      10: DOG,
      11: [9, 9, 9, 9, NaN, 0.9],
      12: [9, 9, 9, 9, -Infinity, 0.9],
      13: [9, NaN, 9, 9, 0.9, 0],
    });
    // What it does with a grey picture decides whether a file is taken: it is converted whole and damaged then.
    const modelDir = await converted(
      { outputs: [{ name: 'o', shape: [1, CELLS, 6], data: boxes }] },
      { decode: 'yolov8' },
    );
    const { createDecoder } = await loadNetwork(modelDir, { device: 'cpu' }).then(async (loaded) => {
      await loaded.backend.close();
      return loaded;
    });
    const decoder = createDecoder(Float64Array.of(0.5, 0.5));
    const identity = { scaleX: 1, scaleY: 1, offsetX: 0, offsetY: 0, width: 64, height: 64 };
    for (const layout of ['nhwc', 'nchw'] as const) {
      const values = Float32Array.from(layout === 'nhwc' ? data : turned(data, 6));
      const tensor = { data: values, width: CELLS, height: 1, channels: 6, layout };
      const { count, invalid } = decoder.decode([tensor], 0, identity);
      expect([count, invalid]).toEqual([1, 3]);
    }
  });

  it('runs a batch one by one where the file takes one picture, and together where it does not', async () => {
    const output = { name: 'o', shape: [1, CELLS, 6], data: boxes };
    for (const [tiny, batch] of [
      [{}, 1],
      [{ input: { shape: ['N', 3, 64, 64] } }, 1],
      [{ input: { shape: ['N', 3, 64, 64] }, freeBatch: true }, undefined],
    ] as const) {
      const modelDir = await converted({ ...tiny, outputs: [output] }, { decode: 'yolov8' });
      const { backend, manifest, maxBatch } = await loadNetwork(modelDir, { device: 'cpu' });
      expect([manifest.input.batch, maxBatch]).toEqual([batch, batch ?? Infinity]);
      const [head] = await backend.run(new Uint8Array(3 * 64 * 64 * 3), 3);
      expect(Array.from(head!.data)).toEqual(Array.from(Float32Array.from([...boxes, ...boxes, ...boxes])));
      await backend.close();
    }
  });

  it('may leave its size open, and then any is taken', async () => {
    const outputs = [{ name: 'o', shape: [1, CELLS, 6], data: boxes }];
    const open = { outputs, input: { shape: [1, 3, 'H', 'W'] } };
    const modelDir = await converted(open, { decode: 'yolov8', size: { width: 64, height: 64 } });
    expect((await loadManifestAt(modelDir, { width: 96, height: 32 })).input).toMatchObject({
      width: 96,
      anySize: true,
    });
    const fixed = await converted({ outputs }, { decode: 'yolov8' });
    await expect(loadManifestAt(fixed, { width: 96, height: 32 })).rejects.toMatchObject({
      code: 'ERR_USAGE',
      message: expect.stringMatching(/takes 64x64 only.*not 96x32/) as string,
    });
  });

  it('may compute in float16', async () => {
    const outputs = [{ name: 'o', shape: [1, 6, CELLS], data: turned(boxes, 6) }];
    const modelDir = await converted(
      { outputs, half: true, input: { type: 'float16' } },
      { decode: 'yolov8' },
    );
    const { backend } = await loadNetwork(modelDir, { device: 'cpu' });
    const [head] = await backend.run(new Uint8Array(64 * 64 * 3), 1);
    expect(head!.data[5 * CELLS + 10]).toBeCloseTo(0.8, 3);
    await backend.close();
  });

  it('runs on onnxruntime only', async () => {
    const modelDir = await converted(
      { outputs: [{ name: 'o', shape: [1, CELLS, 6], data: boxes }] },
      { decode: 'yolov8' },
    );
    await expect(loadNetwork(modelDir, { device: 'wasm' })).rejects.toMatchObject({
      code: 'ERR_BACKEND_UNAVAILABLE',
      message:
        'model "model" is an ONNX file, which only onnxruntime runs, not "wasm"; use auto, cpu or cuda',
    });
  });

  it('is described without a runtime', async () => {
    const modelDir = await converted(
      { outputs: [{ name: 'o', shape: [1, CELLS, 6], data: boxes }] },
      { decode: 'yolov8' },
    );
    const { title, facts, description } = await describeModel(modelDir);
    expect(title).toBe('yolov8 (rows), ONNX');
    expect(facts).toEqual([
      ['takes', 'images: float32 [1, 3, 64, 64]'],
      ['gives', 'o: float32 [1, 84, 6]'],
      ['file', 'opset 17, 1 operations, 504 parameters, by by hand'],
    ]);
    expect(description).toMatchObject({ architecture: 'yolov8', weights: { precision: 'float32' } });
    expect(description.network).toBeUndefined();
  });

  it('has settings of pictures that are those of its family or said otherwise', async () => {
    const outputs = [{ name: 'o', shape: [1, CELLS, 6], data: boxes }];
    const own = await loadManifestAt(await converted({ outputs }, { decode: 'yolov8' }));
    expect(own.input).toEqual({
      ...{ width: 64, height: 64, channels: 'rgb', scale: 1 / 255, batch: 1 },
      letterbox: { pad: 114, kernel: 'bilinear' },
    });
    const said = {
      channels: 'bgr',
      scale: 1,
      normalise: { mean: [1, 2, 3], std: [4, 5, 6] },
      pad: 7,
    } as const;
    const other = await loadManifestAt(
      await converted({ outputs }, { decode: 'yolov8', ...said, placement: 'top-left', stretch: true }),
    );
    expect(other.input).toEqual({
      ...{ width: 64, height: 64, channels: 'bgr', scale: 1, mean: [1, 2, 3], std: [4, 5, 6], batch: 1 },
      letterbox: { pad: 7, kernel: 'bilinear', fit: 'stretch', placement: 'top-left' },
    });
  });
});

describe('pictures in front of a file', () => {
  const PIXELS = Uint8Array.from({ length: 2 * 2 * 3 }, (_, at) => 10 * at);

  it.each<[string, Pick<InputSettings, 'channels' | 'scale' | 'mean' | 'std'>, Tiny['input'], number[]]>([
    [
      'planes',
      { channels: 'rgb', scale: 1 },
      { shape: [1, 3, 2, 2] },
      [0, 30, 60, 90, 10, 40, 70, 100, 20, 50, 80, 110],
    ],
    [
      'BGR planes',
      { channels: 'bgr', scale: 0.5 },
      { shape: [1, 3, 2, 2] },
      [10, 25, 40, 55, 5, 20, 35, 50, 0, 15, 30, 45],
    ],
    [
      'BGR pixels',
      { channels: 'bgr', scale: 1 },
      { shape: [1, 2, 2, 3] },
      [20, 10, 0, 50, 40, 30, 80, 70, 60, 110, 100, 90],
    ],
    [
      'statistics in the order of the channels',
      { channels: 'bgr', scale: 0.1, mean: [1, 2, 3], std: [1, 2, 4] },
      { shape: [1, 3, 2, 2] },
      [1, 4, 7, 10, -0.5, 1, 2.5, 4, -0.75, 0, 0.75, 1.5],
    ],
  ])('are %s', async (_, settings, input, expected) => {
    const shape = input!.shape!.map(Number);
    const bytes = tinyOnnx({ input: input!, outputs: [{ name: 'o', shape }] });
    const picture = pictureInputOf(readOnnxFile(bytes, 'tiny'), 'tiny');
    const size = { width: 2, height: 2 };
    const wrapped = wrapOnnx(bytes, picture, { ...size, ...settings }, ['o']);
    const outputs = wrapped.outputs.map((name) => ({ name, layout: 'nhwc' as const }));
    const program = { bytes: wrapped.bytes, input: WRAPPED_INPUT, ...size, outputs };
    const [result] = await tryOnnx(program, [1], PIXELS);
    expect(result![0]!.shape).toEqual(shape);
    for (const [at, value] of expected.entries()) expect(result![0]!.data[at]).toBeCloseTo(value, 5);
  });
});

describe('what is refused', () => {
  const yolov8 = [{ name: 'o', shape: [1, CELLS, 6], data: boxes }];
  const five = { name: 'o', shape: [1, CELLS, 9], data: rows(CELLS, [9, 9, 9, 9, 0, 0, 0, 0, 0], {}) };

  it.each<[string, Tiny, Partial<ConvertOptions>, string, RegExp]>([
    [
      'another family',
      { outputs: yolov8 },
      { decode: 'yolov3' },
      'ERR_MODEL_INVALID',
      /does not fit yolov3: expected three raw heads.*found o \[1, 84, 6\]; the outputs look like yolov8: try --decode yolov8$/,
    ],
    [
      'another number of classes',
      { outputs: [five] },
      { decode: 'yolov8' },
      'ERR_MODEL_INVALID',
      /names\.txt" names 2 classes, the outputs of ".*tiny\.onnx" have 5 as yolov8 \(o \[1, 84, 9\]\)$/,
    ],
    [
      'logits instead of probabilities',
      { outputs: [{ name: 'o', shape: [1, CELLS, 6], data: rows(CELLS, [9, 9, 9, 9, -3, 2], {}) }] },
      { decode: 'yolov8' },
      'ERR_MODEL_INVALID',
      /expected classes as probabilities, from 0 to 1/,
    ],
    [
      'no family',
      { outputs: yolov8 },
      {},
      'ERR_USAGE',
      /say what the outputs .*: --decode yolox\|yolov8\|yolov3\|detr; they look like yolov8$/,
    ],
    [
      'a family that does not exist',
      { outputs: yolov8 },
      { decode: 'yolov9' },
      'ERR_USAGE',
      /no family "yolov9" \(did you mean "yolo\w+"\?\)/,
    ],
    [
      'a second input',
      { outputs: yolov8, others: ['sizes'] },
      { decode: 'yolov8' },
      'ERR_MODEL_INVALID',
      /takes images: float32 \[1, 3, 64, 64\] and sizes: int64 \[1, 2\]; expected one input, the picture/,
    ],
    [
      'a picture without colour',
      { outputs: yolov8, input: { shape: [1, 1, 64, 64] } },
      { decode: 'yolov8' },
      'ERR_MODEL_INVALID',
      /expected pictures of three channels/,
    ],
    [
      'pictures of int64',
      { outputs: yolov8, input: { type: 'int64' } },
      { decode: 'yolov8' },
      'ERR_MODEL_INVALID',
      /expected an input of float32, float16, uint8/,
    ],
    [
      'a batch of four',
      { outputs: yolov8, input: { shape: [4, 3, 64, 64] } },
      { decode: 'yolov8' },
      'ERR_MODEL_INVALID',
      /a batch of 1 or a free one/,
    ],
    [
      'another size',
      { outputs: yolov8 },
      { decode: 'yolov8', size: { width: 96, height: 96 } },
      'ERR_USAGE',
      /was exported for 64x64 and takes nothing else/,
    ],
    [
      'weights that lie elsewhere',
      { outputs: yolov8, external: 'tiny.onnx.data' },
      { decode: 'yolov8' },
      'ERR_WEIGHTS_INVALID',
      /keeps its weights in "tiny\.onnx\.data", which is not beside it; write one file/,
    ],
    [
      'suppression inside',
      { outputs: yolov8, operation: 'NonMaxSuppression' },
      { decode: 'yolov8' },
      'ERR_MODEL_INVALID',
      /export it without that/,
    ],
    [
      'an operation that is none',
      { outputs: yolov8, operation: 'Detect' },
      { decode: 'yolov8' },
      'ERR_BACKEND_FAILED',
      /\(opset 17\) cannot be run: onnxruntime refuses the model: .*Detect/,
    ],
    [
      'a standard of the future',
      { outputs: yolov8, opset: 99 },
      { decode: 'yolov8' },
      'ERR_BACKEND_FAILED',
      /\(opset 99\) cannot be run: onnxruntime refuses the model: [^\n]*opset/i,
    ],
    [
      'a size step of EfficientNet',
      { outputs: yolov8 },
      { decode: 'yolov8', phi: 0 },
      'ERR_USAGE',
      /--phi does not belong to ONNX files/,
    ],
    [
      'unnamed classes that do not show',
      { outputs: [{ name: 'o', shape: [1, 10, 6], data: rows(10, [0, 0, 0, 0, 0, 0], {}) }] },
      { decode: 'yolov8', classes: undefined },
      'ERR_USAGE',
      /do not show how many classes/,
    ],
  ])('%s', async (_, tiny, options, code, message) => {
    await expect(converted(tiny, options)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    });
    await expect(converted(tiny, options)).rejects.toThrow(/^[^\n]+$/);
  });

  it.each([
    ['text', Buffer.from('what is this?\n')],
    ['nothing', Buffer.alloc(0)],
    ['half a file', Buffer.from(tinyOnnx({ outputs: yolov8 }).subarray(0, 900))],
  ])('%s with the name of an ONNX file', async (_, bytes) => {
    const input = join(await temporaryFolder(), 'w.onnx');
    await writeFile(input, bytes);
    await expect(convertModel({ input, out: `${input}-model`, decode: 'yolov8' })).rejects.toMatchObject({
      code: 'ERR_WEIGHTS_INVALID',
      message: expect.stringMatching(
        /^"[^\n]+w\.onnx" (is not an ONNX file|cannot be converted): [^\n]+$/,
      ) as string,
    });
  });

  it('--decode for what is no ONNX file', async () => {
    const input = new URL('../../../models/street-b0', import.meta.url).pathname;
    const out = join(await temporaryFolder(), 'model');
    await expect(convertModel({ input, out, decode: 'yolox' })).rejects.toMatchObject({
      code: 'ERR_USAGE',
      message: expect.stringMatching(/^--decode belongs to \.onnx files/) as string,
    });
  });
});
