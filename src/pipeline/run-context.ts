import type { Observer } from 'rxjs';
import type { Analytics } from '../contract/analytics.js';
import type { Detector } from '../contract/detector.js';
import type { AnalyticsEvent } from '../contract/events.js';
import type { InputGeometry } from '../contract/frame.js';
import type { Logger } from '../contract/logger.js';
import type { FrameResult } from '../contract/result.js';
import type { SourceInfo, SourceStatus } from '../contract/source.js';
import type { Tracker, TrackingInfo } from '../contract/tracker.js';
import type { inferInBatches } from './infer-in-batches.js';

/** What a run lends to each of its sources. */
export interface RunContext {
  readonly detector: Detector;
  readonly infer: ReturnType<typeof inferInBatches>;
  readonly createTracker: (source: SourceInfo) => Tracker;
  /** What the small image of a frame looks like. */
  readonly geometry: InputGeometry;
  readonly tracking: TrackingInfo | undefined;
  /** Undefined for a source without analytics. */
  readonly createAnalytics: (source: SourceInfo) => Analytics | undefined;
  /** Frames of one source that may exist at once, those that `latest` sinks hold aside. */
  readonly framesInFlight: number;
  /** Whether images are wanted although no sink needs them yet. */
  readonly images: boolean;
  /** Time that a source has to clean up behind itself. */
  readonly cleanupMs: number;
  readonly results: Observer<FrameResult>;
  /** Whether somebody looks at the results besides the sinks. */
  readonly isObserved: () => boolean;
  readonly onStatus: (status: SourceStatus) => void;
  readonly onAnalytics: (events: readonly AnalyticsEvent[]) => void;
  readonly logger: Logger;
  /** Aborts when the run is to stop. */
  readonly signal: AbortSignal;
  /** Errors of the detector that end every source. */
  readonly onFatal: (error: Error) => void;
}
