import { intersectionOverUnion } from '../geometry/box.js';
import type { Box } from '../contract/picture.js';

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
    this.copyFrom(index, others, index);
  }

  /** Takes box `from` of `others` as box `index`. */
  copyFrom(index: number, others: Corners, from: number): void {
    this.x1[index] = others.x1[from]!;
    this.y1[index] = others.y1[from]!;
    this.x2[index] = others.x2[from]!;
    this.y2[index] = others.y2[from]!;
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
