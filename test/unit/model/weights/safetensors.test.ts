import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSightlineError } from '../../../../src/errors.js';
import { readSafetensors } from '../../../../src/model/weights/safetensors.js';

interface Described {
  readonly dtype?: unknown;
  readonly shape?: unknown;
  readonly data_offsets?: unknown;
}

/** A file with this header (text, or an object to be written as JSON) and so many bytes of data. */
function file(header: string | object, data: Uint8Array | number): Uint8Array {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const tail = typeof data === 'number' ? new Uint8Array(data) : data;
  const bytes = new Uint8Array(8 + text.length + tail.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(tail, 8 + text.length);
  return bytes;
}

/** A valid tensor of two float32, with some of it replaced. */
function tensor(changes: Described = {}): Described {
  return { dtype: 'F32', shape: [2], data_offsets: [0, 8], ...changes };
}

describe('readSafetensors', () => {
  it('reads float32 and float16 wherever they lie', () => {
    const data = new Uint8Array(14);
    const view = new DataView(data.buffer);
    view.setUint16(0, 0x3c00, true);
    view.setFloat32(2, -1.5, true);
    view.setFloat32(6, 3.25, true);
    view.setFloat32(10, 1e-40, true);
    const header = {
      __metadata__: { format: 'pt' },
      vector: { dtype: 'F32', shape: [3, 1], data_offsets: [2, 14] },
      scalar: { dtype: 'F16', shape: [], data_offsets: [0, 2] },
      empty: { dtype: 'F32', shape: [0, 4], data_offsets: [14, 14] },
    };
    // Odd lengths of header and surroundings: nothing is aligned.
    const bytes = file(`${JSON.stringify(header)} `, data);
    const shifted = new Uint8Array(bytes.length + 9);
    shifted.set(bytes, 3);
    const weights = readSafetensors(shifted.subarray(3, 3 + bytes.length), 'x');
    expect([...weights.keys()].sort()).toEqual(['empty', 'scalar', 'vector']);
    expect(weights.get('vector')).toEqual({
      shape: [3, 1],
      data: Float32Array.from([-1.5, 3.25, 1e-40]),
    });
    expect(weights.get('scalar')).toEqual({ shape: [], data: Float32Array.from([1]) });
    expect(weights.get('empty')).toEqual({ shape: [0, 4], data: new Float32Array(0) });
  });

  it('reads bfloat16 and float64', () => {
    const data = new Uint8Array(20);
    const view = new DataView(data.buffer);
    view.setUint16(0, 0xbfc0, true);
    view.setUint16(2, 0x4049, true);
    view.setFloat64(4, 0.1, true);
    view.setFloat64(12, -2, true);
    const header = {
      brain: { dtype: 'BF16', shape: [2], data_offsets: [0, 4] },
      double: { dtype: 'F64', shape: [2], data_offsets: [4, 20] },
    };
    const weights = readSafetensors(file(header, data), 'x');
    expect(weights.get('brain')?.data).toEqual(Float32Array.of(-1.5, 3.140625));
    expect(weights.get('double')?.data).toEqual(Float32Array.of(0.1, -2));
  });

  it.each([
    [0x0000, 0],
    [0x8000, -0],
    [0x0001, 2 ** -24],
    [0x03ff, 1023 * 2 ** -24],
    [0x0400, 2 ** -14],
    [0x3555, 0.333251953125],
    [0x7bff, 65_504],
    [0xfbff, -65_504],
    [0xc000, -2],
    [0x7c00, Infinity],
    [0xfc00, -Infinity],
    [0x7e00, NaN],
  ])('reads the half %i as %d', (bits, value) => {
    const bytes = file({ h: { dtype: 'F16', shape: [1], data_offsets: [0, 2] } }, 2);
    new DataView(bytes.buffer).setUint16(bytes.length - 2, bits, true);
    expect(readSafetensors(bytes, 'x').get('h')?.data[0]).toBe(value);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['no bytes', new Uint8Array(0), /0 bytes, too few/],
    ['half a length', new Uint8Array(7), /7 bytes, too few/],
    ['a header past the end', file({}, 0).subarray(0, 9), /header claims 2 bytes, the file has 9/],
    ['a header of 2^64 − 1 bytes', new Uint8Array(64).fill(255), /claims 18446744073709551615 bytes/],
    ['a header that is not JSON', file('{"a":', 0), /not JSON/],
    ['a header that is not UTF-8', file('{}', 0).fill(0xff, 8), /not JSON/],
    ['a header that is a list', file('[]', 0), /not a JSON object/],
    ['a header that is null', file('null', 0), /not a JSON object/],
    ['a tensor that is a number', file({ a: 3 }, 0), /"a" is not described by an object/],
    ['no type', file({ a: tensor({ dtype: undefined }) }, 8), /"a" has no type; F16, BF16, F32, F64 can/],
    ['another type', file({ a: tensor({ dtype: 'I64', shape: [1] }) }, 8), /"a" has the type I64; F16, BF16/],
    ['an unknown type', file({ a: tensor({ dtype: 'F4' }) }, 8), /"a" has the type F4; F16, BF16/],
    ['a name twice', file('{"a": 1, "\\u0061" : 2}', 0), /names "a" twice/],
    ['deep nesting', file(`{"a":${'['.repeat(1e5)}`, 0), /nests deeper than 4/],
    ['quotes without end', file('\\"'.repeat(1e6), 0), /not JSON/],
    ['no shape', file({ a: tensor({ shape: undefined }) }, 8), /"a" has a shape that is not a list/],
    ['a negative size', file({ a: tensor({ shape: [-2] }) }, 8), /"a" has a shape/],
    ['half a size', file({ a: tensor({ shape: [0.5] }) }, 8), /"a" has a shape/],
    ['a size as text', file({ a: tensor({ shape: ['2'] }) }, 8), /"a" has a shape/],
    ['too many axes', file({ a: tensor({ shape: [1, 1, 1, 1, 1, 1, 1, 1, 2] }) }, 8), /at most 8 sizes/],
    ['one offset', file({ a: tensor({ data_offsets: [0] }) }, 8), /data_offsets/],
    ['a negative offset', file({ a: tensor({ data_offsets: [-8, 0] }) }, 8), /data_offsets/],
    [
      'offsets in reverse',
      file({ a: tensor({ data_offsets: [8, 0] }) }, 8),
      /needs 8 bytes, its place is 8 to 0/,
    ],
    [
      'a shape that is too large',
      file({ a: tensor({ shape: [3] }) }, 8),
      /needs 12 bytes, its place is 0 to 8/,
    ],
    [
      'a shape whose product overflows',
      file({ a: tensor({ shape: [2 ** 52, 2 ** 52, 2 ** 52, 2 ** 52] }) }, 8),
      /needs \S+ bytes, its place is 0 to 8/,
    ],
    ['a petabyte', file({ a: tensor({ shape: [2 ** 50], data_offsets: [0, 2 ** 52] }) }, 8), /cut off/],
    ['a file that is cut off', file({ a: tensor() }, 7), /"a" ends at byte 8 of 7: the file is cut off/],
    ['bytes of no tensor', file({ a: tensor() }, 9), /1 bytes belong to no tensor/],
    [
      'a hole',
      file({ a: tensor({ data_offsets: [4, 12] }) }, 12),
      /"a" leaves a hole before it \(starts at 4/,
    ],
    ['two in one place', file({ a: tensor(), b: tensor() }, 8), /"b" overlaps the tensor before it/],
    ['an overlap', file({ a: tensor(), b: tensor({ data_offsets: [4, 12] }) }, 12), /"b" overlaps/],
    ['a name over lines', file({ 'a\nb\u001b[31m': 3 }, 0), /tensor "a\?b\?\[31m" is not/],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => readSafetensors(bytes, 'w.safetensors')).toThrow(
      expect.objectContaining({
        code: 'ERR_WEIGHTS_INVALID',
        message: expect.stringMatching(message) as string,
      }),
    );
    expect(() => readSafetensors(bytes, 'w.safetensors')).toThrow(/^"w\.safetensors" [^\n]{1,400}$/);
  });

  it('survives anything that may happen to a file', () => {
    const good = file(
      {
        one: { dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] },
        two: { dtype: 'F16', shape: [4], data_offsets: [24, 32] },
      },
      32,
    );
    const position = fc.nat(good.length - 1);
    const mutation = fc.oneof(
      // A byte, a digit or a bit replaced, a piece removed, a piece repeated.
      fc
        .record({ at: position, by: fc.integer({ min: 1, max: 255 }) })
        .map(({ at, by }) => (bytes: Uint8Array) => {
          return bytes.map((byte, index) => (index === at ? byte ^ by : byte));
        }),
      fc.record({ nth: fc.nat(30), digit: fc.nat(9) }).map(({ nth, digit }) => (bytes: Uint8Array) => {
        let left = nth;
        return bytes.map((byte) => (byte >= 0x30 && byte <= 0x39 && left-- === 0 ? 0x30 + digit : byte));
      }),
      fc.record({ at: position, size: fc.nat(40) }).map(({ at, size }) => (bytes: Uint8Array) => {
        return Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + size)]);
      }),
      fc.record({ at: position, size: fc.nat(40) }).map(({ at, size }) => (bytes: Uint8Array) => {
        return Uint8Array.from([...bytes.subarray(0, at + size), ...bytes.subarray(at)]);
      }),
    );
    let read = 0;
    let refused = 0;
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 3 }), (mutations) => {
        const bytes = mutations.reduce((changed, mutate) => mutate(changed), good);
        try {
          let values = 0;
          for (const { data } of readSafetensors(bytes, 'x').values()) values += data.length;
          // No more memory than the file accounts for.
          expect(values * 2).toBeLessThanOrEqual(bytes.length);
          read++;
        } catch (error) {
          if (!isSightlineError(error, 'ERR_WEIGHTS_INVALID')) throw error;
          expect(error.message).not.toContain('\n');
          refused++;
        }
      }),
      { numRuns: 800 },
    );
    expect(read).toBeGreaterThan(0);
    expect(refused).toBeGreaterThan(200);
  });

  it('reads the weights of street-b0', () => {
    const path = new URL('../../../../models/street-b0/weights.safetensors', import.meta.url);
    const weights = readSafetensors(readFileSync(path), 'street-b0');
    expect(weights.size).toBe(410);
    expect(weights.get('stem_conv/kernel')?.shape).toEqual([3, 3, 3, 32]);
    let sum = 0;
    for (const { data } of weights.values()) for (const value of data) sum += Math.abs(value);
    expect(sum).toBeGreaterThan(0);
    expect(sum).toBeLessThan(Infinity);
  });
});
