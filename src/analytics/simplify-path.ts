import type { Point } from './geometry.js';

/** A place at a time. */
export interface PathPoint extends Point {
  readonly us: number;
}

/**
 * Leaves out points that lie within `tolerance` pixels of the path without them; the ends stay
 * (Ramer 1972; Douglas and Peucker 1973). @returns the same objects, in order.
 */
export function simplifyPath(points: readonly PathPoint[], tolerance: number): PathPoint[] {
  if (points.length < 3) return [...points];
  const kept = new Uint8Array(points.length);
  kept[0] = 1;
  kept[points.length - 1] = 1;
  const stretches: [number, number][] = [[0, points.length - 1]];
  for (let stretch = stretches.pop(); stretch !== undefined; stretch = stretches.pop()) {
    const [first, last] = stretch;
    let farthest = first;
    let most = tolerance;
    for (let i = first + 1; i < last; i++) {
      const distance = distanceToSegment(points[i]!, points[first]!, points[last]!);
      if (distance <= most) continue;
      most = distance;
      farthest = i;
    }
    if (farthest === first) continue;
    kept[farthest] = 1;
    stretches.push([first, farthest], [farthest, last]);
  }
  return points.filter((_, i) => kept[i] === 1);
}

/** Simplifies with a growing tolerance until at most `most` points are left. `most` is at least 2. */
export function boundPath(points: readonly PathPoint[], tolerance: number, most: number): PathPoint[] {
  let result = simplifyPath(points, tolerance);
  for (let wider = Math.max(tolerance, 0.5); result.length > most; wider *= 1.5) {
    result = simplifyPath(points, wider);
  }
  return result;
}

function distanceToSegment(p: Point, a: Point, b: Point): number {
  const dx = b.x - a.x;
  const dy = b.y - a.y;
  const squared = dx * dx + dy * dy;
  const at = squared === 0 ? 0 : Math.max(0, Math.min(1, ((p.x - a.x) * dx + (p.y - a.y) * dy) / squared));
  return Math.hypot(p.x - a.x - at * dx, p.y - a.y - at * dy);
}
