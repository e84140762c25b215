import type { Detection } from '../../contract/detector.js';
import type { ClassVotes } from '../class-votes.js';
import { Corners } from '../corners.js';

/** Larger coordinates are a broken detector's, and their squares would leave the range of the filter. */
const FARTHEST_PX = 1e7;
/** Thinner boxes have no height that noise could be measured by. */
const THINNEST_PX = 1e-3;

/** The detections of one frame as typed arrays, reused from frame to frame. */
export class DetectionBuffer {
  /** Number of usable detections. */
  count = 0;
  readonly corners = new Corners(64);
  score = new Float64Array(64);
  classSlot = new Int32Array(64);
  classId = new Float64Array(64);
  /** Position of each one in the list that was loaded. */
  source = new Int32Array(64);
  /** The track that took each one in this frame, or −1; for the tracker's use. */
  takenBy = new Int32Array(64);

  /** Replaces the content. Boxes that are empty, not finite or millions of pixels away are left out, as is confidence 0 or NaN. */
  load(detections: readonly Detection[], classes: ClassVotes): void {
    if (detections.length > this.score.length) this.fit(Math.max(detections.length, this.score.length * 2));
    this.count = 0;
    for (let i = 0; i < detections.length; i++) {
      const detection = detections[i]!;
      if (!isUsable(detection)) continue;
      const at = this.count++;
      this.corners.set(at, detection.box);
      this.score[at] = detection.confidence;
      this.classSlot[at] = classes.slotOf(detection.classId, detection.label);
      this.classId[at] = detection.classId;
      this.source[at] = i;
      this.takenBy[at] = -1;
    }
  }

  private fit(capacity: number): void {
    this.corners.grow(capacity);
    this.score = new Float64Array(capacity);
    this.classSlot = new Int32Array(capacity);
    this.classId = new Float64Array(capacity);
    this.source = new Int32Array(capacity);
    this.takenBy = new Int32Array(capacity);
  }
}

function isUsable({ box, confidence }: Detection): boolean {
  // Written so that NaN fails each comparison.
  return (
    box.x2 - box.x1 >= THINNEST_PX &&
    box.y2 - box.y1 >= THINNEST_PX &&
    Math.abs(box.x1) <= FARTHEST_PX &&
    Math.abs(box.y1) <= FARTHEST_PX &&
    Math.abs(box.x2) <= FARTHEST_PX &&
    Math.abs(box.y2) <= FARTHEST_PX &&
    confidence > 0 &&
    confidence < Infinity
  );
}
