import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { File, ready } from 'h5wasm/node';
import { describe, expect, it } from 'vitest';
import { createOnnxruntimeBackend } from '../../../src/model/backends/onnxruntime.js';
import { convertModel } from '../../../src/model/import/convert-model.js';
import { exportModel } from '../../../src/model/export/export-model.js';
import { emitOnnx } from '../../../src/model/export/onnx.js';
import type { Phi } from '../../../src/model/architectures/efficientnet-yolov3/manifest.js';
import { loadManifest } from '../../../src/model/manifest.js';
import { buildNetwork } from '../../../src/model/architectures/efficientnet-yolov3/yolov3.js';
import { foldNetwork, readNetwork } from '../../../src/model/read-network.js';
import { openHdf5Reader } from '../../../src/model/weights/hdf5-reader.js';
import type { Weights } from '../../../src/model/weights/weights.js';
import { encodeSafetensors } from '../../../src/model/weights/write-safetensors.js';
import { closing, HEAD_TOLERANCE, largestDifference } from '../../support/compare-heads.js';
import {
  goldenFloats,
  goldenModels,
  goldenOptions,
  goldenPicture,
  goldenWeights,
} from '../../support/golden-network.js';
import { type KerasFileOptions, writeKerasFile } from '../../support/keras-file.js';
import { pytorchWeights } from '../../support/pytorch-weights.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const STREET = new URL('../../../models/street-b0', import.meta.url).pathname;
const STREET_KERAS = new URL('../../../../shared/data/models/street-b0/street-b0.keras.h5', import.meta.url)
  .pathname;
const GOLDEN_SIZE = { width: 128, height: 96 };

function weightsOf(phi: Phi) {
  return goldenWeights(buildNetwork(goldenOptions(phi)));
}

/** A hash over names, shapes and numbers. */
function sumOf(weights: Weights): string {
  const hash = createHash('sha256');
  for (const [name, { shape, data }] of weights) hash.update(`${name} ${shape.join()}`).update(data);
  return hash.digest('hex');
}

/** Runs a model folder on the golden picture and compares its heads with the reference's. */
async function expectGoldenHeads(dir: string, phi: Phi, tolerance = HEAD_TOLERANCE): Promise<void> {
  const { network } = await readNetwork(dir, 'tested');
  await using backend = closing(
    await createOnnxruntimeBackend(emitOnnx(foldNetwork(network)), { device: 'cpu' }),
  );
  const heads = await backend.run(goldenPicture(), 1);
  for (const [index, { file, std }] of goldenModels()[phi]!.outputs.entries()) {
    expect(largestDifference(heads[index]!, goldenFloats(file))).toBeLessThan(tolerance * std);
  }
}

