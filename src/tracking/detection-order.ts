import type { DetectionBuffer } from './byte-track/detection-buffer.js';

/** Lists in `into` the detections that no track has taken, with a confidence from `from` to below `below`. @returns how many. */
export function gatherFree(
  { count, score, takenBy }: DetectionBuffer,
  from: number,
  below: number,
  into: Int32Array,
): number {
  let found = 0;
  for (let j = 0; j < count; j++) {
    if (score[j]! >= from && score[j]! < below && takenBy[j] === -1) into[found++] = j;
  }
  return found;
}

/** Orders a list of detections by what they are, so that ids do not depend on the order in which they were listed. */
export function sortStrongestFirst(detections: DetectionBuffer, list: Int32Array, count: number): void {
  for (let k = 1; k < count; k++) {
    const j = list[k]!;
    let at = k;
    while (at > 0 && compare(detections, j, list[at - 1]!) < 0) {
      list[at] = list[at - 1]!;
      at--;
    }
    list[at] = j;
  }
}

/** Whether a detection of another class at the same place has a track: one lorry found as truck and as bus is one track. */
export function isSecondClassOfTaken(detections: DetectionBuffer, j: number, crossClassIou: number): boolean {
  const { corners, classSlot, takenBy, count } = detections;
  for (let k = 0; k < count; k++) {
    if (takenBy[k] === -1 || classSlot[k] === classSlot[j]) continue;
    if (corners.overlap(j, corners, k) >= crossClassIou) return true;
  }
  return false;
}

function compare({ score, corners, classId }: DetectionBuffer, a: number, b: number): number {
  return (
    score[b]! - score[a]! ||
    corners.x1[a]! - corners.x1[b]! ||
    corners.y1[a]! - corners.y1[b]! ||
    corners.x2[a]! - corners.x2[b]! ||
    corners.y2[a]! - corners.y2[b]! ||
    classId[a]! - classId[b]!
  );
}
