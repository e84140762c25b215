import { describe, expect, it } from 'vitest';
import { createOnnxFileBackend } from '../../src/model/backends/onnxruntime.js';
import { readOnnxFile } from '../../src/model/onnx/onnx-file.js';
import { pictureInputOf } from '../../src/model/onnx/onnx-input.js';
import { WRAPPED_INPUT, wrapOnnx } from '../../src/model/onnx/wrap-onnx.js';
import { closing, difference } from '../support/compare-heads.js';
import { cudaMissing } from '../support/graphics-card.js';
import { tinyOnnx } from '../support/tiny-onnx.js';

const SIZE = { width: 64, height: 64 };
const BYTES = 64 * 64 * 3;
const missing = await cudaMissing();

describe.skipIf(missing !== undefined)("somebody else's file on a card", () => {
  it.each([
    ['any number of pictures', 'N', Infinity],
    ['one picture', 1, 1],
  ] as const)('that takes %s is given batches of 1 to 4', async (_, batch, maxBatch) => {
    const input = { shape: [batch, 64, 64, 3] };
    // What comes out is what went in.
    const file = tinyOnnx({ input, outputs: [{ name: 'o', shape: [1, 64, 64, 3] }] });
    const picture = pictureInputOf(readOnnxFile(file, 'tiny'), 'tiny');
    const { bytes, outputs } = wrapOnnx(file, picture, { ...SIZE, channels: 'rgb', scale: 1 }, ['o']);
    const output = { name: outputs[0]!, layout: 'nhwc' } as const;
    const program = { bytes, input: WRAPPED_INPUT, ...SIZE, outputs: [output], maxBatch };
    await using backend = closing(await createOnnxFileBackend(program, { device: 'cuda', maxBatch: 4 }));
    for (const count of [4, 1, 3, 2]) {
      const pixels = Uint8Array.from({ length: count * BYTES }, (__, at) => (at * count) % 251);
      const [head] = await backend.run(pixels, count);
      expect(difference(head!.data, Float32Array.from(pixels))).toBe(0);
    }
  });
});
