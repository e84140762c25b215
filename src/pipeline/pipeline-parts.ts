import type { Observable } from 'rxjs';
import type { Detector } from '../contract/detector.js';
import type { AnalyticsEvent } from '../contract/events.js';
import type { InputGeometry } from '../contract/frame.js';
import type { Logger } from '../contract/logger.js';
import type { FrameResult } from '../contract/result.js';
import type { RunSummary, SourceSummary } from '../contract/run.js';
import type { Service } from '../contract/service.js';
import type { Sink } from '../contract/sink.js';
import type { Source, SourceInfo, SourceStatus } from '../contract/source.js';
import type { Tracker, TrackingInfo } from '../contract/tracker.js';
import type { RunContext } from './run-context.js';
import type { SourceProgress } from './source-books.js';

/** The parts of a run, already made. They belong to the pipeline from then on. */
export interface PipelineParts {
  readonly detector: Detector & { readonly restarts?: number };
  readonly sources: readonly Source[];
  /** Sinks that take the results of every source. */
  readonly sinks: readonly Sink[];
  /** Sinks that take the results of one source only, by its id. */
  readonly ownSinks: ReadonlyMap<string, readonly Sink[]>;
  /** Started before the sinks are prepared, closed after them. */
  readonly services?: readonly Service[];
  readonly createTracker: (source: SourceInfo) => Tracker;
  /** Size of the small images, where it is not the detector's that needs them. */
  readonly geometry?: InputGeometry;
  /** What `createTracker` makes, for the sinks to tell. */
  readonly tracking?: TrackingInfo;
  readonly createAnalytics?: RunContext['createAnalytics'];
  /** Frames of one source that may exist at once: the ceiling of its memory. Each `latest` sink with pixels adds a batch and one. */
  readonly framesInFlight: number;
  /** Files that are worked on at the same time; the others wait their turn. Live sources never wait. */
  readonly concurrency: number;
  /** Whether sources deliver full-size images although no sink needs them yet. */
  readonly images?: boolean;
  /** Whether the run goes on, until it is stopped, when no source is left. */
  readonly keepsRunning?: boolean;
  readonly deadlines?: Partial<RunDeadlines>;
  readonly logger: Logger;
}

/** Milliseconds that parts other than sinks are waited for; sinks have deadlines of their own. */
export interface RunDeadlines {
  /** One call of the detector. A detector in a process of its own is watched there, so this is long. */
  readonly inferenceMs: number;
  /** A source after its last frame, or after it was stopped; the detector's `close`. */
  readonly cleanupMs: number;
}

/** A run that can be watched, changed and stopped. */
export interface Pipeline extends AsyncDisposable {
  /**
   * Every result of every source, in order within a source. The pixels of `frame` are valid during the call; call
   * `frame.retain()` to keep them. Results are not replayed: subscribe before `run`. What a subscriber throws is logged.
   */
  readonly results: Observable<FrameResult>;
  /** Events of analytics of every source, those after the last result of a source too. */
  readonly analytics: Observable<AnalyticsEvent>;
  /** State changes of the sources. */
  readonly statuses: Observable<SourceStatus>;
  /** How far each source is that was started and not removed. */
  progress(): readonly SourceProgress[];
  /**
   * Works until every source has ended, then closes the sinks and the detector. Settles once all of them are done, or have
   * overstepped their deadlines. A second call is refused.
   * @throws SightlineError when a sink cannot be prepared or the detector cannot go on; files are finished before.
   */
  run(): Promise<RunSummary>;
  /** Ends the sources; what was decoded is finished, and `run` settles as usual. */
  stop(): void;
  /** Stops the run, if there is one, and waits for its end; closes what was never run. Never rejects; may be called again. */
  close(): Promise<void>;
  /**
   * One more source, with sinks that take its results only.
   * @throws SightlineError ERR_USAGE if the id is taken or the run is over; what preparing its sinks throws.
   */
  addSource(source: Source, ownSinks?: readonly Sink[]): Promise<void>;
  /** Ends a source and its own sinks; the others lose nothing. @throws SightlineError ERR_USAGE for an unknown id. */
  removeSource(id: string): Promise<SourceSummary>;
  /** Ends the source of this id and its own sinks, and starts another one under the same id. @returns what became of it. */
  replaceSource(source: Source, ownSinks?: readonly Sink[]): Promise<SourceSummary>;
  /**
   * One more sink for the results of every source.
   * @throws SightlineError ERR_USAGE if it needs images that running sources do not have; what `prepare` throws.
   */
  addSink(sink: Sink): Promise<void>;
  /** Ends the streams of a sink and closes it. @throws SightlineError ERR_USAGE if it is none of the run's. */
  removeSink(sink: Sink): Promise<void>;
}