describe('convertModel', () => {
  it.each<[string, Phi, KerasFileOptions]>([
    ['weights of B0, numbered from none', 0, {}],
    ['weights of B0, numbered over 9 and 10', 0, { firstConv: 7, firstNorm: 3 }],
    ['a whole B2, numbered over 99 and 100', 2, { firstConv: 92, firstNorm: 85, whole: true }],
    ['a whole B0 inside another model', 0, { firstConv: 1, whole: true, nested: true }],
    ['compressed weights of B0', 0, { compressed: true }],
  ])('reads %s from Keras', async (_, phi, layout) => {
    const folder = await temporaryFolder();
    await writeKerasFile(join(folder, 'w.h5'), weightsOf(phi), layout);
    const out = join(folder, 'model');
    const { manifest, source, warnings } = await convertModel({
      input: join(folder, 'w.h5'),
      out,
      size: GOLDEN_SIZE,
    });
    expect(source).toBe('Keras');
    expect(manifest).toMatchObject({ name: 'model', backbone: `efficientnet-b${phi}`, input: GOLDEN_SIZE });
    expect(manifest.classes).toEqual(['class0', 'class1', 'class2', 'class3', 'class4', 'class5']);
    expect(warnings.join('\n')).toMatch(/phi is \d, by the shapes[^]*--classes[^]*those of the reference/);
    expect(sumOf((await readNetwork(out, 'tested')).network.weights)).toBe(sumOf(weightsOf(phi)));
    if (layout.compressed !== true) await expectGoldenHeads(out, phi);
  });

  it.each<[Phi, string]>([
    [0, ''],
    [2, 'module.'],
  ])('reads the PyTorch port of B%i behind "%s"', async (phi, prefix) => {
    const folder = await temporaryFolder();
    const { bytes } = encodeSafetensors(pytorchWeights(weightsOf(phi), prefix), 'float32');
    await writeFile(join(folder, 'w.safetensors'), bytes);
    const out = join(folder, 'model');
    const { source } = await convertModel({
      input: join(folder, 'w.safetensors'),
      out,
      phi,
      size: GOLDEN_SIZE,
    });
    expect(source).toBe('PyTorch');
    await expectGoldenHeads(out, phi);
  });

  it('rounds kernels to float16, which load like others', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'w.safetensors'), encodeSafetensors(weightsOf(0), 'float32').bytes);
    const [full, half, again] = ['full', 'half', 'again'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    const base = await convertModel({ input: join(folder, 'w.safetensors'), out: full, size: GOLDEN_SIZE });
    const { bytes, rounding } = await convertModel({ input: full, out: half, precision: 'float16' });
    expect(bytes).toBeLessThan(0.52 * base.bytes);
    expect(rounding.largest).toBeGreaterThan(0);
    expect(rounding.largest).toBeLessThan(2 ** -11);
    await expectGoldenHeads(half, 0, 2e-2);
    // What is float16 already does not change again.
    const second = await convertModel({ input: half, out: again, precision: 'float16' });
    expect(second.rounding.largest).toBe(0);
    expect(second.manifest.weights).toEqual((await loadManifest(half)).weights);
  });

  it.skipIf(!existsSync(STREET_KERAS))('makes street-b0 of its Keras file, bit for bit', async () => {
    const out = join(await temporaryFolder(), 'street');
    const { manifest } = await convertModel({ input: STREET_KERAS, out, precision: 'float16' });
    expect(manifest.weights).toEqual((await loadManifest(STREET)).weights);
    const sums = await Promise.all(
      [out, STREET].map(async (dir) =>
        createHash('sha256')
          .update(await readFile(join(dir, 'weights.safetensors')))
          .digest('hex'),
      ),
    );
    expect(sums[0]).toBe(sums[1]);
  });

  it('writes a Keras file for other programs in one go', async () => {
    const folder = await temporaryFolder();
    await writeKerasFile(join(folder, 'w.h5'), weightsOf(0));
    const out = join(folder, 'street.onnx');
    const lines = await exportModel('onnx', { input: join(folder, 'w.h5'), out, size: GOLDEN_SIZE });
    expect(lines.join('\n')).toMatch(/street\.onnx: ONNX[^]*\[batch, 96, 128, 3\][^]*note: phi is 0/);
    const onnx = await readFile(out);
    // In its metadata, as its name.
    expect(onnx.includes('street')).toBe(true);
    await using backend = closing(await createOnnxruntimeBackend(onnx, { device: 'cpu' }));
    const [p5] = await backend.run(goldenPicture(), 1);
    const [{ file, std } = { file: '', std: 0 }] = goldenModels()[0]!.outputs;
    expect(largestDifference(p5!, goldenFloats(file))).toBeLessThan(HEAD_TOLERANCE * std);
  });

  it('writes a SavedModel whole or not at all', async () => {
    const folder = await temporaryFolder();
    const out = join(folder, 'street.onnx');
    await exportModel('saved-model', { input: STREET, out: join(folder, 'saved') });
    expect(existsSync(join(folder, 'saved', 'saved_model.pb'))).toBe(true);
    const again = exportModel('saved-model', { input: STREET, out: join(folder, 'saved') });
    await expect(again).rejects.toMatchObject({ code: 'ERR_SINK_EXISTS' });
    for (const option of [{ boxes: true }, { precision: 'float16' }] as const) {
      await expect(exportModel('saved-model', { input: STREET, out, ...option })).rejects.toMatchObject({
        code: 'ERR_USAGE',
      });
    }
    await mkdir(join(folder, 'blocked', 'saved_model.pb'), { recursive: true });
    const blocked = { input: STREET, out: join(folder, 'blocked'), overwrite: true };
    await expect(exportModel('saved-model', blocked)).rejects.toMatchObject({ code: 'ERR_SINK_UNWRITABLE' });
    expect(await readdir(join(folder, 'blocked'))).toEqual(['saved_model.pb']);
  });
});

