import type { FrameResult } from '../contract/result.js';
import type { Track, Tracker } from '../contract/tracker.js';
import type { InferredFrame } from './infer-in-batches.js';

/** Follows the objects of one source. Where an epoch ends all tracks end, with the first frame of the new one. */
export class FrameTracker {
  readonly #tracker: Tracker;
  readonly #looks: boolean;
  #epoch: number | undefined;

  /** @param hasPixels whether the tracker may look at the frames. */
  constructor(tracker: Tracker, hasPixels: boolean) {
    this.#tracker = tracker;
    this.#looks = hasPixels && tracker.usesPixels;
  }

  /** The reference to the frame passes into the result. */
  track({ frame, detections, queueMs, inferenceMs }: InferredFrame): FrameResult {
    const started = performance.now();
    const epochEnded = this.#epoch !== undefined && frame.epoch !== this.#epoch;
    const flushed: readonly Track[] = epochEnded ? this.#tracker.flush() : [];
    this.#epoch = frame.epoch;
    const looksAt = this.#looks ? frame : undefined;
    const { tracks, ended } = this.#tracker.update(detections, frame.ptsUs, looksAt);
    const trackMs = performance.now() - started;
    return {
      frame,
      detections,
      tracks,
      ended: flushed.length === 0 ? ended : [...flushed, ...ended],
      timing: { queueMs, inferenceMs, trackMs },
    };
  }
}
