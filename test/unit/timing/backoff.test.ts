import { describe, expect, it } from 'vitest';
import { Backoff } from '../../../src/timing/backoff.js';

describe('waits between attempts', () => {
  const limits = { firstMs: 500, longestMs: 30_000 };

  it('double from the first to the longest, and begin anew after a success', () => {
    // The largest number that `random` may give.
    const backoff = new Backoff(limits, () => 1 - Number.EPSILON);
    const waits = Array.from({ length: 9 }, () => Math.round(backoff.failed()));
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
    backoff.succeeded();
    expect(Math.round(backoff.failed())).toBe(500);
  });

  it('are no less than half of that, and different for cameras that went away together', () => {
    const shortest = new Backoff(limits, () => 0);
    expect([shortest.failed(), shortest.failed()]).toEqual([250, 500]);
    const waits = Array.from({ length: 20 }, () => new Backoff(limits).failed());
    expect(new Set(waits).size).toBeGreaterThan(10);
    for (const wait of waits) expect(wait >= 250 && wait < 500).toBe(true);
  });

  it('stay finite after any number of failures', () => {
    const backoff = new Backoff(limits, () => 0.5);
    for (let failure = 0; failure < 5000; failure++) backoff.failed();
    expect(backoff.failed()).toBe(22_500);
  });
});
