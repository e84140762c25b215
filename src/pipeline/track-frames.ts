import { map, type OperatorFunction } from 'rxjs';
import type { FrameResult, Tracker } from '../types.js';
import type { InferredFrame } from './infer-in-batches.js';

/**
 * Follows the objects of one source. Each epoch gets a tracker of its own, because its clock starts anew.
 * References to frames pass through.
 */
export function trackFrames(createTracker: () => Tracker): OperatorFunction<InferredFrame, FrameResult> {
  let tracker: Tracker | undefined;
  let epoch = -1;
  return map(({ frame, detections, queueMs, inferenceMs }) => {
    if (tracker === undefined || frame.epoch !== epoch) {
      tracker = createTracker();
      epoch = frame.epoch;
    }
    const started = performance.now();
    const { tracks, ended } = tracker.update(detections, frame.ptsUs);
    const trackMs = performance.now() - started;
    return { frame, detections, tracks, ended, timing: { queueMs, inferenceMs, trackMs } };
  });
}
