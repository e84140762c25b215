import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  NUT_FILE_ID,
  nutChecksum,
  toSigned,
  toUnsigned,
  varintLength,
  writeVarint,
} from '../../../src/ffmpeg/nut-format.js';

test('a file begins with 25 bytes that end in zero', () => {
  expect(NUT_FILE_ID).toHaveLength(25);
  expect(Buffer.from(NUT_FILE_ID).toString('latin1')).toBe('nut/multimedia container\0');
});

test.each([
  [0, '00'],
  [127, '7f'],
  [128, '8100'],
  [3072, '9800'],
  [81920, '858000'],
  // Past 32 bits, where bit operations would wrap.
  [2 ** 40, 'a08080808000'],
  [Number.MAX_SAFE_INTEGER, '8fffffffffffff7f'],
])('%d is written as %s', (value, hex) => {
  const bytes = new Uint8Array(varintLength(value));
  expect(writeVarint(bytes, 0, value)).toBe(bytes.length);
  expect(Buffer.from(bytes).toString('hex')).toBe(hex);
});

test.each([
  [0, 0],
  [1, 1],
  [-1, 2],
  [2, 3],
  [-2, 4],
])('the signed number %d stands as %d', (signed, unsigned) => {
  expect(toUnsigned(signed)).toBe(unsigned);
  expect(toSigned(unsigned)).toBe(signed);
});

test('signed numbers survive the way there and back', () => {
  fc.assert(
    fc.property(fc.integer({ min: -(2 ** 51), max: 2 ** 51 }), (value) => {
      expect(toSigned(toUnsigned(value))).toBe(value);
    }),
  );
});

test('the checksum equals the one that ffmpeg wrote', () => {
  // Second stream header of `ffmpeg -f nut`, ffmpeg 5.1: yuv420p 64×48, then its checksum.
  const body = Buffer.from('01000449343230000e8580000000004030010100', 'hex');
  expect(nutChecksum(body).toString(16)).toBe('788cd6d2');
});
