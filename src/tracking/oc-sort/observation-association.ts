import { AssignmentSolver, CandidatePairs } from '../../geometry/assignment.js';
import { intersectionOverUnion } from '../../geometry/box.js';
import type { DetectionBuffer } from '../byte-track/detection-buffer.js';
import type { Corners } from '../corners.js';
import type { ObservationBank } from './observations.js';

/** What makes a track and a detection a pair in SORT and OC-SORT. */
export interface OverlapRule {
  /** Least IoU of a pair. */
  readonly iouThreshold: number;
  /** Boxes of different classes pair only from this IoU on. */
  readonly crossClassIou: number;
  /** Weight of the direction of movement against overlap. */
  readonly inertia: number;
  readonly lookBackUs: number;
  /** Assign all boxes first and drop pairs below the threshold afterwards, as the authors' programs do. */
  readonly dropAfterwards: boolean;
}

/** Larger than any sum of overlaps: in a full assignment the number of pairs comes first. */
const FULL = 1000;

/** Pairs tracks with detections by overlap and direction. Holds its scratch memory from frame to frame. */
export class ObservationAssociation {
  private readonly pairs = new CandidatePairs();
  private readonly solver = new AssignmentSolver();
  private columnUses = new Int32Array(64);

  constructor(private readonly observations: ObservationBank) {}

  /**
   * Chooses the pairs with the largest sum of IoU and, with `inertia`, agreement in direction times confidence.
   * @param boxes where the tracks are, by slot. @param slots tracks, the first `slotCount` count.
   * @param columns detections, the first `columnCount` count.
   * @returns for each of `slots` the position in `columns`, or −1; overwritten by the next call.
   */
  match(
    boxes: Corners,
    trackClass: Int32Array,
    slots: Int32Array,
    slotCount: number,
    detections: DetectionBuffer,
    columns: Int32Array,
    columnCount: number,
    rule: OverlapRule,
    ptsUs: number,
  ): Int32Array {
    const { pairs, solver, observations } = this;
    const { iouThreshold, crossClassIou, inertia, lookBackUs } = rule;
    const unique = this.fill(
      boxes,
      trackClass,
      slots,
      slotCount,
      detections,
      columns,
      columnCount,
      rule,
      ptsUs,
    );
    solver.solve(pairs);
    if (!rule.dropAfterwards || unique) return solver.columnOfRow;

    // The full assignment of the authors' programs, where even boxes that are apart are paired for a moment.
    pairs.reset(columnCount);
    for (let i = 0; i < slotCount; i++) {
      const slot = slots[i]!;
      for (let k = 0; k < columnCount; k++) {
        const j = columns[k]!;
        const direction =
          inertia > 0
            ? observations.consistency(slot, detections.corners, j, ptsUs, lookBackUs) * detections.score[j]!
            : 0;
        pairs.add(k, FULL + boxes.overlap(slot, detections.corners, j) + inertia * direction);
      }
      pairs.endRow();
    }
    solver.solve(pairs);
    for (let i = 0; i < slotCount; i++) {
      const k = solver.columnOfRow[i]!;
      if (k === -1) continue;
      const iou = boxes.overlap(slots[i]!, detections.corners, columns[k]!);
      const sameClass = trackClass[slots[i]!] === detections.classSlot[columns[k]!];
      if (iou < iouThreshold || (!sameClass && iou < crossClassIou)) solver.columnOfRow[i] = -1;
    }
    return solver.columnOfRow;
  }

  /** Lists the possible pairs. @returns whether no track and no detection stands in two of them. */
  private fill(
    boxes: Corners,
    trackClass: Int32Array,
    slots: Int32Array,
    slotCount: number,
    detections: DetectionBuffer,
    columns: Int32Array,
    columnCount: number,
    rule: OverlapRule,
    ptsUs: number,
  ): boolean {
    const { pairs, observations } = this;
    const { x1, y1, x2, y2 } = detections.corners;
    const { iouThreshold, crossClassIou, inertia, lookBackUs } = rule;
    if (columnCount > this.columnUses.length) this.columnUses = new Int32Array(columnCount * 2);
    this.columnUses.fill(0, 0, columnCount);
    let unique = true;
    let any = false;
    pairs.reset(columnCount);
    for (let i = 0; i < slotCount; i++) {
      const slot = slots[i]!;
      const left = boxes.x1[slot]!;
      const top = boxes.y1[slot]!;
      const right = boxes.x2[slot]!;
      const bottom = boxes.y2[slot]!;
      let rowUses = 0;
      for (let k = 0; k < columnCount; k++) {
        const j = columns[k]!;
        if (x1[j]! >= right || x2[j]! <= left || y1[j]! >= bottom || y2[j]! <= top) continue;
        const iou = intersectionOverUnion(left, top, right, bottom, x1[j]!, y1[j]!, x2[j]!, y2[j]!);
        if (!(iou > iouThreshold)) continue;
        if (iou < crossClassIou && detections.classSlot[j] !== trackClass[slot]) continue;
        const direction =
          inertia > 0
            ? observations.consistency(slot, detections.corners, j, ptsUs, lookBackUs) * detections.score[j]!
            : 0;
        const gain = iou + inertia * direction;
        if (!(gain > 0)) continue;
        pairs.add(k, gain);
        any = true;
        if (rowUses++ > 0 || this.columnUses[k]!++ > 0) unique = false;
      }
      pairs.endRow();
    }
    return unique && any;
  }
}
