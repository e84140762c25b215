import { intersectionOverUnion } from '../../geometry/box.js';
import type { Box } from '../../contract/picture.js';

/** The boxes of one frame and how they overlap. Ids are positions among the ids of the sequence, from 0. */
export interface FramePairs {
  /** Id of each ground-truth box. */
  readonly truth: Int32Array;
  /** Id of each result box. */
  readonly result: Int32Array;
  /** Where the overlaps of each ground-truth box start in `column` and `iou`; one value more than there are boxes. */
  readonly rowStart: Int32Array;
  /** Position of the result box, ascending within a row. */
  readonly column: Int32Array;
  /** Above 0; pairs that do not overlap are not listed. */
  readonly iou: Float64Array;
}

/**
 * Lists the pairs of boxes that overlap.
 * @param truth boxes with the ids that go into the answer, likewise `result`.
 */
export function pairFrame(
  truth: readonly { readonly id: number; readonly box: Box }[],
  result: readonly { readonly id: number; readonly box: Box }[],
): FramePairs {
  const rowStart = new Int32Array(truth.length + 1);
  const column: number[] = [];
  const iou: number[] = [];
  truth.forEach(({ box: a }, row) => {
    result.forEach(({ box: b }, j) => {
      const overlap = intersectionOverUnion(a.x1, a.y1, a.x2, a.y2, b.x1, b.y1, b.x2, b.y2);
      if (overlap <= 0) return;
      column.push(j);
      iou.push(overlap);
    });
    rowStart[row + 1] = column.length;
  });
  return {
    truth: Int32Array.from(truth, ({ id }) => id),
    result: Int32Array.from(result, ({ id }) => id),
    rowStart,
    column: Int32Array.from(column),
    iou: Float64Array.from(iou),
  };
}
