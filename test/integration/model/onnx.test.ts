import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { HeadTensor } from '../../../src/model/backends/backend.js';
import { createOnnxruntimeBackend } from '../../../src/model/backends/onnxruntime.js';
import { emitOnnx } from '../../../src/model/export/onnx.js';
import { loadNetwork } from '../../../src/model/load-network.js';
import { foldBatchNorm } from '../../../src/model/graph/fold-batch-norm.js';
import { buildNetwork } from '../../../src/model/architectures/efficientnet-yolov3/yolov3.js';
import {
  closing,
  difference,
  HEAD_TOLERANCE,
  largestDifference,
  statistics,
} from '../../support/compare-heads.js';
import {
  goldenFloats,
  goldenModels,
  goldenNetwork,
  goldenOptions,
  goldenPath,
  goldenPicture,
  goldenWeights,
} from '../../support/golden-network.js';

const STREET = new URL('../../../models/street-b0', import.meta.url).pathname;
const HEADS = ['p5', 'p4', 'p3'];

describe('ONNX in onnxruntime', () => {
  for (const model of goldenModels()) {
    it(`gives the reference's heads for EfficientNet-B${model.phi}`, async () => {
      const network = goldenNetwork(model.phi);
      await using backend = closing(await createOnnxruntimeBackend(emitOnnx(network), { device: 'cpu' }));
      const heads = await backend.run(goldenPicture(), 1);
      expect(heads).toHaveLength(3);
      for (const [index, { file, shape, mean, std }] of model.outputs.entries()) {
        const head = heads[index]!;
        expect([head.height, head.width, head.channels]).toEqual(shape);
        const golden = goldenFloats(file);
        expect(statistics(golden).mean).toBeCloseTo(mean, 6);
        expect(largestDifference(head, golden)).toBeLessThan(HEAD_TOLERANCE * std);
      }
    });
  }

  it('gives the same heads without folding', async () => {
    const graph = buildNetwork(goldenOptions(0));
    const onnx = emitOnnx({ graph, weights: goldenWeights(graph) });
    await using backend = closing(await createOnnxruntimeBackend(onnx, { device: 'cpu' }));
    const heads = await backend.run(goldenPicture(), 1);
    for (const [index, { file, std }] of goldenModels()[0]!.outputs.entries()) {
      expect(largestDifference(heads[index]!, goldenFloats(file))).toBeLessThan(HEAD_TOLERANCE * std);
    }
  });

  it("gives the reference's heads for street-b0 on a picture", async () => {
    const { manifest, backend: loaded, reason } = await loadNetwork(STREET, { device: 'auto', threads: 2 });
    await using backend = closing(loaded);
    expect(reason).toMatch(/fastest available/);
    expect(backend.info).toMatchObject({ backend: 'onnxruntime', precision: 'float32' });
    const pixels = await sharp(goldenPath('letterbox_416.png')).removeAlpha().raw().toBuffer();
    const heads = await backend.run(pixels, 1);
    for (const [index, head] of heads.entries()) {
      const golden = goldenFloats(`street_${HEADS[index]!}.f32`);
      expect(head.channels).toBe(3 * (5 + manifest.classes.length));
      expect(largestDifference(head, golden)).toBeLessThan(HEAD_TOLERANCE * statistics(golden).std);
    }
  });
});

describe('a batch', () => {
  it('gives each picture what it gets alone, in memory that is used again', async () => {
    const graph = buildNetwork(goldenOptions(0));
    const onnx = emitOnnx(foldBatchNorm({ graph, weights: goldenWeights(graph) }));
    await using backend = closing(await createOnnxruntimeBackend(onnx, { device: 'cpu', threads: 1 }));
    const first = goldenPicture();
    const second = first.map((sample) => 255 - sample);
    const alone = [];
    for (const picture of [first, second, first]) alone.push(copyOf(await backend.run(picture, 1)));
    expect(alone[2]).toEqual(alone[0]);
    expect(alone[1]![0]).not.toEqual(alone[0]![0]);

    const batch = new Uint8Array(first.length * 3);
    for (const [index, picture] of [first, second, first].entries()) batch.set(picture, index * first.length);
    const together = await backend.run(batch, 3);
    for (const [index, head] of together.entries()) {
      const size = head.data.length / 3;
      for (let picture = 0; picture < 3; picture++) {
        const part = head.data.subarray(picture * size, (picture + 1) * size);
        expect(difference(part, alone[picture]![index]!)).toBeLessThan(1e-5);
      }
    }
    const again = await backend.run(second, 1);
    for (const [index, head] of again.entries()) {
      expect(head.data.buffer).toBe(together[index]!.data.buffer);
      expect(head.data).toEqual(alone[1]![index]);
    }
  });

  it('must have as many bytes as its pictures', async () => {
    const graph = buildNetwork(goldenOptions(0));
    const onnx = emitOnnx(foldBatchNorm({ graph, weights: goldenWeights(graph) }));
    await using backend = closing(await createOnnxruntimeBackend(onnx, { device: 'cpu', threads: 1 }));
    for (const [bytes, count] of [
      [36_863, 1],
      [36_864, 2],
      [0, 0],
    ] as const) {
      await expect(backend.run(new Uint8Array(bytes), count)).rejects.toMatchObject({
        code: 'ERR_BACKEND_FAILED',
        message: expect.stringMatching(/of 128x96 has \d+ bytes, got \d+/) as string,
      });
    }
    await expect(backend.run(goldenPicture(), 1)).resolves.toHaveLength(3);
  });
});

describe('what onnxruntime refuses', () => {
  it('is told in one line when the model is garbage', async () => {
    const created = createOnnxruntimeBackend(new Uint8Array(100).fill(7), { device: 'cpu' });
    await expect(created).rejects.toMatchObject({
      code: 'ERR_BACKEND_FAILED',
      message: expect.stringMatching(/^onnxruntime refuses the model: [^\n]+$/) as string,
    });
  });

  it('is told in one line when the device does not start', async () => {
    const graph = buildNetwork(goldenOptions(0));
    const onnx = emitOnnx(foldBatchNorm({ graph, weights: goldenWeights(graph) }));
    // No platform has both of these.
    const device = process.platform === 'darwin' ? 'dml' : 'coreml';
    await expect(createOnnxruntimeBackend(onnx, { device })).rejects.toMatchObject({
      code: 'ERR_BACKEND_UNAVAILABLE',
      message: expect.stringMatching(
        /^onnxruntime cannot start on "(dml|coreml)": [^\n]+; check [^\n]+$/,
      ) as string,
    });
  });
});

function copyOf(heads: readonly HeadTensor[]): Float32Array[] {
  return heads.map(({ data }) => data.slice());
}
