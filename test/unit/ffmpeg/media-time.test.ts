import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ticksToMicroseconds } from '../../../src/ffmpeg/media-time.js';

test.each([
  [0, 1, 90000, 0],
  [1, 1, 90000, 11],
  [8_589_934_592, 1, 90000, 95_443_717_689],
  [1, 1001, 30000, 33_367],
  [-750, 1, 1000, -750_000],
  [-1, 1, 90000, -11],
  // Halves go up, as Math.round has it, in both ways of reckoning.
  [1, 1, 2_000_000, 1],
  [-1, 1, 2_000_000, -0],
  // Nanoseconds: a day and half a microsecond.
  [86_400_000_000_500, 1, 1_000_000_000, 86_400_000_001],
  [-86_400_000_000_500, 1, 1_000_000_000, -86_400_000_000],
  [-86_400_000_000_501, 1, 1_000_000_000, -86_400_000_001],
])('%d ticks of %d/%d s are %d µs', (ticks, num, den, expected) => {
  expect(ticksToMicroseconds(ticks, { num, den }) + 0).toBe(expected + 0);
});

test('a shift by whole seconds is exact in ticks and in microseconds', () => {
  const part = fc.integer({ min: 1, max: 1_000_000 });
  fc.assert(
    fc.property(fc.integer({ min: -(2 ** 40), max: 2 ** 40 }), part, part, (ticks, num, den) => {
      const timeBase = { num, den };
      const shifted = ticksToMicroseconds(ticks + 86_400 * den, timeBase) - 86_400 * num * 1e6;
      fc.pre(Number.isSafeInteger(ticksToMicroseconds(ticks + 86_400 * den, timeBase)));
      expect(shifted + 0).toBe(ticksToMicroseconds(ticks, timeBase) + 0);
    }),
  );
});
