import type { LumaPyramid } from './luma-pyramid.js';

const RADIUS = 3;
const SIDE = 2 * RADIUS + 1;
const ROUNDS = 6;
const SETTLED = 0.03;
/** Mean difference in brightness, of 255, beyond which a point is not found again. */
const MOST_DIFFERENCE = 12;

/**
 * Where points of one picture lie in the next: Lucas and Kanade's method on a pyramid (Bouguet 2001, "Pyramidal
 * implementation of the Lucas Kanade feature tracker"), windows of 7 × 7. Memory is reused.
 */
export class OpticalFlow {
  /** Places before and after of the points that were found, in pixels of the finest level. */
  readonly fromX: Float64Array;
  readonly fromY: Float64Array;
  readonly toX: Float64Array;
  readonly toY: Float64Array;
  private readonly window = new Float64Array(SIDE * SIDE);
  private readonly gradientX = new Float64Array(SIDE * SIDE);
  private readonly gradientY = new Float64Array(SIDE * SIDE);
  private dx = 0;
  private dy = 0;

  constructor(points: number) {
    this.fromX = new Float64Array(points);
    this.fromY = new Float64Array(points);
    this.toX = new Float64Array(points);
    this.toY = new Float64Array(points);
  }

  /** Follows `count` points. @returns how many were found. */
  follow(before: LumaPyramid, now: LumaPyramid, x: Float64Array, y: Float64Array, count: number): number {
    let found = 0;
    for (let i = 0; i < count; i++) {
      this.dx = 0;
      this.dy = 0;
      let ok = true;
      for (let l = before.levels.length - 1; l >= 0; l--) {
        const share = 1 / 2 ** l;
        ok = this.step(before, now, l, x[i]! * share, y[i]! * share);
        if (l > 0) {
          this.dx *= 2;
          this.dy *= 2;
        }
      }
      if (!ok) continue;
      this.fromX[found] = x[i]!;
      this.fromY[found] = y[i]!;
      this.toX[found] = x[i]! + this.dx;
      this.toY[found++] = y[i]! + this.dy;
    }
    return found;
  }

  /** Improves (dx, dy) on one level. @returns whether the point was found there. */
  private step(before: LumaPyramid, now: LumaPyramid, l: number, x: number, y: number): boolean {
    const width = before.widths[l]!;
    const height = before.heights[l]!;
    const from = before.levels[l]!;
    const into = now.levels[l]!;
    const left = Math.round(x);
    const top = Math.round(y);
    const margin = RADIUS + 1;
    if (left < margin || top < margin || left >= width - margin || top >= height - margin) return false;
    const { window, gradientX, gradientY } = this;
    let xx = 0;
    let xy = 0;
    let yy = 0;
    for (let v = -RADIUS, k = 0; v <= RADIUS; v++) {
      for (let u = -RADIUS; u <= RADIUS; u++, k++) {
        const at = (top + v) * width + left + u;
        const gx = (from[at + 1]! - from[at - 1]!) / 2;
        const gy = (from[at + width]! - from[at - width]!) / 2;
        window[k] = from[at]!;
        gradientX[k] = gx;
        gradientY[k] = gy;
        xx += gx * gx;
        xy += gx * gy;
        yy += gy * gy;
      }
    }
    const determinant = xx * yy - xy * xy;
    if (!(determinant > 1e-3 * (xx + yy) * (xx + yy) * 0.25) || xx + yy < 50) return false;
    let difference = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const px = left - RADIUS + this.dx;
      const py = top - RADIUS + this.dy;
      if (!(px >= 0 && py >= 0 && px + SIDE < width && py + SIDE < height)) return false;
      const ix = Math.floor(px);
      const iy = Math.floor(py);
      const fx = px - ix;
      const fy = py - iy;
      const w00 = (1 - fx) * (1 - fy);
      const w10 = fx * (1 - fy);
      const w01 = (1 - fx) * fy;
      const w11 = fx * fy;
      let bx = 0;
      let by = 0;
      difference = 0;
      for (let v = 0, k = 0; v < SIDE; v++) {
        let at = (iy + v) * width + ix;
        for (let u = 0; u < SIDE; u++, k++, at++) {
          const value =
            w00 * into[at]! + w10 * into[at + 1]! + w01 * into[at + width]! + w11 * into[at + width + 1]!;
          const rest = window[k]! - value;
          bx += rest * gradientX[k]!;
          by += rest * gradientY[k]!;
          difference += rest < 0 ? -rest : rest;
        }
      }
      const moveX = (yy * bx - xy * by) / determinant;
      const moveY = (xx * by - xy * bx) / determinant;
      this.dx += moveX;
      this.dy += moveY;
      if (moveX * moveX + moveY * moveY < SETTLED * SETTLED) break;
    }
    return difference < MOST_DIFFERENCE * SIDE * SIDE;
  }
}
