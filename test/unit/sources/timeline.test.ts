import { describe, expect, it } from 'vitest';
import { Timeline } from '../../../src/sources/camera/timeline.js';

describe('the timeline of a camera', () => {
  it('begins at 0 and goes by the clock of the stream, however unevenly frames arrive', () => {
    const timeline = new Timeline();
    expect(timeline.next(5_000_000, 100)).toBe(0);
    expect(timeline.next(5_040_000, 190)).toBe(40_000);
    expect(timeline.next(5_080_000, 191)).toBe(80_000);
  });

  it('has as long a gap between two connections as passed for us, whatever the second clock says', () => {
    const timeline = new Timeline();
    timeline.next(0, 0);
    timeline.next(40_000, 40);
    timeline.reconnected();
    expect(timeline.next(900_000_000, 3040)).toBe(3_040_000);
    expect(timeline.next(900_040_000, 3100)).toBe(3_080_000);
    timeline.reconnected();
    expect(timeline.next(0, 3200)).toBe(3_180_000);
  });

  it('goes by arrival where the stream has no clock', () => {
    const timeline = new Timeline();
    expect([10, 47.5, 90].map((ms) => timeline.next(undefined, ms))).toEqual([0, 37_500, 80_000]);
  });

  it('never stands still or goes back', () => {
    const timeline = new Timeline();
    expect([0, 0, -7].map((us) => timeline.next(us, 5))).toEqual([0, 1, 2]);
    expect(timeline.next(undefined, 5)).toBe(3);
  });
});
