import type { Detection, Track, Tracker, TrackerUpdate } from '../types.js';
import { createBotSortTracker, createByteTracker } from './byte-tracker.js';
import type { TrackerPicture } from './camera-motion.js';
import { createOcSortTracker, createSortTracker } from './oc-sort.js';
import { parseTrackerOptions, type TrackerName, trackerNameOf } from './tracker-options.js';

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

/**
 * A tracker by its name: `bytetrack`, `botsort`, `ocsort` or `sort`, also written with dashes, underscores or capitals.
 * @param options parameters under their usual names or in camelCase; see docs/tracking.md.
 * @throws SightlineError ERR_USAGE for an unknown name or parameter, with the nearest one, and for values out of range.
 */
export function createTracker(name: string, options: Readonly<Record<string, unknown>> = {}): ObjectTracker {
  const known = trackerNameOf(name);
  return makers[known](parseTrackerOptions(known, options));
}

type Parsed = ReturnType<typeof parseTrackerOptions>;

const makers: Record<TrackerName, (parsed: Parsed) => ObjectTracker> = {
  bytetrack: ({ byte }) => createByteTracker(byte),
  botsort: ({ byte, compensate }) => createBotSortTracker(byte, compensate),
  ocsort: ({ ocSort }) => createOcSortTracker(ocSort),
  sort: ({ ocSort }) => createSortTracker(ocSort),
};
