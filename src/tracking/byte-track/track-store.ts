import { ClassVotes } from '../class-votes.js';
import type { DetectionBuffer } from './detection-buffer.js';
import { Corners } from '../corners.js';
import { KalmanBank } from '../filters/kalman.js';
import type { KalmanNoise } from '../filters/kalman-noise.js';

/** What a track is at the moment; `ENDED` ones keep their memory until the next frame begins. */
export const TENTATIVE = 1;
export const CONFIRMED = 2;
export const LOST = 3;
export const ENDED = 4;

/**
 * The tracks of one source as parallel arrays, one slot a track. Slots are reused, ids never.
 */
export class TrackStore {
  /** Slots of the live tracks, oldest first; the first `count` values count. */
  order: Int32Array;
  count = 0;
  /** Slots of the tracks that ended in this frame after having been confirmed. */
  ended: Int32Array;
  endedCount = 0;

  readonly filter: KalmanBank;
  /** Boxes of the filter's present state; `refresh` copies them. */
  readonly corners: Corners;
  /** Boxes and velocities of the filter when the object was last seen. */
  readonly seen: Corners;
  /** The last detected boxes themselves. */
  readonly observed: Corners;
  seenVelocityX: Float64Array;
  seenVelocityY: Float64Array;
  readonly classes: ClassVotes;
  state: Uint8Array;
  /** 0 before a track has one. */
  id: Float64Array;
  firstUs: Float64Array;
  /** Media time of the last sighting. */
  lastUs: Float64Array;
  score: Float64Array;
  /** Sightings in a row, up to this frame or the last one. */
  hits: Int32Array;
  classSlot: Int32Array;
  /** The detection (its place in the buffer) seen in this frame, or −1. */
  detection: Int32Array;
  /** 1 for a track that came back after its buffer was over (only the published behaviour lets it). */
  expired: Uint8Array;

  private capacity: number;
  private readonly free: number[] = [];
  private used = 0;

  /** @param noise the constants of the filters. */
  constructor(noise: KalmanNoise, capacity = 64) {
    this.capacity = capacity;
    this.order = new Int32Array(capacity);
    this.ended = new Int32Array(capacity);
    this.filter = new KalmanBank(capacity, noise);
    this.corners = new Corners(capacity);
    this.seen = new Corners(capacity);
    this.observed = new Corners(capacity);
    this.seenVelocityX = new Float64Array(capacity);
    this.seenVelocityY = new Float64Array(capacity);
    this.classes = new ClassVotes(capacity);
    this.state = new Uint8Array(capacity);
    this.id = new Float64Array(capacity);
    this.firstUs = new Float64Array(capacity);
    this.lastUs = new Float64Array(capacity);
    this.score = new Float64Array(capacity);
    this.hits = new Int32Array(capacity);
    this.classSlot = new Int32Array(capacity);
    this.detection = new Int32Array(capacity);
    this.expired = new Uint8Array(capacity);
  }

  /** Frees what ended in the last frame and marks every track as not seen yet. */
  beginFrame(): void {
    for (let i = 0; i < this.endedCount; i++) this.free.push(this.ended[i]!);
    this.endedCount = 0;
    for (let i = 0; i < this.count; i++) this.detection[this.order[i]!] = -1;
  }

  /** Starts a tentative track without an id at a first box. @returns its slot. */
  add(x1: number, y1: number, x2: number, y2: number, ptsUs: number, classSlot: number): number {
    const slot = this.free.pop() ?? this.used++;
    if (slot >= this.capacity) this.fit(this.capacity * 2);
    this.order[this.count++] = slot;
    this.state[slot] = TENTATIVE;
    this.id[slot] = 0;
    this.expired[slot] = 0;
    this.hits[slot] = 0;
    this.firstUs[slot] = ptsUs;
    this.classSlot[slot] = classSlot;
    this.classes.clear(slot);
    this.filter.start(slot, x1, y1, x2, y2);
    return slot;
  }

  /** Corrects the filter of a track with a box. */
  correct(slot: number, x1: number, y1: number, x2: number, y2: number): void {
    this.filter.correct(slot, x1, y1, x2, y2);
  }

  /** Notes the sighting of detection `j`, after `add` or `correct` with its box. */
  sight(slot: number, detections: DetectionBuffer, j: number, ptsUs: number): void {
    const score = detections.score[j]!;
    this.refresh(slot);
    this.seen.copy(slot, this.corners);
    this.observed.copyFrom(slot, detections.corners, j);
    this.seenVelocityX[slot] = this.filter.velocity[slot * 4]!;
    this.seenVelocityY[slot] = this.filter.velocity[slot * 4 + 1]!;
    this.lastUs[slot] = ptsUs;
    this.score[slot] = score;
    this.hits[slot]!++;
    this.detection[slot] = j;
    this.classSlot[slot] = this.classes.vote(slot, detections.classSlot[j]!, score, this.classSlot[slot]!);
    detections.takenBy[j] = slot;
  }

  /** Brings `corners` up to the filter's present state. */
  refresh(slot: number): void {
    this.filter.writeBox(slot, this.corners);
  }

  /** Ends a track; it leaves `order` when the frame is finished. */
  end(slot: number): void {
    const announced = this.state[slot] !== TENTATIVE;
    this.state[slot] = ENDED;
    if (announced) this.ended[this.endedCount++] = slot;
    else this.free.push(slot);
  }

  /** Takes ended tracks out of `order`; call once a frame, after the last `end` and before the next `add`. */
  finishFrame(): void {
    let kept = 0;
    for (let i = 0; i < this.count; i++) {
      const slot = this.order[i]!;
      if (this.state[slot] !== ENDED) this.order[kept++] = slot;
    }
    this.count = kept;
  }

  private fit(capacity: number): void {
    this.capacity = capacity;
    this.order = resized(this.order, new Int32Array(capacity));
    this.ended = resized(this.ended, new Int32Array(capacity));
    this.filter.grow(capacity);
    this.corners.grow(capacity);
    this.seen.grow(capacity);
    this.observed.grow(capacity);
    this.seenVelocityX = resized(this.seenVelocityX, new Float64Array(capacity));
    this.seenVelocityY = resized(this.seenVelocityY, new Float64Array(capacity));
    this.classes.grow(capacity);
    this.state = resized(this.state, new Uint8Array(capacity));
    this.id = resized(this.id, new Float64Array(capacity));
    this.firstUs = resized(this.firstUs, new Float64Array(capacity));
    this.lastUs = resized(this.lastUs, new Float64Array(capacity));
    this.score = resized(this.score, new Float64Array(capacity));
    this.hits = resized(this.hits, new Int32Array(capacity));
    this.classSlot = resized(this.classSlot, new Int32Array(capacity));
    this.detection = resized(this.detection, new Int32Array(capacity));
    this.expired = resized(this.expired, new Uint8Array(capacity));
  }
}

function resized<T extends Float64Array | Int32Array | Uint8Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}
