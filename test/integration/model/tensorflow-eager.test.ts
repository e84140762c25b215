import { engine, memory } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { createTensorflowEagerBackend } from '../../../src/model/backends/tensorflow-eager.js';
import { foldBatchNorm, foldScale, type Network } from '../../../src/model/network/fold-batch-norm.js';
import { buildNetwork } from '../../../src/model/network/yolov3.js';
import { closing, difference, largestDifference } from '../../support/compare-heads.js';
import {
  goldenFloats,
  goldenModels,
  goldenOptions,
  goldenPicture,
  goldenWeights,
} from '../../support/golden-network.js';
import { tensorflowLinked } from '../../support/tensorflow.js';
import { tinyNetwork, tinyPicture } from '../../support/tiny-network.js';

const CPU = { device: 'cpu', threads: 2 };

/** TensorFlow computes these in float32 without much reordering: closer than an emitter has to be. */
const GOLDEN_TOLERANCE = 1e-4;

describe.skipIf((await tensorflowLinked()) !== undefined)('TensorFlow, operation by operation', () => {
  for (const model of goldenModels()) {
    it(`gives the reference's heads for EfficientNet-B${model.phi}`, async () => {
      await using backend = closing(await createTensorflowEagerBackend(goldenNetwork(model.phi), CPU));
      const heads = await backend.run(goldenPicture(), 1);
      expect(heads).toHaveLength(3);
      for (const [index, { file, shape, std }] of model.outputs.entries()) {
        const head = heads[index]!;
        expect([head.height, head.width, head.channels]).toEqual(shape);
        expect(largestDifference(head, goldenFloats(file))).toBeLessThan(GOLDEN_TOLERANCE * std);
      }
    });
  }

  it('gives each picture of a batch what it gets alone', async () => {
    await using backend = closing(await createTensorflowEagerBackend(goldenNetwork(0), CPU));
    expect(backend.info).toMatchObject({
      backend: 'tensorflow-eager',
      device: 'cpu',
      precision: 'float32',
      version: expect.stringMatching(/^\d+\.\d+\.\d+/) as string,
    });
    const first = goldenPicture();
    const second = first.map((sample) => 255 - sample);
    const pictures = [first, second, first];
    const together = await backend.run(Uint8Array.from(pictures.flatMap((picture) => [...picture])), 3);
    for (const [at, picture] of pictures.entries()) {
      for (const [index, { data }] of (await backend.run(picture, 1)).entries()) {
        const part = together[index]!.data.subarray(at * data.length, (at + 1) * data.length);
        expect(difference(part, data)).toBeLessThan(1e-4);
      }
    }
  });

  it('has as many tensors after 1,000 batches as before', async () => {
    // Not `memory`, which wants a backend.
    const before = engine().state.numTensors;
    const backend = await createTensorflowEagerBackend(tinyNetwork(), CPU);
    await backend.run(tinyPicture(0), 1);
    const { numTensors, numBytes } = memory();
    for (let at = 0; at < 1000; at++) await backend.run(tinyPicture(at), 1);
    expect(memory()).toMatchObject({ numTensors, numBytes });
    await backend.close();
    expect(engine().state.numTensors).toBe(before);
  });
});

function goldenNetwork(phi: Parameters<typeof goldenOptions>[0]): Network {
  const graph = buildNetwork(goldenOptions(phi));
  return foldScale(foldBatchNorm({ graph, weights: goldenWeights(graph) }));
}
