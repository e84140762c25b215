import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bfloat16Of } from '../../../../src/model/weights/bfloat16.js';

describe('bfloat16Of', () => {
  it.each([
    ['0', 0, 0x0000],
    ['-0', -0, 0x8000],
    ['1', 1, 0x3f80],
    ['a tie, to the even one below', 1 + 2 ** -8, 0x3f80],
    ['a tie, to the even one above', 1 + 3 * 2 ** -8, 0x3f82],
    ['above a tie', 1 + 2 ** -8 + 2 ** -20, 0x3f81],
    ['the largest float32, which is past the largest bfloat16', 3.4028234663852886e38, 0x7f80],
    ['infinity', Infinity, 0x7f80],
    ['minus infinity', -Infinity, 0xff80],
    ['not a number', NaN, 0x7fc0],
  ])('rounds %s', (_, value, bits) => {
    expect(bfloat16Of(Float32Array.of(value))).toEqual(Uint16Array.of(bits));
  });

  it('is never more than half a step away', () => {
    fc.assert(
      fc.property(
        fc.float({ noNaN: true, noDefaultInfinity: true, min: -(2 ** 100), max: 2 ** 100 }),
        (value) => {
          const bits = Uint32Array.of(bfloat16Of(Float32Array.of(value))[0]! << 16);
          const [rounded = NaN] = new Float32Array(bits.buffer);
          expect(Math.abs(rounded - value)).toBeLessThanOrEqual(Math.abs(value) * 2 ** -8 + 2 ** -133);
        },
      ),
    );
  });

  it('reads a part of a larger memory as it is', () => {
    const whole = Float32Array.of(9, 1, 2, 9);
    expect(bfloat16Of(whole.subarray(1, 3))).toEqual(Uint16Array.of(0x3f80, 0x4000));
  });
});
