import type { Box } from '../contract/picture.js';

/** One sighting of a track. */
export interface TrackPoint {
  readonly trackId: number;
  readonly ptsUs: number;
  readonly box: Box;
}

/** A box that was not seen but lies between two that were. */
export interface InterpolatedPoint<T extends TrackPoint> {
  /** The sightings before and after the gap. */
  readonly before: T;
  readonly after: T;
  readonly ptsUs: number;
  readonly box: Box;
}

/**
 * Fills the gaps of tracks after the fact: for each frame time between two sightings of a track that are at most
 * `longestUs` apart, the box on the straight line between them (as ByteTrack's authors do for benchmarks).
 * @param points sightings, any order. @param frameTimesUs times of all frames, any order.
 * @returns only what was filled in, by track and time.
 */
export function interpolateGaps<T extends TrackPoint>(
  points: readonly T[],
  frameTimesUs: readonly number[],
  longestUs: number,
): InterpolatedPoint<T>[] {
  const times = frameTimesUs.toSorted((a, b) => a - b);
  const filled: InterpolatedPoint<T>[] = [];
  const byTrack = points.toSorted((a, b) => a.trackId - b.trackId || a.ptsUs - b.ptsUs);
  for (let i = 1; i < byTrack.length; i++) {
    const before = byTrack[i - 1]!;
    const after = byTrack[i]!;
    const gapUs = after.ptsUs - before.ptsUs;
    if (before.trackId !== after.trackId || gapUs <= 0 || gapUs > longestUs) continue;
    for (let k = firstAfter(times, before.ptsUs); k < times.length && times[k]! < after.ptsUs; k++) {
      const ptsUs = times[k]!;
      const share = (ptsUs - before.ptsUs) / gapUs;
      filled.push({ before, after, ptsUs, box: between(before.box, after.box, share) });
    }
  }
  return filled;
}

function between(a: Box, b: Box, share: number): Box {
  return {
    x1: a.x1 + share * (b.x1 - a.x1),
    y1: a.y1 + share * (b.y1 - a.y1),
    x2: a.x2 + share * (b.x2 - a.x2),
    y2: a.y2 + share * (b.y2 - a.y2),
  };
}

/** Where the first of ascending `times` after `timeUs` stands. */
function firstAfter(times: readonly number[], timeUs: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle]! <= timeUs) low = middle + 1;
    else high = middle;
  }
  return low;
}
