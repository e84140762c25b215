import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Backend } from '../../../src/model/backends/backend.js';
import { loadTensorflow } from '../../../src/model/backends/tensorflow-load.js';
import { createTensorflowBackend } from '../../../src/model/backends/tensorflow.js';
import { writeSavedModel } from '../../../src/model/export/saved-model.js';
import { loadNetwork } from '../../../src/model/load-network.js';
import type { Network } from '../../../src/model/graph/fold-batch-norm.js';
import { GraphBuilder } from '../../../src/model/graph/graph-builder.js';
import type { Graph } from '../../../src/model/graph/graph.js';
import { buildNetwork } from '../../../src/model/architectures/efficientnet-yolov3/yolov3.js';
import {
  closing,
  difference,
  expectGoldenHeads,
  HEAD_TOLERANCE,
  largestDifference,
  statistics,
} from '../../support/compare-heads.js';
import { evaluateGraph } from '../../support/evaluate-graph.js';
import {
  goldenFloats,
  goldenModels,
  goldenNetwork,
  goldenOptions,
  goldenPath,
  goldenPicture,
  goldenWeights,
} from '../../support/golden-network.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { pythonWithTensorflow, tensorflowLinked } from '../../support/tensorflow.js';

const STREET = new URL('../../../models/street-b0', import.meta.url).pathname;
const RUN = new URL('../../support/run-saved-model.py', import.meta.url).pathname;
const HEADS = ['p5', 'p4', 'p3'];
const CPU = { device: 'cpu', threads: 2 };
const missing = await tensorflowLinked();
const python = pythonWithTensorflow();

describe.skipIf(missing !== undefined)('a SavedModel in TensorFlow', () => {
  for (const { phi, outputs } of goldenModels()) {
    it(`gives the reference's heads for EfficientNet-B${phi}`, async () => {
      await using backend = closing(await createTensorflowBackend(goldenNetwork(phi), CPU));
      const heads = await backend.run(goldenPicture(), 1);
      expectGoldenHeads(heads, outputs, HEAD_TOLERANCE / 10);
      for (const { layout } of heads) expect(layout).toBe('nhwc');
    });
  }

  it('gives the same heads without folding', async () => {
    const graph = buildNetwork(goldenOptions(0));
    const network = { graph, weights: goldenWeights(graph) };
    await using backend = closing(await createTensorflowBackend(network, CPU));
    const heads = await backend.run(goldenPicture(), 1);
    for (const [index, { file, std }] of goldenModels()[0]!.outputs.entries()) {
      expect(largestDifference(heads[index]!, goldenFloats(file))).toBeLessThan(HEAD_TOLERANCE * std);
    }
  });

  it("gives the reference's heads for street-b0 on a picture", async () => {
    const { backend: loaded, reason } = await loadNetwork(STREET, { ...CPU, device: 'tensorflow:cpu' });
    await using backend = closing(loaded);
    expect(reason).toBe('tensorflow:cpu was asked for');
    expect(backend.info).toEqual({
      backend: 'tensorflow',
      device: 'cpu',
      precision: 'float32',
      version: expect.stringMatching(/^\d+\.\d+\.\d+/) as string,
    });
    const pixels = await sharp(goldenPath('letterbox_416.png')).removeAlpha().raw().toBuffer();
    const heads = await backend.run(pixels, 1);
    for (const [index, head] of heads.entries()) {
      const golden = goldenFloats(`street_${HEADS[index]!}.f32`);
      expect(largestDifference(head, golden)).toBeLessThan(HEAD_TOLERANCE * statistics(golden).std);
    }
  });

  it('pads as the graph says, also where TensorFlow has no name for it', async () => {
    const { graph, weights } = smallNetwork(7, 5);
    const shifted: Graph = {
      ...graph,
      nodes: graph.nodes.map((node) =>
        node.op === 'conv' && node.stride === 1
          ? { ...node, padding: { top: 2, left: 0, bottom: 0, right: 2 } }
          : node,
      ),
    };
    const picture = Uint8Array.from({ length: 7 * 5 * 3 }, (_, at) => (at * 37) % 256);
    for (const each of [graph, shifted]) {
      await using backend = closing(await createTensorflowBackend({ graph: each, weights }, CPU));
      const heads = await backend.run(picture, 1);
      const expected = evaluateGraph(each, weights, [...picture]);
      for (const [index, { data }] of heads.entries()) {
        expect(difference(data, Float32Array.from(expected[index]!))).toBeLessThan(1e-4);
      }
    }
  });
});

