import { describe, expect, it } from 'vitest';
import { deviceForPrecision } from '../../../src/model/compute-precision.js';
import { checkDetectorOptions } from '../../../src/model/detector-options.js';
import { loadNetwork } from '../../../src/model/load-network.js';

const STREET = new URL('../../../models/street-b0', import.meta.url).pathname;
const refusal = {
  code: 'ERR_USAGE',
  message: expect.stringMatching(
    /^device "cpu" does not compute in bfloat16, only tensorflow:cpu does[^\n]*$/,
  ) as string,
};

describe('deviceForPrecision', () => {
  it('leaves the device alone in float32', () => {
    for (const device of ['auto', 'cuda', 'fake']) {
      expect(deviceForPrecision(device, 'float32')).toBe(device);
      expect(deviceForPrecision(device, undefined)).toBe(device);
    }
  });

  it('takes the one that has bfloat16 where it is left open', () => {
    for (const device of ['auto', 'tensorflow', 'tensorflow:auto', 'tensorflow:cpu']) {
      expect(deviceForPrecision(device, 'bfloat16')).toBe('tensorflow:cpu');
    }
  });

  it.each(['onnxruntime', 'cuda', 'wasm', 'tensorflow:gpu', 'tensorflow-eager', 'fake'])(
    'refuses bfloat16 on %s',
    (device) => {
      expect(() => deviceForPrecision(device, 'bfloat16')).toThrow(
        `device "${device}" does not compute in bfloat16`,
      );
    },
  );

  it('is asked before a model is loaded', async () => {
    const options = { device: 'cpu', precision: 'bfloat16' } as const;
    await expect(loadNetwork(STREET, options)).rejects.toMatchObject(refusal);
    await expect(checkDetectorOptions({ ...options, modelDir: STREET, maxBatch: 1 })).rejects.toMatchObject(
      refusal,
    );
  });
});
