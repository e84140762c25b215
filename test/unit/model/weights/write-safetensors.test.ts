import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { halfBits, halfValues } from '../../../../src/model/weights/half-floats.js';
import { readSafetensors } from '../../../../src/model/weights/safetensors.js';
import { encodeSafetensors } from '../../../../src/model/weights/write-safetensors.js';

describe('halfBits', () => {
  it('gives every float16 back', () => {
    const values = halfValues();
    for (let bits = 0; bits < 65_536; bits++) {
      const back = halfBits(values[bits]!);
      if (!Number.isNaN(values[bits]!) && back !== bits) expect(back).toBe(bits);
    }
    expect(halfBits(Number.NaN) & 0x7fff).toBeGreaterThan(0x7c00);
  });

  it('takes the nearest, and of two the even', () => {
    const values = halfValues();
    for (let bits = 0; bits < 0x7bff; bits++) {
      const middle = (values[bits]! + values[bits + 1]!) / 2;
      const even = bits % 2 === 0 ? bits : bits + 1;
      const step = values[bits + 1]! - values[bits]!;
      if (halfBits(middle) !== even) expect(`${bits}: ${halfBits(middle)}`).toBe(even);
      if (halfBits(-middle) !== (even | 0x8000)) expect(`-${bits}`).toBe(even);
      if (halfBits(middle - step / 8) !== bits) expect(`below ${bits}`).toBe(bits);
      if (halfBits(middle + step / 8) !== bits + 1) expect(`above ${bits}`).toBe(bits + 1);
    }
  });

  it.each([
    [65_519.996, 0x7bff],
    [65_520, 0x7c00],
    [1e38, 0x7c00],
    [-Infinity, 0xfc00],
    [2 ** -25, 0],
    [2 ** -25 * 1.001, 1],
    [1e-45, 0],
    [-0, 0x8000],
  ])('rounds %s', (value, bits) => {
    expect(halfBits(value)).toBe(bits);
  });
});

describe('encodeSafetensors', () => {
  it('writes what the reader reads, in order, at multiples of eight', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.string({ minLength: 1 }),
          fc.float32Array({ noNaN: true, minLength: 0, maxLength: 9 }),
        ),
        (tensors) => {
          const weights = new Map(
            Object.entries(tensors)
              .filter(([name]) => name !== '__metadata__')
              .map(([name, data]) => [name, { shape: [data.length, 1], data }] as const),
          );
          const { bytes, rounding } = encodeSafetensors(weights, 'float32');
          expect(new DataView(bytes.buffer).getUint32(0, true) % 8).toBe(0);
          expect(readSafetensors(bytes, 'x')).toEqual(weights);
          expect(rounding).toEqual({ largest: 0, overflows: new Map() });
        },
      ),
      { numRuns: 100, examples: [[{ ['__proto__']: Float32Array.of(1), 2: Float32Array.of(2) }]] },
    );
  });

  it('rounds kernels and leaves vectors', () => {
    const weights = new Map([
      ['a/kernel', { shape: [1, 3], data: Float32Array.of(1, 1 + 2 ** -11, 0.1) }],
      ['a/bias', { shape: [1], data: Float32Array.of(0.1) }],
      ['b/kernel', { shape: [2, 1], data: Float32Array.of(0.1, 70_000) }],
    ]);
    const { bytes, rounding } = encodeSafetensors(weights, 'float16');
    const read = readSafetensors(bytes, 'x');
    expect(read.get('a/kernel')?.data).toEqual(Float32Array.of(1, 1, 0.0999755859375));
    expect(read.get('a/bias')?.data).toEqual(Float32Array.of(0.1));
    expect(rounding.largest).toBeCloseTo(2 ** -11, 5);
    // Beyond the range of float16: the tensor stays what it is.
    expect(rounding.overflows).toEqual(new Map([['b/kernel', 1]]));
    expect(read.get('b/kernel')).toEqual(weights.get('b/kernel'));
  });
});
