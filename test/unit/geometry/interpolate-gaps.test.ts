import { describe, expect, it } from 'vitest';
import { interpolateGaps } from '../../../src/geometry/interpolate-gaps.js';

const box = (x: number): { x1: number; y1: number; x2: number; y2: number } => ({
  x1: x,
  y1: 0,
  x2: x + 10,
  y2: 20,
});
const times = [0, 100, 200, 300, 400, 500];

describe('interpolateGaps', () => {
  it('puts boxes on the straight line between sightings, by time', () => {
    const points = [
      { trackId: 1, ptsUs: 400, box: box(80) },
      { trackId: 1, ptsUs: 100, box: box(20) },
    ];
    const filled = interpolateGaps(points, [0, 100, 150, 300, 400], 1000);
    expect(filled.map(({ ptsUs, box: { x1 } }) => [ptsUs, x1])).toEqual([
      [150, 30],
      [300, 60],
    ]);
    expect(filled[0]!.before).toBe(points[1]);
    expect(filled[0]!.after).toBe(points[0]);
  });

  it('leaves long gaps, and gaps between tracks, as they are', () => {
    const points = [
      { trackId: 1, ptsUs: 0, box: box(0) },
      { trackId: 1, ptsUs: 300, box: box(30) },
      { trackId: 2, ptsUs: 500, box: box(50) },
    ];
    expect(interpolateGaps(points, times, 299)).toEqual([]);
    expect(interpolateGaps(points, times, 300).map(({ ptsUs }) => ptsUs)).toEqual([100, 200]);
    expect(interpolateGaps([], times, 300)).toEqual([]);
  });
});
