import type { Tracker } from '../contract/tracker.js';
import { createBotSortTracker, createByteTracker } from './byte-track/byte-tracker.js';

import { createOcSortTracker, createSortTracker } from './oc-sort/oc-sort.js';
import { parseTrackerOptions, type TrackerName, trackerNameOf } from './tracker-options.js';

/**
 * A tracker by its name: `bytetrack`, `botsort`, `ocsort` or `sort`, also written with dashes, underscores or capitals.
 * @param options parameters under their usual names or in camelCase; see docs/tracking.md.
 * @throws SightlineError ERR_USAGE for an unknown name or parameter, with the nearest one, and for values out of range.
 */
export function createTracker(name: string, options: Readonly<Record<string, unknown>> = {}): Tracker {
  const known = trackerNameOf(name);
  return makers[known](parseTrackerOptions(known, options));
}

type Parsed = ReturnType<typeof parseTrackerOptions>;

const makers: Record<TrackerName, (parsed: Parsed) => Tracker> = {
  bytetrack: ({ byte }) => createByteTracker(byte),
  botsort: ({ byte, compensate }) => createBotSortTracker(byte, compensate),
  ocsort: ({ ocSort }) => createOcSortTracker(ocSort),
  sort: ({ ocSort }) => createSortTracker(ocSort),
};
