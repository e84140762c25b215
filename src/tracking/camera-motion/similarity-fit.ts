import type { Similarity } from './similarity.js';
import type { OpticalFlow } from './optical-flow.js';

const TRIES = 60;
/** A point agrees with a motion if it lands this near, in pixels of the small picture. */
const NEAR_PX = 1;

/** The similarity that most points agree on: random pairs (with a fixed seed), then least squares over those that agree. */
export class SimilarityFit {
  private readonly agrees: Uint8Array;
  private a = 1;
  private b = 0;
  private tx = 0;
  private ty = 0;

  constructor(points: number) {
    this.agrees = new Uint8Array(points);
  }

  /**
   * Writes the motion of `count` points in source pixels to `into`.
   * @param scaleX @param scaleY source pixels of a pixel of the small picture.
   * @returns how many points agree; `into` is untouched when there are fewer than two.
   */
  solve(flow: OpticalFlow, count: number, scaleX: number, scaleY: number, into: Similarity): number {
    if (count < 2) return 0;
    let seed = 12345;
    let best = 0;
    let a = 1;
    let b = 0;
    let tx = 0;
    let ty = 0;
    for (let i = 0; i < TRIES; i++) {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      const p = (seed >>> 8) % count;
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      const q = (seed >>> 8) % count;
      if (!this.fromPair(flow, p, q)) continue;
      const agreeing = this.count(flow, count);
      if (agreeing <= best) continue;
      best = agreeing;
      ({ a, b, tx, ty } = this);
    }
    if (best < 2) return 0;
    ({ a: this.a, b: this.b, tx: this.tx, ty: this.ty } = { a, b, tx, ty });
    this.count(flow, count);
    this.refine(flow, count);
    best = this.count(flow, count);
    // Both axes have nearly the same scale; the difference is that of anamorphic video.
    into.a = this.a;
    into.b = this.b;
    into.tx = this.tx * scaleX;
    into.ty = this.ty * scaleY;
    return best;
  }

  private fromPair({ fromX, fromY, toX, toY }: OpticalFlow, p: number, q: number): boolean {
    const ux = fromX[q]! - fromX[p]!;
    const uy = fromY[q]! - fromY[p]!;
    const length = ux * ux + uy * uy;
    if (length < 400) return false;
    const vx = toX[q]! - toX[p]!;
    const vy = toY[q]! - toY[p]!;
    this.a = (ux * vx + uy * vy) / length;
    this.b = (ux * vy - uy * vx) / length;
    this.tx = toX[p]! - this.a * fromX[p]! + this.b * fromY[p]!;
    this.ty = toY[p]! - this.b * fromX[p]! - this.a * fromY[p]!;
    return true;
  }

  private count({ fromX, fromY, toX, toY }: OpticalFlow, count: number): number {
    const { a, b, tx, ty } = this;
    let agreeing = 0;
    for (let i = 0; i < count; i++) {
      const dx = a * fromX[i]! - b * fromY[i]! + tx - toX[i]!;
      const dy = b * fromX[i]! + a * fromY[i]! + ty - toY[i]!;
      const agrees = dx * dx + dy * dy < NEAR_PX * NEAR_PX ? 1 : 0;
      this.agrees[i] = agrees;
      agreeing += agrees;
    }
    return agreeing;
  }

  private refine({ fromX, fromY, toX, toY }: OpticalFlow, count: number): void {
    let n = 0;
    let mx = 0;
    let my = 0;
    let nx = 0;
    let ny = 0;
    for (let i = 0; i < count; i++) {
      if (this.agrees[i] === 0) continue;
      n++;
      mx += fromX[i]!;
      my += fromY[i]!;
      nx += toX[i]!;
      ny += toY[i]!;
    }
    mx /= n;
    my /= n;
    nx /= n;
    ny /= n;
    let spread = 0;
    let along = 0;
    let across = 0;
    for (let i = 0; i < count; i++) {
      if (this.agrees[i] === 0) continue;
      const ux = fromX[i]! - mx;
      const uy = fromY[i]! - my;
      const vx = toX[i]! - nx;
      const vy = toY[i]! - ny;
      spread += ux * ux + uy * uy;
      along += ux * vx + uy * vy;
      across += ux * vy - uy * vx;
    }
    if (!(spread > 0)) return;
    this.a = along / spread;
    this.b = across / spread;
    this.tx = nx - this.a * mx + this.b * my;
    this.ty = ny - this.b * mx - this.a * my;
  }
}
