import { describe, expect, it } from 'vitest';
import { createTensorflowBackend } from '../../src/model/backends/tensorflow.js';
import {
  closing,
  expectBatchLikeSingles,
  expectGoldenHeads,
  HEAD_TOLERANCE,
} from '../support/compare-heads.js';
import { goldenModels, goldenNetwork, goldenPicture } from '../support/golden-network.js';
import { tensorflowGpuMissing } from '../support/graphics-card.js';

const missing = await tensorflowGpuMissing();

describe.skipIf(missing !== undefined)('a SavedModel in TensorFlow on a card', () => {
  for (const { phi, outputs } of goldenModels()) {
    it(`gives the reference's heads for EfficientNet-B${phi}`, async () => {
      await using backend = closing(await createTensorflowBackend(goldenNetwork(phi), { device: 'gpu' }));
      expect(backend.info).toMatchObject({ backend: 'tensorflow', device: 'gpu', precision: 'float32' });
      expectGoldenHeads(await backend.run(goldenPicture(), 1), outputs, HEAD_TOLERANCE / 10);
    });
  }

  it('gives each picture of a batch what it gets alone', async () => {
    await using backend = closing(await createTensorflowBackend(goldenNetwork(0), { device: 'gpu' }));
    await expectBatchLikeSingles(backend, 1e-4);
  });
});
