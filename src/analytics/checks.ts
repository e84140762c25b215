/** Says what is wrong with settings, and where. */
import { SightlineError } from '../errors.js';
import { didYouMean } from '../text/nearest-name.js';
import { Boundary } from './boundary.js';
import { orientation, type Point } from './geometry.js';

/** @throws SightlineError ERR_USAGE, always. */
export function fail(where: string, what: string): never {
  throw new SightlineError('ERR_USAGE', `analytics: ${where} ${what}`);
}

/** Names must differ: they tell events apart. @throws SightlineError ERR_USAGE */
export function checkNames(list: string, rules: readonly { readonly name: string }[]): void {
  rules.forEach(({ name }, i) => {
    const first = rules.findIndex((rule) => rule.name === name);
    if (first < i) fail(`${list}[${i}]`, `is called "${name}" as ${list}[${first}] is; names must differ`);
  });
}

/** A test for the given classes, or for all. @throws SightlineError ERR_USAGE for a class that cannot occur. */
export function classFilter(
  where: string,
  wanted: readonly string[] | undefined,
  classes: readonly string[],
): (label: string) => boolean {
  if (wanted === undefined) return () => true;
  for (const name of wanted) {
    if (classes.includes(name)) continue;
    const hint = didYouMean(name, classes);
    fail(
      `${where}.classes`,
      `has "${name}", which the model does not have${hint}; it has ${classes.join(', ')}`,
    );
  }
  const accepted = new Set(wanted);
  return (label) => accepted.has(label);
}

/**
 * A shape that no object in the picture can reach would count nothing. One that reaches out of it is fine.
 * @param points in pixels. @throws SightlineError ERR_USAGE
 */
export function checkInPicture(
  where: string,
  points: readonly Point[],
  { width, height }: { readonly width: number; readonly height: number },
): void {
  const [xs, ys] = [points.map(({ x }) => x), points.map(({ y }) => y)];
  const beside = Math.max(...xs) < 0 || Math.min(...xs) > width;
  if (!beside && Math.max(...ys) >= 0 && Math.min(...ys) <= height) return;
  fail(
    where,
    `lies outside of the picture, which is ${width} × ${height} pixels: it reaches from ` +
      `(${Math.min(...xs)}, ${Math.min(...ys)}) to (${Math.max(...xs)}, ${Math.max(...ys)})`,
  );
}

/** Neighbours must differ, and the line must not run back over itself. @throws SightlineError ERR_USAGE */
export function checkLine(where: string, points: readonly Point[]): void {
  checkPoints(where, points);
  for (let i = 2; i < points.length; i++) {
    const b = points[i - 1]!;
    if (turnsBack(points[i - 2]!, b, points[i]!))
      fail(where, `turns back on itself at point ${i - 1}, ${show(b)}`);
  }
}

function checkPoints(where: string, points: readonly Point[]): void {
  points.forEach((point, i) => {
    const before = points[i - 1];
    if (before !== undefined && before.x === point.x && before.y === point.y)
      fail(`${where}[${i}]`, `is the same point as the one before, ${show(point)}`);
  });
}

/**
 * Rings must be simple, and holes lie within the polygon and apart from each other.
 * @param rings the outer ring, then holes; not closed. @throws SightlineError ERR_USAGE
 */
export function checkRings(where: string, rings: readonly (readonly Point[])[]): void {
  const nameOf = (i: number) => (i === 0 ? `${where}.polygon` : `${where}.holes[${i - 1}]`);
  rings.forEach((ring, i) => {
    checkPoints(nameOf(i), ring);
    checkSimple(nameOf(i), ring);
  });
  for (let i = 1; i < rings.length; i++) {
    for (let k = 0; k < i; k++) {
      if (ringsCross(rings[i]!, rings[k]!)) fail(nameOf(i), `crosses ${nameOf(k)}`);
      if (k === 0 && !isWithin(rings[i]!, rings[0]!)) fail(nameOf(i), `lies outside of ${nameOf(0)}`);
      if (k > 0 && (isWithin(rings[i]!, rings[k]!) || isWithin(rings[k]!, rings[i]!)))
        fail(nameOf(i), `and ${nameOf(k)} lie in each other`);
    }
  }
}

function checkSimple(where: string, ring: readonly Point[]): void {
  const count = ring.length;
  for (let i = 0; i < count; i++) {
    const a = ring[i]!;
    const b = ring[(i + 1) % count]!;
    const c = ring[(i + 2) % count]!;
    if (turnsBack(a, b, c)) fail(where, `turns back on itself at point ${(i + 1) % count}, ${show(b)}`);
    for (let k = i + 2; k < count; k++) {
      if (i === 0 && k === count - 1) continue;
      const p = ring[k]!;
      const q = ring[(k + 1) % count]!;
      if (touch(a, b, p, q))
        fail(where, `crosses or touches itself: edge ${show(a)}–${show(b)} meets edge ${show(p)}–${show(q)}`);
    }
  }
}

function ringsCross(one: readonly Point[], other: readonly Point[]): boolean {
  return one.some((a, i) =>
    other.some((p, k) => cross(a, one[(i + 1) % one.length]!, p, other[(k + 1) % other.length]!)),
  );
}

function turnsBack(a: Point, b: Point, c: Point): boolean {
  return orientation(a, b, c) === 0 && (c.x - b.x) * (b.x - a.x) + (c.y - b.y) * (b.y - a.y) <= 0;
}

/** For rings that do not cross: decided by the points of `inner` that are not on `outer`. */
function isWithin(inner: readonly Point[], outer: readonly Point[]): boolean {
  const free = inner.find((point) => outer.every((a, i) => !isOn(point, a, outer[(i + 1) % outer.length]!)));
  return Boundary.ofRings([outer]).contains(free ?? inner[0]!);
}

/** Whether two segments have a point in common. */
function touch(a: Point, b: Point, p: Point, q: Point): boolean {
  return cross(a, b, p, q) || isOn(p, a, b) || isOn(q, a, b) || isOn(a, p, q) || isOn(b, p, q);
}

/** Whether two segments cut each other at inner points of both. */
function cross(a: Point, b: Point, p: Point, q: Point): boolean {
  return orientation(a, b, p) * orientation(a, b, q) < 0 && orientation(p, q, a) * orientation(p, q, b) < 0;
}

function isOn(point: Point, a: Point, b: Point): boolean {
  return (
    orientation(a, b, point) === 0 &&
    point.x >= Math.min(a.x, b.x) &&
    point.x <= Math.max(a.x, b.x) &&
    point.y >= Math.min(a.y, b.y) &&
    point.y <= Math.max(a.y, b.y)
  );
}

function show({ x, y }: Point): string {
  return `(${x}, ${y})`;
}
