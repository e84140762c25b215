/** Sinks: where results go. */
import type { DetectorInfo } from './detector.js';
import type { AnalyticsEvent, HeatMapSnapshot } from './events.js';
import type { FrameResult } from './result.js';
import type { RunSummary, SourceOutcome } from './run.js';
import type { SourceInfo } from './source.js';
import type { TrackingInfo } from './tracker.js';

/** The part of a sink that belongs to one source. */
export interface SinkStream {
  /**
   * Takes one result; the promise settles when the sink can take more. The sink may use the result, pixels included,
   * until then; it must not change the pixels of `frame.image`.
   */
  write(result: FrameResult): Promise<void>;
  /**
   * No more results will come. Settles when everything is written.
   * @param outcome whether the source came to its own end.
   * @param events what analytics had left to tell after the last result.
   * @param heatMap where objects spent their time, if that was asked for.
   */
  end(outcome: SourceOutcome, events?: readonly AnalyticsEvent[], heatMap?: HeatMapSnapshot): Promise<void>;
  /** One line about what was left behind, for the summary. */
  describe?(): string | undefined;
}

/**
 * A consumer of results. `wait`: results queue (the frame pool bounds the queue) and nothing is lost.
 * `latest`: while the sink is busy, only the newest result is kept for it; the others are counted as skipped.
 */
export interface Sink {
  readonly name: string;
  readonly policy: 'wait' | 'latest';
  /** Whether `frame.image` is needed. */
  readonly pixels: boolean;
  /** Called once before anything is decoded, to claim or check what will be needed. @throws SightlineError */
  prepare?(): Promise<void>;
  open(source: SourceInfo, detector: DetectorInfo, tracking?: TrackingInfo): Promise<SinkStream>;
  /** Called once after every stream has ended. */
  close(summary: RunSummary): Promise<void>;
}
