import { describe, expect, it } from 'vitest';
import { RateLimit } from '../../../src/sinks/feed/rate-limit.js';

/** How many of the frames at these times pass. */
function passing(perSecond: number, timesMs: readonly number[]): number[] {
  const limit = new RateLimit(perSecond);
  return timesMs.filter((ms) => {
    const due = limit.isDue(ms);
    if (due) limit.take(ms);
    return due;
  });
}

const every = (intervalMs: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => index * intervalMs);

describe('RateLimit', () => {
  it.each([
    // [frames a second, allowed a second, passing in ten seconds: a second's worth more than ten times as many]
    [12.5, 10, 110],
    [25, 10, 110],
    [30, 10, 110],
    [60, 10, 110],
    [5, 10, 50],
    [10, 10, 100],
    [12.5, 1, 11],
    [12.5, 0.5, 5],
  ])('of %d frames a second and %d allowed, lets %d through in ten seconds', (rate, allowed, expected) => {
    expect(Math.abs(passing(allowed, every(1000 / rate, rate * 10)).length - expected)).toBeLessThanOrEqual(
      1,
    );
  });

  it('lets a frame pass that comes a quarter of an interval early, and none earlier', () => {
    expect(passing(1, [0, 749])).toEqual([0]);
    expect(passing(1, [0, 750])).toEqual([0, 750]);
  });

  it('lets a batch pass as a whole, and no more than a second of it after a pause', () => {
    const batches = [0, 1300, 2600].flatMap((start) => [0, 1, 2, 3].map((at) => start + at));
    expect(passing(10, batches)).toEqual(batches);
    const flood = every(1, 100).map((ms) => 5000 + ms);
    expect(passing(10, [0, ...flood])).toEqual([0, ...flood.slice(0, 10), 5075]);
  });
});
