import { engine, memory } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { createTensorflowEagerBackend } from '../../../src/model/backends/tensorflow-eager.js';
import { closing, expectBatchLikeSingles, expectGoldenHeads } from '../../support/compare-heads.js';
import { goldenModels, goldenNetwork, goldenPicture } from '../../support/golden-network.js';
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
      expectGoldenHeads(heads, model.outputs, GOLDEN_TOLERANCE);
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
    await expectBatchLikeSingles(backend, 1e-4);
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