describe.skipIf(missing !== undefined)('a batch in TensorFlow', () => {
  it('gives each picture what it gets alone', async () => {
    await using backend = closing(await createTensorflowBackend(goldenNetwork(0), CPU));
    const first = goldenPicture();
    const second = first.map((sample) => 255 - sample);
    const alone = [];
    for (const picture of [first, second, first]) alone.push(await backend.run(picture, 1));
    expect(alone[1]![0]!.data).not.toEqual(alone[0]![0]!.data);
    const together = await backend.run(Buffer.concat([first, second, first]), 3);
    for (const [index, head] of together.entries()) {
      const size = head.data.length / 3;
      for (let picture = 0; picture < 3; picture++) {
        const part = head.data.subarray(picture * size, (picture + 1) * size);
        expect(difference(part, alone[picture]![index]!.data)).toBeLessThan(1e-4);
      }
    }
  });

  it('leaves no tensor behind', async () => {
    const { tf } = await loadTensorflow(CPU);
    const before = tf.memory().numTensors;
    await using backend = closing(await createTensorflowBackend(smallNetwork(8, 8), CPU));
    const [one, three] = [new Uint8Array(8 * 8 * 3), new Uint8Array(3 * 8 * 8 * 3)];
    for (let batch = 0; batch < 1000; batch++) {
      await backend.run(batch % 2 === 0 ? one : three, batch % 2 === 0 ? 1 : 3);
      expect(tf.memory().numTensors).toBe(before);
    }
  });

  it('must have as many bytes as its pictures', async () => {
    await using backend = closing(await createTensorflowBackend(smallNetwork(8, 4), CPU));
    for (const [bytes, count] of [
      [95, 1],
      [96, 2],
      [0, 0],
    ] as const) {
      await expect(backend.run(new Uint8Array(bytes), count)).rejects.toMatchObject({
        code: 'ERR_BACKEND_FAILED',
        message: expect.stringMatching(/of 8x4 has \d+ bytes, got \d+/) as string,
      });
    }
    await expect(backend.run(new Uint8Array(96), 1)).resolves.toHaveLength(3);
  });
});

describe.skipIf(missing !== undefined)('the files through which a network gets into TensorFlow', () => {
  it('are gone when it is there', async () => {
    const folder = await temporaryFiles();
    await using _backend = closing(await createTensorflowBackend(smallNetwork(8, 8), CPU));
    expect(await readdir(folder)).toEqual([]);
  });

  it('are gone after a while if a process was killed over them', async () => {
    const folder = await temporaryFiles();
    for (const name of ['sightline-tensorflow-old', 'sightline-tensorflow-new', 'of-another-program']) {
      await mkdir(join(folder, name));
      await writeFile(join(folder, name, 'saved_model.pb'), 'weights');
      if (!name.endsWith('new')) await utimes(join(folder, name), 1, 1);
    }
    await using _backend = closing(await createTensorflowBackend(smallNetwork(8, 8), CPU));
    expect((await readdir(folder)).sort()).toEqual(['of-another-program', 'sightline-tensorflow-new']);
  });

  it('are gone when TensorFlow refuses it, which is told in one line', async () => {
    const folder = await temporaryFiles();
    const { graph, weights } = smallNetwork(8, 8);
    const wrong = new Map(weights).set('a/bias', { shape: [3], data: new Float32Array(3) });
    await expect(create({ graph, weights: wrong })).rejects.toMatchObject({
      code: 'ERR_BACKEND_FAILED',
      message: expect.stringMatching(/^TensorFlow refuses the network: [^\n]+$/) as string,
    });
    expect(await readdir(folder)).toEqual([]);
  });

  it('need a place, and an error in one line names it', async () => {
    const folder = join(await temporaryFiles(), 'missing');
    process.env['TMPDIR'] = folder;
    const created = create(smallNetwork(8, 8));
    await expect(created).rejects.toMatchObject({
      code: 'ERR_BACKEND_FAILED',
      message: expect.stringMatching(new RegExp(`^[^\\n]*${folder}[^\\n]*TMPDIR$`)) as string,
    });
  });
});

