import { map, type OperatorFunction } from 'rxjs';
import type { Tracker } from '../contract/tracker.js';
import type { FrameResult } from '../contract/result.js';
import type { Track } from '../contract/tracker.js';
import type { InferredFrame } from './infer-in-batches.js';

/**
 * Follows the objects of one source. Where its clock starts anew all tracks end, with the first frame of the new epoch.
 * References to frames pass through.
 * @param hasPixels whether the tracker may look at the frames.
 */
export function trackFrames(
  tracker: Tracker,
  hasPixels: boolean,
): OperatorFunction<InferredFrame, FrameResult> {
  const looks = hasPixels && tracker.usesPixels;
  let epoch: number | undefined;
  return map(({ frame, detections, queueMs, inferenceMs }) => {
    const started = performance.now();
    const flushed: readonly Track[] = epoch !== undefined && frame.epoch !== epoch ? tracker.flush() : [];
    epoch = frame.epoch;
    const { tracks, ended } = tracker.update(detections, frame.ptsUs, looks ? frame : undefined);
    const trackMs = performance.now() - started;
    return {
      frame,
      detections,
      tracks,
      ended: flushed.length === 0 ? ended : [...flushed, ...ended],
      timing: { queueMs, inferenceMs, trackMs },
    };
  });
}