describe('weights that do not fit', () => {
  it('names the right size and number of classes', async () => {
    const folder = await temporaryFolder();
    const input = join(folder, 'w.h5');
    await writeKerasFile(input, weightsOf(2));
    await writeFile(join(folder, 'names.txt'), 'a\nb\nc\n');
    const convert = (more: object) => convertModel({ input, out: join(folder, 'model'), ...more });
    await expect(convert({ phi: 3 })).rejects.toMatchObject({
      code: 'ERR_WEIGHTS_INVALID',
      message: expect.stringMatching(
        /does not fit phi 3 with 6 classes: \d+ of another shape, \d+ missing \(.*; …\); these are the weights of phi 2 with 6 classes: use --phi 2 and a file of 6 names/,
      ) as string,
    });
    await expect(convert({ classes: join(folder, 'names.txt') })).rejects.toThrow(
      /phi 2 with 3 classes: 6 of another shape \(head5_out\/kernel is \[1, 1, 704, 33\], not \[1, 1, 704, 24\].*a file of 6 names/,
    );
    expect(existsSync(join(folder, 'model'))).toBe(false);
  });

  it('lists what is missing and what is left over', async () => {
    const folder = await temporaryFolder();
    const input = join(folder, 'w.h5');
    const weights = weightsOf(0);
    weights.delete('block1a_bn/beta');
    weights.set('dense/kernel', { shape: [2, 2], data: new Float32Array(4) });
    await writeKerasFile(input, weights);
    await expect(convertModel({ input, out: join(folder, 'm') })).rejects.toThrow(
      /1 missing, 1 left over \(block1a_bn\/beta \[32\] is missing; dense\/kernel has no place\); they come nearest to phi 0 with 6 classes/,
    );
    for (const name of weights.keys()) if (name.startsWith('head3')) weights.delete(name);
    await writeKerasFile(input, weights);
    await expect(convertModel({ input, out: join(folder, 'm') })).rejects.toThrow(
      /it has 21 convolutions named conv2d… and 19 batch_normalization…, where the head has 23 and 20/,
    );
  });

  it('refuses numbers that are none', async () => {
    const folder = await temporaryFolder();
    const weights = weightsOf(0);
    weights.get('five4_2/kernel')!.data[5] = Number.NaN;
    await writeFile(join(folder, 'w.safetensors'), encodeSafetensors(weights, 'float32').bytes);
    await expect(
      convertModel({ input: join(folder, 'w.safetensors'), out: join(folder, 'm') }),
    ).rejects.toThrow(/has NaN in "five4_2\/kernel" \(value 5 of \d+\): the training diverged/);
  });

  it('refuses variances that have no root', async () => {
    const folder = await temporaryFolder();
    const weights = weightsOf(0);
    weights.get('stem_bn/moving_variance')!.data[5] = -0.5;
    await writeFile(join(folder, 'w.safetensors'), encodeSafetensors(weights, 'float32').bytes);
    const options = { input: join(folder, 'w.safetensors'), out: join(folder, 'm') };
    await expect(convertModel(options)).rejects.toThrow(/variances below zero in "stem_bn\/moving_variance"/);
  });
});

describe('openHdf5Reader', () => {
  /** Reads a file that `write` makes, and expects words in the refusal. */
  async function expectRefusal(write: (file: File) => void, message: RegExp): Promise<void> {
    await ready;
    const path = join(await temporaryFolder(), 'case.h5');
    const file = new File(path, 'w');
    write(file);
    file.close();
    const reader = openHdf5Reader();
    try {
      await expect(reader.read(path)).rejects.toMatchObject({
        code: 'ERR_WEIGHTS_INVALID',
        message: expect.stringMatching(message) as string,
      });
    } finally {
      await reader.close();
    }
  }

  /** One layer "a" with one tensor "a/kernel:0". */
  function layer(file: File): ReturnType<File['create_group']> {
    file.create_attribute('layer_names', ['a']);
    const group = file.create_group('a');
    group.create_attribute('weight_names', ['a/kernel:0']);
    return group.create_group('a');
  }

  it('refuses a tensor of 10^12 values in a small file', async () => {
    await expectRefusal((file) => {
      const dataset = layer(file).create_dataset({
        name: 'kernel:0',
        data: new Float32Array(4),
        shape: [2, 2],
        maxshape: [null, null],
        chunks: [2, 2],
        compression: 9,
      });
      dataset.resize([1e6, 1e6]);
    }, /"a\/kernel:0" of shape \[1000000, 1000000\] would have 4000000000000 bytes, more than a file of/);
  });

  it.each<[string, (file: File) => void, RegExp]>([
    ['a file of something else', (file) => file.create_group('data'), /no "layer_names" as Keras/],
    [
      'Keras 3',
      (file) => file.create_group('layers'),
      /\.weights\.h5 file of Keras 3.*model\.save\('model\.h5'\)/,
    ],
    [
      'a layer that is not there',
      (file) => {
        file.create_attribute('layer_names', ['gone']);
      },
      /lists a layer "gone"/,
    ],
    [
      'a tensor that is not there',
      (file) => {
        layer(file);
      },
      /lists a tensor "a\/kernel:0" that it does not have/,
    ],
    [
      'whole numbers',
      (file) => {
        layer(file).create_dataset({ name: 'kernel:0', data: new Int32Array(4) });
      },
      /does not hold float32 or float64/,
    ],
    [
      'names that are numbers',
      (file) => {
        file.create_attribute('layer_names', new Float64Array(3));
      },
      /"layer_names" of "\/" is not a list of at most/,
    ],
    [
      'too many names',
      (file) => {
        file.create_attribute(
          'layer_names',
          Array.from({ length: 25_000 }, () => 'x'),
          [25_000],
          'S1',
        );
      },
      /"layer_names" of "\/" is not a list of at most/,
    ],
  ])('refuses %s', async (_, write, message) => {
    await expectRefusal(write, message);
  });

  it('says why a damaged file cannot be opened, and reads the next', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'w.h5');
    await writeKerasFile(path, weightsOf(0));
    await writeFile(join(folder, 'text.h5'), 'hello');
    const reader = openHdf5Reader();
    try {
      await expect(reader.read(join(folder, 'text.h5'))).rejects.toThrow(/signature not found/);
      expect(await reader.read(path)).toHaveLength(410);
      await truncate(path, 1e6);
      await expect(reader.read(path)).rejects.toThrow(/truncated file/);
    } finally {
      await reader.close();
    }
  });

  it('gives up after its time and starts anew', async () => {
    const path = join(await temporaryFolder(), 'w.h5');
    await writeKerasFile(path, weightsOf(0));
    const reader = openHdf5Reader(1);
    try {
      await expect(reader.read(path)).rejects.toThrow(/reading took more than 0\.001 s/);
      await expect(reader.read(path)).rejects.toThrow(/reading took more than 0\.001 s/);
    } finally {
      await reader.close();
    }
  });
});
