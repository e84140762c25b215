import { AssignmentSolver, CandidatePairs } from '../../geometry/assignment.js';
import type { DetectionBuffer } from './detection-buffer.js';
import { intersectionOverUnion } from '../../geometry/box.js';
import type { TrackStore } from './track-store.js';

/** What makes a track and a detection a pair. */
export interface PairRule {
  /** A pair costs `1 − IoU`, or `1 − IoU · confidence` if `fuseScore`; it is possible below this cost. */
  readonly limit: number;
  readonly fuseScore: boolean;
  /** Boxes of different classes pair only from this IoU on. */
  readonly crossClassIou: number;
  /** Added to widths and heights: 1 where boxes are meant to include their last pixel, else 0. */
  readonly lastPixel: 0 | 1;
}

/** Pairs tracks with detections by overlap. Holds its scratch memory from frame to frame. */
export class Association {
  private readonly pairs = new CandidatePairs();
  private readonly solver = new AssignmentSolver();

  /**
   * Chooses the pairs with the largest sum of `limit − cost`.
   * @param slots tracks, the first `slotCount` count; `columns` are detections, the first `columnCount` count.
   * @returns for each of `slots` the position in `columns`, or −1; overwritten by the next call.
   */
  match(
    tracks: TrackStore,
    slots: Int32Array,
    slotCount: number,
    detections: DetectionBuffer,
    columns: Int32Array,
    columnCount: number,
    rule: PairRule,
  ): Int32Array {
    const { pairs } = this;
    const { x1, y1, x2, y2 } = detections.corners;
    const { score, classSlot } = detections;
    const { limit, fuseScore, crossClassIou, lastPixel } = rule;
    pairs.reset(columnCount);
    for (let i = 0; i < slotCount; i++) {
      const slot = slots[i]!;
      const left = tracks.corners.x1[slot]!;
      const top = tracks.corners.y1[slot]!;
      const right = tracks.corners.x2[slot]! + lastPixel;
      const bottom = tracks.corners.y2[slot]! + lastPixel;
      const ownClass = tracks.classSlot[slot]!;
      for (let k = 0; k < columnCount; k++) {
        const j = columns[k]!;
        // Most pairs are apart; the first comparisons settle them.
        if (x1[j]! >= right || x2[j]! + lastPixel <= left || y1[j]! >= bottom || y2[j]! + lastPixel <= top)
          continue;
        const iou = intersectionOverUnion(
          left,
          top,
          right,
          bottom,
          x1[j]!,
          y1[j]!,
          x2[j]! + lastPixel,
          y2[j]! + lastPixel,
        );
        if (iou < crossClassIou && classSlot[j] !== ownClass) continue;
        const cost = 1 - (fuseScore ? iou * score[j]! : iou);
        if (cost < limit) pairs.add(k, limit - cost);
      }
      pairs.endRow();
    }
    this.solver.solve(pairs);
    return this.solver.columnOfRow;
  }
}
