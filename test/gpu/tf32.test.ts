import { expect, it, vi } from 'vitest';
import { createOnnxruntimeBackend } from '../../src/model/backends/onnxruntime.js';
import { emitOnnx } from '../../src/model/export/onnx.js';
import { closing, HEAD_TOLERANCE, largestDifference } from '../support/compare-heads.js';
import { goldenFloats, goldenModels, goldenNetwork, goldenPicture } from '../support/golden-network.js';
import { cudaMissing } from '../support/graphics-card.js';

const missing = await cudaMissing();

// In a file, and so a process, of its own: NVIDIA's libraries look at the environment once.
it.skipIf(missing !== undefined)(
  'a card computes in TF32 when the environment asks for it, and says so',
  async () => {
    vi.stubEnv('NVIDIA_TF32_OVERRIDE', '1');
    await using backend = closing(
      await createOnnxruntimeBackend(emitOnnx(goldenNetwork(0)), { device: 'cuda' }),
    );
    expect(backend.info.precision).toBe('tf32');
    const heads = await backend.run(goldenPicture(), 1);
    for (const [index, { file, std }] of goldenModels()[0]!.outputs.entries()) {
      const error = largestDifference(heads[index]!, goldenFloats(file)) / std;
      expect(error).toBeGreaterThan(HEAD_TOLERANCE / 10);
      expect(error).toBeLessThan(10 * HEAD_TOLERANCE);
    }
  },
);