describe('a device that TensorFlow does not have', () => {
  it('is told in one line', async () => {
    await expect(create(smallNetwork(8, 8), 'tpu')).rejects.toMatchObject({
      code: 'ERR_BACKEND_UNAVAILABLE',
      message: expect.stringMatching(/^TensorFlow on "tpu" is not available: [^\n]+$/) as string,
    });
  });
});

// Python takes a minute to load the largest on a busy machine.
describe.skipIf(python === undefined)('a SavedModel, in Python', { timeout: 600_000 }, () => {
  for (const { phi, outputs } of goldenModels()) {
    it(`gives the reference's heads for EfficientNet-B${phi}`, async () => {
      const folder = await temporaryFolder();
      await writeSavedModel(goldenNetwork(phi), join(folder, 'model'));
      expect(await readdir(join(folder, 'model'))).toEqual(['saved_model.pb']);
      const { report, values } = await inPython(folder, goldenPicture(), 3);
      const perHead = (of: (shape: readonly number[]) => unknown): unknown =>
        Object.fromEntries(outputs.map(({ shape }, index) => [HEADS[index]!, of(shape)]));
      expect(report).toEqual({
        signatures: ['serving_default'],
        inputs: { images: ['uint8', [null, 96, 128, 3]] },
        outputs: perHead((shape) => ['float32', [null, ...shape]]),
        shapes: perHead((shape) => [3, ...shape]),
      });
      for (const [index, { file, std }] of outputs.entries()) {
        const golden = goldenFloats(file);
        for (let start = 0; start < values[index]!.length; start += golden.length) {
          const picture = values[index]!.subarray(start, start + golden.length);
          expect(difference(picture, golden)).toBeLessThan((HEAD_TOLERANCE / 10) * std);
        }
      }
    });
  }
});

/** Three results of an input that is no multiple of anything: strided, depthwise and plain. */
function smallNetwork(width: number, height: number): Network {
  const builder = new GraphBuilder(1e-3);
  const images = builder.images(width, height, 1 / 255);
  const a = builder.conv(images, 'a', { filters: 4, kernelSize: 3, stride: 2, bias: true });
  const b = builder.depthwise(a, 'b', 5, 2);
  const c = builder.conv(b, 'c', { filters: 6, kernelSize: 3, bias: true });
  const graph = builder.build([c, b, a]);
  return { graph, weights: goldenWeights(graph) };
}

async function create(network: Network, device = 'cpu'): Promise<Backend> {
  return createTensorflowBackend(network, { ...CPU, device });
}

/** A folder that is the place for temporary files during the running test. */
async function temporaryFiles(): Promise<string> {
  const folder = join(await temporaryFolder(), 'temporary');
  await mkdir(folder);
  const before = process.env['TMPDIR'];
  process.env['TMPDIR'] = folder;
  onTestFinished(() => {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
  });
  return folder;
}

/** Runs the model in `folder/model` on `count` times the same picture. */
async function inPython(
  folder: string,
  picture: Uint8Array,
  count: number,
): Promise<{ report: unknown; values: Float32Array[] }> {
  const batch = join(folder, 'batch.rgb');
  await writeFile(batch, Buffer.concat(Array<Uint8Array>(count).fill(picture)));
  const report = execFileSync(python!, [RUN, join(folder, 'model'), batch, String(count), folder], {
    encoding: 'utf8',
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3', CUDA_VISIBLE_DEVICES: '-1' },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const values: Float32Array[] = [];
  for (const name of HEADS) {
    const bytes = await readFile(join(folder, `${name}.f32`));
    values.push(new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4));
  }
  return { report: JSON.parse(report) as unknown, values };
}
