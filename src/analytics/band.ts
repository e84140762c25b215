import type { Point } from './geometry.js';

/** A stretch of a path by fractions of its length; empty if `from > to`. */
export interface Stretch {
  from: number;
  to: number;
}

/**
 * The part of the straight path p → q (continued both ways) that is less than `reach` away from the segment a → b.
 * What is near a segment is a rectangle with two round ends, which is convex, so the part is one stretch.
 */
export function stretchNear(p: Point, q: Point, a: Point, b: Point, reach: number): Stretch {
  const near: Stretch = { from: Infinity, to: -Infinity };
  joinDisc(near, p, q, a, reach);
  joinDisc(near, p, q, b, reach);
  joinRectangle(near, p, q, a, b, reach);
  return near;
}

/**
 * Where, between `from` and `to`, a path first lies outside of all `stretches`; undefined if they cover it.
 * Sorts `stretches`.
 */
export function firstGap(stretches: Stretch[], from: number, to: number): number | undefined {
  stretches.sort((s, t) => s.from - t.from);
  let covered = from;
  for (const stretch of stretches) {
    if (stretch.from > stretch.to) continue;
    if (stretch.from > covered) break;
    covered = Math.max(covered, stretch.to);
  }
  return covered < to ? covered : undefined;
}

function joinDisc(near: Stretch, p: Point, q: Point, centre: Point, reach: number): void {
  const dx = q.x - p.x;
  const dy = q.y - p.y;
  const mx = p.x - centre.x;
  const my = p.y - centre.y;
  const squared = dx * dx + dy * dy;
  if (squared === 0) {
    if (mx * mx + my * my < reach * reach) join(near, -Infinity, Infinity);
    return;
  }
  const middle = -(dx * mx + dy * my) / squared;
  const offset = (dx * my - dy * mx) ** 2 / squared;
  const half = Math.sqrt((reach * reach - offset) / squared);
  if (half >= 0) join(near, middle - half, middle + half);
}

function joinRectangle(near: Stretch, p: Point, q: Point, a: Point, b: Point, reach: number): void {
  const length = Math.hypot(b.x - a.x, b.y - a.y);
  const ux = (b.x - a.x) / length;
  const uy = (b.y - a.y) / length;
  const along = (p.x - a.x) * ux + (p.y - a.y) * uy;
  const across = (p.y - a.y) * ux - (p.x - a.x) * uy;
  const alongStep = (q.x - p.x) * ux + (q.y - p.y) * uy;
  const acrossStep = (q.y - p.y) * ux - (q.x - p.x) * uy;
  const first = between(along, alongStep, 0, length);
  const second = between(across, acrossStep, -reach, reach);
  const from = Math.max(first.from, second.from);
  const to = Math.min(first.to, second.to);
  if (from <= to) join(near, from, to);
}

/** Where `start + step · f` lies between two values. */
function between(start: number, step: number, least: number, most: number): Stretch {
  if (step === 0) {
    return start > least && start < most
      ? { from: -Infinity, to: Infinity }
      : { from: Infinity, to: -Infinity };
  }
  const one = (least - start) / step;
  const other = (most - start) / step;
  return { from: Math.min(one, other), to: Math.max(one, other) };
}

function join(near: Stretch, from: number, to: number): void {
  near.from = Math.min(near.from, from);
  near.to = Math.max(near.to, to);
}
