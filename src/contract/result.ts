/** All that is known about one frame. */
import type { Detection } from './detector.js';
import type { AnalyticsEvent, AnalyticsTotals } from './events.js';
import type { Frame } from './frame.js';
import type { Track } from './tracker.js';

/** Where the time of one frame went, in milliseconds of the monotonic clock. */
export interface Timing {
  readonly queueMs: number;
  readonly inferenceMs: number;
  readonly trackMs: number;
}

/** All that is known about one frame; what sinks receive. */
export interface FrameResult {
  readonly frame: Frame;
  readonly detections: readonly Detection[];
  /** Confirmed tracks first, then lost ones at their predicted place. */
  readonly tracks: readonly Track[];
  /** Tracks that ended with this frame. */
  readonly ended: readonly Track[];
  readonly timing: Timing;
  /** What analytics made of this frame; absent where there is none. An event may tell of an earlier moment: see its `ptsUs`. */
  readonly events?: readonly AnalyticsEvent[];
  /** How lines and zones stand; the same object as long as nothing has changed. */
  readonly totals?: AnalyticsTotals;
}
