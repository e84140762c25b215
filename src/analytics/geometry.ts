/**
 * Signs that are exact. Whether a path crosses a line must not depend on rounding, nor count a path through the shared
 * point of two pieces twice or never. So every path is thought to be shifted by (ε, ε²), ε > 0 smaller than any number:
 * then no point of it lies on an edge and no end of an edge lies on it, and each question has one answer
 * (simulation of simplicity; Edelsbrunner and Mücke 1990, doi:10.1145/77635.77639).
 */

/** A place in source pixels, x to the right and y down. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Half of the distance from 1 to the next double. */
const ROUNDING = 2 ** -53;
/** Relative error of the determinant in doubles; Shewchuk 1997, doi:10.1007/PL00009321, "ccwerrboundA". */
const ERROR_BOUND = (3 + 16 * ROUNDING) * ROUNDING;
/** Cuts a double into two halves of 26 bits (Veltkamp 1968). */
const SPLITTER = 2 ** 27 + 1;

/**
 * The exact sign of (b − a) × (c − a) for coordinates that are 0 or between 1e-100 and 1e100 in size: 1 if c lies to the right of a → b as seen on
 * a screen (y down), −1 if to the left, 0 if on the line.
 */
export function orientation(a: Point, b: Point, c: Point): number {
  const left = (a.x - c.x) * (b.y - c.y);
  const right = (a.y - c.y) * (b.x - c.x);
  const determinant = left - right;
  if (Math.abs(determinant) > ERROR_BOUND * (Math.abs(left) + Math.abs(right))) return Math.sign(determinant);
  return exactOrientation(a, b, c);
}

/** The side of edge a → b, a ≠ b, on which the shifted point p lies: never 0. */
export function sideOfEdge(a: Point, b: Point, p: Point): number {
  return orientation(a, b, p) || Math.sign(a.y - b.y) || Math.sign(b.x - a.x);
}

/** The side of the shifted path p → q, p ≠ q, on which point a lies: never 0. */
export function sideOfPath(p: Point, q: Point, a: Point): number {
  return orientation(p, q, a) || Math.sign(q.y - p.y) || Math.sign(p.x - q.x);
}

/** Distance between two points. */
export function distanceBetween(a: Point, b: Point): number {
  return Math.hypot(b.x - a.x, b.y - a.y);
}

/** The point at `fraction` of the way from p to q. */
export function pointBetween(p: Point, q: Point, fraction: number): Point {
  return { x: p.x + (q.x - p.x) * fraction, y: p.y + (q.y - p.y) * fraction };
}

function exactOrientation(a: Point, b: Point, c: Point): number {
  let sum: number[] = [];
  const addProduct = (x: number, y: number) => {
    const product = x * y;
    sum = plus(plus(sum, productError(x, y, product)), product);
  };
  addProduct(a.x, b.y);
  addProduct(-a.x, c.y);
  addProduct(-c.x, b.y);
  addProduct(-a.y, b.x);
  addProduct(a.y, c.x);
  addProduct(c.y, b.x);
  return Math.sign(sum.at(-1) ?? 0);
}

/** What rounding took from `product` (Dekker 1971). */
function productError(x: number, y: number, product: number): number {
  const xHigh = highHalf(x);
  const yHigh = highHalf(y);
  const xLow = x - xHigh;
  const yLow = y - yHigh;
  return xLow * yLow - (product - xHigh * yHigh - xLow * yHigh - xHigh * yLow);
}

function highHalf(x: number): number {
  const scaled = SPLITTER * x;
  return scaled - (scaled - x);
}

/** Adds to a sum of doubles that do not overlap, smallest first: "Grow-Expansion" of Shewchuk 1997. */
function plus(sum: readonly number[], term: number): number[] {
  const result: number[] = [];
  let carry = term;
  for (const part of sum) {
    const total = carry + part;
    const partInTotal = total - carry;
    const error = carry - (total - partInTotal) + (part - partInTotal);
    if (error !== 0) result.push(error);
    carry = total;
  }
  if (carry !== 0) result.push(carry);
  return result;
}
