import type { Box } from '../types.js';

/**
 * Overlap of two boxes given by their corners: area of the intersection over area of the union, 0 to 1.
 * Continuous coordinates (no "+ 1" for pixels); 0 when they do not overlap or when both are empty.
 */
export function intersectionOverUnion(
  ax1: number,
  ay1: number,
  ax2: number,
  ay2: number,
  bx1: number,
  by1: number,
  bx2: number,
  by2: number,
): number {
  const width = (ax2 < bx2 ? ax2 : bx2) - (ax1 > bx1 ? ax1 : bx1);
  if (!(width > 0)) return 0;
  const height = (ay2 < by2 ? ay2 : by2) - (ay1 > by1 ? ay1 : by1);
  if (!(height > 0)) return 0;
  const shared = width * height;
  const union = (ax2 - ax1) * (ay2 - ay1) + (bx2 - bx1) * (by2 - by1) - shared;
  return union > 0 ? Math.min(1, shared / union) : 0;
}

/** Corners of many boxes, one array a side, so that inner loops read numbers and not objects. */
export class Corners {
  x1: Float64Array;
  y1: Float64Array;
  x2: Float64Array;
  y2: Float64Array;

  constructor(capacity: number) {
    this.x1 = new Float64Array(capacity);
    this.y1 = new Float64Array(capacity);
    this.x2 = new Float64Array(capacity);
    this.y2 = new Float64Array(capacity);
  }

  /** Makes room for `capacity` boxes; what is there stays. */
  grow(capacity: number): void {
    const { x1, y1, x2, y2 } = this;
    this.x1 = new Float64Array(capacity);
    this.y1 = new Float64Array(capacity);
    this.x2 = new Float64Array(capacity);
    this.y2 = new Float64Array(capacity);
    this.x1.set(x1);
    this.y1.set(y1);
    this.x2.set(x2);
    this.y2.set(y2);
  }

  set(index: number, box: Box): void {
    this.x1[index] = box.x1;
    this.y1[index] = box.y1;
    this.x2[index] = box.x2;
    this.y2[index] = box.y2;
  }

  /** Takes box `index` from `others`. */
  copy(index: number, others: Corners): void {
    this.x1[index] = others.x1[index]!;
    this.y1[index] = others.y1[index]!;
    this.x2[index] = others.x2[index]!;
    this.y2[index] = others.y2[index]!;
  }

  /** Overlap of box `i` here with box `j` of `others`; `lastPixel` is added to all widths and heights. */
  overlap(i: number, others: Corners, j: number, lastPixel: 0 | 1 = 0): number {
    return intersectionOverUnion(
      this.x1[i]!,
      this.y1[i]!,
      this.x2[i]! + lastPixel,
      this.y2[i]! + lastPixel,
      others.x1[j]!,
      others.y1[j]!,
      others.x2[j]! + lastPixel,
      others.y2[j]! + lastPixel,
    );
  }
}
