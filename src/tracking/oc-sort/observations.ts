import { Corners } from '../corners.js';
import type { KalmanBank } from '../filters/kalman.js';

/** Observations that are kept of each track; at more frames than this within the look-back, the oldest kept one serves. */
const KEPT = 16;
/** Numbers of a filter: positions, velocities and three kinds of variances of four coordinates. */
const FILTER_SIZE = 20;
/** Steps of a replayed gap; longer gaps are replayed with longer steps. */
const MOST_STEPS = 60;

/**
 * What OC-SORT remembers of each track beside its filter: recent boxes with their times, the direction in which it went, and
 * the filter as it was at the last box (Cao et al. 2023, arXiv:2203.14360).
 */
export class ObservationBank {
  /** Unit vector from an observation a look-back ago to the newest one; zero without two observations. */
  directionX: Float64Array;
  directionY: Float64Array;
  private centreX: Float64Array;
  private centreY: Float64Array;
  private timeUs: Float64Array;
  private total: Int32Array;
  private saved: Float64Array;
  private readonly path = new Corners(1);

  constructor(private capacity: number) {
    this.directionX = new Float64Array(capacity);
    this.directionY = new Float64Array(capacity);
    this.centreX = new Float64Array(capacity * KEPT);
    this.centreY = new Float64Array(capacity * KEPT);
    this.timeUs = new Float64Array(capacity * KEPT);
    this.total = new Int32Array(capacity);
    this.saved = new Float64Array(capacity * FILTER_SIZE);
  }

  /** Makes room for `capacity` slots; what is there stays. */
  fit(capacity: number): void {
    if (capacity <= this.capacity) return;
    const size = Math.max(capacity, this.capacity * 2);
    this.capacity = size;
    this.directionX = grown(this.directionX, size);
    this.directionY = grown(this.directionY, size);
    this.centreX = grown(this.centreX, size * KEPT);
    this.centreY = grown(this.centreY, size * KEPT);
    this.timeUs = grown(this.timeUs, size * KEPT);
    const total = new Int32Array(size);
    total.set(this.total);
    this.total = total;
    this.saved = grown(this.saved, size * FILTER_SIZE);
  }

  clear(slot: number): void {
    this.total[slot] = 0;
    this.directionX[slot] = 0;
    this.directionY[slot] = 0;
  }

  /** Number of observations since `clear`. */
  count(slot: number): number {
    return this.total[slot]!;
  }

  /** Notes an observation at the centre of box `j` of `corners`, and the direction that it gives. */
  add(slot: number, corners: Corners, j: number, ptsUs: number, lookBackUs: number): void {
    const x = (corners.x1[j]! + corners.x2[j]!) / 2;
    const y = (corners.y1[j]! + corners.y2[j]!) / 2;
    const total = this.total[slot]!;
    if (total > 0) {
      const past = this.at(slot, ptsUs, lookBackUs);
      const dx = x - this.centreX[past]!;
      const dy = y - this.centreY[past]!;
      const length = Math.sqrt(dx * dx + dy * dy);
      this.directionX[slot] = length > 0 ? dx / length : 0;
      this.directionY[slot] = length > 0 ? dy / length : 0;
    }
    const newest = slot * KEPT + (total % KEPT);
    this.centreX[newest] = x;
    this.centreY[newest] = y;
    this.timeUs[newest] = ptsUs;
    this.total[slot] = total + 1;
  }

  /**
   * How well a box continues a track's direction: (π/2 − angle) / π, from −1/2 (back) to 1/2 (straight on), where the angle is
   * between the direction so far and the one from an observation a look-back ago to the box. 0 without observations.
   */
  consistency(slot: number, corners: Corners, j: number, ptsUs: number, lookBackUs: number): number {
    if (this.total[slot] === 0) return 0;
    const past = this.at(slot, ptsUs, lookBackUs);
    const dx = (corners.x1[j]! + corners.x2[j]!) / 2 - this.centreX[past]!;
    const dy = (corners.y1[j]! + corners.y2[j]!) / 2 - this.centreY[past]!;
    const length = Math.sqrt(dx * dx + dy * dy);
    if (length === 0) return 0;
    const cosine = (this.directionX[slot]! * dx + this.directionY[slot]! * dy) / length;
    return (Math.PI / 2 - Math.acos(Math.max(-1, Math.min(1, cosine)))) / Math.PI;
  }

  /** Keeps the filter of a track as it is now. */
  save(slot: number, filter: KalmanBank): void {
    filter.copyOut(slot, this.saved, slot * FILTER_SIZE);
  }

  /**
   * Observation-centric re-update: takes the filter back to `save` and leads it along the straight line from the last
   * box (`last`, at `slot`) to the box `j` of `corners`, as if the object had been seen at every step on the way.
   * @param steps length of the gap in nominal intervals.
   */
  replay(slot: number, filter: KalmanBank, last: Corners, corners: Corners, j: number, steps: number): void {
    filter.copyIn(slot, this.saved, slot * FILTER_SIZE);
    const count = Math.max(1, Math.min(MOST_STEPS, Math.round(steps)));
    for (let i = 1; i <= count; i++) {
      const share = i / count;
      filter.predict(slot, steps / count);
      this.path.x1[0] = last.x1[slot]! + share * (corners.x1[j]! - last.x1[slot]!);
      this.path.y1[0] = last.y1[slot]! + share * (corners.y1[j]! - last.y1[slot]!);
      this.path.x2[0] = last.x2[slot]! + share * (corners.x2[j]! - last.x2[slot]!);
      this.path.y2[0] = last.y2[slot]! + share * (corners.y2[j]! - last.y2[slot]!);
      filter.correct(slot, this.path.x1[0], this.path.y1[0], this.path.x2[0], this.path.y2[0]);
    }
  }

  /** Where the oldest observation not more than a look-back ago is kept, or else the newest. */
  private at(slot: number, ptsUs: number, lookBackUs: number): number {
    const total = this.total[slot]!;
    const base = slot * KEPT;
    for (let k = Math.max(0, total - KEPT); k < total; k++) {
      if (this.timeUs[base + (k % KEPT)]! >= ptsUs - lookBackUs) return base + (k % KEPT);
    }
    return base + ((total - 1) % KEPT);
  }
}

function grown(values: Float64Array, size: number): Float64Array {
  const larger = new Float64Array(size);
  larger.set(values);
  return larger;
}
