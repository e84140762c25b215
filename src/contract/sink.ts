/** Sinks: where results go. */
import type { DetectorInfo } from './detector.js';
import type { AnalyticsEvent, HeatMapSnapshot } from './events.js';
import type { Epoch } from './frame.js';
import type { FrameResult } from './result.js';
import type { RunSummary, SourceOutcome } from './run.js';
import type { SourceInfo, SourceStatus } from './source.js';
import type { TrackingInfo } from './tracker.js';

/** The part of a sink that belongs to one source. */
export interface SinkStream {
  /**
   * Takes one result; the promise settles when the sink can take more. The sink may use the result, pixels included,
   * until then; it must not change the pixels of `frame.image`. A sink that did not ask for pixels gets a frame without:
   * `image` is undefined, and reading `input` throws.
   */
  write(result: FrameResult): Promise<void>;
  /** The next result belongs to another epoch: the clock, and perhaps the size of the image, is another one. */
  beginEpoch?(epoch: Epoch): Promise<void> | void;
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

/** Milliseconds after which a call of a sink is given up: the sink has failed, whatever comes of the call later. */
export interface SinkDeadlines {
  /** Of one `write`, `open` or `beginEpoch`. */
  readonly writeMs: number;
  readonly endMs: number;
  readonly closeMs: number;
}

/**
 * A consumer of results. `wait`: results queue, nothing is lost, and the source waits while the queue is full.
 * `latest`: results queue too, but nobody waits: of a full queue, which has room for one batch of the detector, the oldest
 * result is skipped and counted, and its events go with the next one that is written.
 */
export interface Sink {
  readonly name: string;
  readonly policy: 'wait' | 'latest';
  /** Whether `frame.image` is needed. A sink without never holds a frame. */
  readonly pixels: boolean;
  /** Instead of the pipeline's own; what is not named has its default. */
  readonly deadlines?: Partial<SinkDeadlines>;
  /**
   * Opens a stream that has failed again, after `firstMs`, then after twice that, up to `longestMs`; results meanwhile are
   * counted as lost. A stream that failed is gone for good if not given.
   */
  readonly reopen?: { readonly firstMs: number; readonly longestMs: number };
  /** Called once before anything is decoded, to claim or check what will be needed. @throws SightlineError */
  prepare?(): Promise<void>;
  /** Told every change of state of every source whose results it gets, those before `open` too. */
  onStatus?(status: SourceStatus): void;
  open(source: SourceInfo, detector: DetectorInfo, tracking?: TrackingInfo): Promise<SinkStream>;
  /** Called once after every stream has ended; an error ends up in the summary. */
  close(summary: RunSummary): Promise<void>;
}
