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
    // [frames a second, allowed a second, passing in ten seconds]
    [12.5, 10, 100],
    [25, 10, 100],
    [30, 10, 100],
    [60, 10, 100],
    [5, 10, 50],
    [10, 10, 100],
  ])('of %d frames a second and %d allowed, lets %d through in ten seconds', (rate, allowed, expected) => {
    expect(Math.abs(passing(allowed, every(1000 / rate, rate * 10)).length - expected)).toBeLessThanOrEqual(
      1,
    );
  });

  it('lets a frame pass that comes a quarter of an interval early, and none earlier', () => {
    expect(passing(10, [0, 74.9])).toEqual([0]);
    expect(passing(10, [0, 75])).toEqual([0, 75]);
  });

  it('does not make up for a pause with a burst', () => {
    expect(passing(10, [0, 5000, 5010, 5020, 5100])).toEqual([0, 5000, 5100]);
  });
});
