/** Weights that are no numbers, and networks that compute none: nothing may look like "nothing was found". */
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { letterboxOf } from '../../../src/geometry/letterbox.js';
import { buildNetwork } from '../../../src/model/architectures/efficientnet-yolov3/yolov3.js';
import { createDetector } from '../../../src/model/detector.js';
import { exportModel } from '../../../src/model/export/export-model.js';
import { convertModel } from '../../../src/model/import/convert-model.js';
import { readNetwork } from '../../../src/model/read-network.js';
import type { Weights } from '../../../src/model/weights/weights.js';
import { encodeSafetensors } from '../../../src/model/weights/write-safetensors.js';
import { goldenOptions, goldenWeights } from '../../support/golden-network.js';
import { writeKerasFile } from '../../support/keras-file.js';
import { pytorchWeights } from '../../support/pytorch-weights.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { tinyOnnx } from '../../support/tiny-onnx.js';

const STREET = new URL('../../../models/street-b0', import.meta.url).pathname;
const SIZE = { width: 64, height: 64 };
const KERNEL = 'block2a_expand_conv/kernel';

/** Weights with one tensor changed. */
function spoilt(weights: Weights, name: string, change: (value: number, at: number) => number): Weights {
  const { shape, data } = weights.get(name)!;
  return new Map([...weights, [name, { shape, data: data.map(change) }]]);
}

function withOneNan(weights: Weights): Weights {
  return spoilt(weights, KERNEL, (value, at) => (at === 5 ? NaN : value));
}

/** The bundled model with other weights and a checksum that is right. */
async function streetWith(change: (weights: Weights) => Weights): Promise<string> {
  const dir = join(await temporaryFolder(), 'model');
  await mkdir(dir);
  const { network } = await readNetwork(STREET, 'tested');
  const { bytes } = encodeSafetensors(change(network.weights), 'float32');
  const manifest = JSON.parse(await readFile(join(STREET, 'model.json'), 'utf8')) as { weights: object };
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const weights = { ...manifest.weights, file: 'w.safetensors', sha256 };
  await writeFile(join(dir, 'w.safetensors'), bytes);
  await writeFile(join(dir, 'model.json'), JSON.stringify({ ...manifest, weights }));
  return dir;
}

const ONE_NAN = {
  code: 'ERR_WEIGHTS_INVALID',
  message: expect.stringMatching(/has NaN in "[^"]+" \(value \d+ of \d+\): the training diverged/) as string,
};

describe('one NaN among the weights', () => {
  it.each<[string, string, (path: string, weights: Weights) => Promise<unknown>]>([
    ['Keras', 'w.h5', (path, weights) => writeKerasFile(path, weights)],
    [
      'PyTorch',
      'w.safetensors',
      (path, weights) => writeFile(path, encodeSafetensors(pytorchWeights(weights, ''), 'float32').bytes),
    ],
    [
      'float16',
      'w.safetensors',
      (path, weights) => writeFile(path, encodeSafetensors(weights, 'float16').bytes),
    ],
  ])('is found when %s weights are converted', async (_, name, write) => {
    const folder = await temporaryFolder();
    const input = join(folder, name);
    await write(input, withOneNan(goldenWeights(buildNetwork(goldenOptions(0)))));
    await expect(convertModel({ input, out: join(folder, 'model') })).rejects.toMatchObject(ONE_NAN);
  });

  it('is found when a model folder is run or written for other programs', async () => {
    const modelDir = await streetWith(withOneNan);
    await expect(createDetector({ modelDir, device: 'cpu', maxBatch: 1 })).rejects.toMatchObject(ONE_NAN);
    const out = join(await temporaryFolder(), 'out');
    for (const format of ['onnx', 'saved-model'] as const) {
      await expect(exportModel(format, { input: modelDir, out })).rejects.toMatchObject(ONE_NAN);
    }
  });

  it('is found in an .onnx when it is converted, and when it is run', async () => {
    const folder = await temporaryFolder();
    const rows = Array.from({ length: 84 }, () => [30, 30, 20, 20, 0.1, 0.8]).flat();
    const fileOf = (data: number[]) => tinyOnnx({ outputs: [{ name: 'o', shape: [1, 84, 6], data }] });
    await writeFile(join(folder, 'bad.onnx'), fileOf(rows.with(7, NaN)));
    await writeFile(join(folder, 'good.onnx'), fileOf(rows));
    const convert = (input: string) =>
      convertModel({ input: join(folder, input), out: join(folder, 'model'), decode: 'yolov8' });
    await expect(convert('bad.onnx')).rejects.toMatchObject(ONE_NAN);
    const { manifest } = await convert('good.onnx');
    const bytes = await readFile(join(folder, 'bad.onnx'));
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const changed = { ...manifest, weights: { ...manifest.weights, sha256 } };
    await writeFile(join(folder, 'model', manifest.weights.file), bytes);
    await writeFile(join(folder, 'model', 'model.json'), JSON.stringify(changed));
    await expect(
      createDetector({ modelDir: join(folder, 'model'), device: 'cpu', maxBatch: 1 }),
    ).rejects.toMatchObject(ONE_NAN);
  });
});

describe.each(['cpu', 'wasm'])('a network that overflows on %s', (device) => {
  /** How many frames there were before the detector gave up, and what it said. */
  async function framesOf(modelDir: string): Promise<readonly [number, unknown]> {
    const detector = await createDetector({ modelDir, device, size: SIZE, maxBatch: 4 });
    const pixels = new Uint8Array(64 * 64 * 3).fill(90);
    const picture = { pixels, letterbox: letterboxOf(640, 640, 64, 64) };
    try {
      for (let frames = 0; frames < 20; frames++) {
        const found = await detector.detect([picture]).catch((error: unknown) => error);
        if (found instanceof Error) return [frames, found];
      }
      return [20, undefined];
    } finally {
      await detector.close();
    }
  }

  it('ends with the first frame if nothing it puts out is a number', async () => {
    const modelDir = await streetWith((weights) =>
      ['five5_1_bn/beta', 'five4_1_bn/beta', 'five3_1_bn/beta'].reduce(
        (all, name) => spoilt(all, name, () => 3e38),
        weights,
      ),
    );
    const error = {
      code: 'ERR_MODEL_INVALID',
      message: expect.stringMatching(/in the first frame, 252 of 252/) as string,
    };
    expect(await framesOf(modelDir)).toEqual([0, expect.objectContaining(error)]);
  });

  it('ends with the tenth frame if one head of three is no numbers', async () => {
    const modelDir = await streetWith((weights) => spoilt(weights, 'head3_out/kernel', () => 3e38));
    const error = {
      code: 'ERR_MODEL_INVALID',
      message: expect.stringMatching(/in 10 frames .* 192 of 252/) as string,
    };
    expect(await framesOf(modelDir)).toEqual([9, expect.objectContaining(error)]);
  });
});
