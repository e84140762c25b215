import type { Detection, Track, Tracker, TrackerUpdate } from '../types.js';
import type { TrackerPicture } from './camera-motion.js';

/** Follows objects through one source, from one epoch to the next. Pure: the same calls give the same answers. */
export interface ObjectTracker extends Tracker {
  /** Whether `update` makes use of a picture. */
  readonly usesPicture: boolean;
  /**
   * @param ptsUs media time of the frame; must not go backwards (call `flush` where a stream's clock restarts).
   * @param picture the network's input of this frame, only read during the call.
   */
  update(detections: readonly Detection[], ptsUs: number, picture?: TrackerPicture): TrackerUpdate;
  /** Ends all tracks, as at the end of an epoch. Times may start anew afterwards; ids go on and are never given again. @returns the tracks that ended. */
  flush(): readonly Track[];
}
