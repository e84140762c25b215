/** Geometry in whole numbers of any length: what the quick one is held against. */
import type { Point } from '../../../src/analytics/geometry.js';

export interface ExactPoint {
  readonly x: bigint;
  readonly y: bigint;
}

const SCALE = 10n ** 6n;

/** A point with small whole coordinates, in millionths. */
export function exact({ x, y }: Point): ExactPoint {
  return { x: BigInt(x) * SCALE, y: BigInt(y) * SCALE };
}

/** The same point of a path, moved by (ε, ε²) with ε = 1/1000: too little to reach past a point of the grid. */
export function shifted(point: Point): ExactPoint {
  const { x, y } = exact(point);
  return { x: x + 1000n, y: y + 1n };
}

/** 1 or −1 where p → q cuts a → b at inner points of both, else 0; 1 is from the left of a → b to its right. */
export function cutSign(p: ExactPoint, q: ExactPoint, a: ExactPoint, b: ExactPoint): number {
  const path = minus(q, p);
  const edge = minus(b, a);
  const divisor = cross(path, edge);
  if (divisor === 0n) return 0;
  const onPath = cross(minus(a, p), edge);
  const onEdge = cross(minus(a, p), path);
  const within = (share: bigint) =>
    divisor > 0n ? share > 0n && share < divisor : share < 0n && share > divisor;
  if (!within(onPath) || !within(onEdge)) return 0;
  return divisor < 0n ? 1 : -1;
}

/** Whether a point is inside of a ring, by the number of times that the ring winds around it (Sunday 2001). */
export function isInside(point: ExactPoint, ring: readonly ExactPoint[]): boolean {
  let turns = 0;
  ring.forEach((a, i) => {
    const b = ring[(i + 1) % ring.length]!;
    const side = cross(minus(b, a), minus(point, a));
    if (a.y <= point.y && b.y > point.y && side > 0n) turns++;
    if (a.y > point.y && b.y <= point.y && side < 0n) turns--;
  });
  return turns !== 0;
}

/** A double as a whole number of the smallest double. */
export function unitsOf(value: number): bigint {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, value);
  const high = BigInt(bits.getUint32(0));
  const exponent = (high >> 20n) & 0x7ffn;
  const fraction = ((high & 0xfffffn) << 32n) | BigInt(bits.getUint32(4));
  const size = exponent === 0n ? fraction : (fraction | (1n << 52n)) << (exponent - 1n);
  return high >> 31n === 1n ? -size : size;
}

export function cross(a: ExactPoint, b: ExactPoint): bigint {
  return a.x * b.y - a.y * b.x;
}

export function minus(a: ExactPoint, b: ExactPoint): ExactPoint {
  return { x: a.x - b.x, y: a.y - b.y };
}
