/**
 * A run: several sources, one detector, any number of sinks.
 */
import { from, mergeMap, type Observable, Subject, toArray, lastValueFrom } from 'rxjs';
import { SightlineError } from '../errors.js';
import type { AnalyticsEvent } from '../contract/events.js';
import type { Detector } from '../contract/detector.js';
import type { InputGeometry } from '../contract/frame.js';
import type { Logger } from '../contract/logger.js';
import type { RunSummary, SourceSummary } from '../contract/run.js';
import type { Sink } from '../contract/sink.js';
import type { Source } from '../contract/source.js';
import type { Tracker, TrackingInfo } from '../contract/tracker.js';
import type { FrameResult } from '../contract/result.js';
import type { SourceEvent, SourceInfo } from '../contract/source.js';
import { inferInBatches } from './infer-in-batches.js';
import { type RunContext, runSource, type SourceProgress, type SourceRun } from './run-source.js';

/** The parts of a run, already made. The pipeline closes the sinks; the detector stays the caller's. */
export interface PipelineParts {
  readonly detector: Detector & { readonly restarts?: number };
  readonly sources: readonly Source[];
  /** Sinks that take the results of every source. */
  readonly sinks: readonly Sink[];
  /** Sinks that take the results of one source only, by its id. */
  readonly ownSinks: ReadonlyMap<string, readonly Sink[]>;
  readonly createTracker: (source: SourceInfo) => Tracker;
  /** Size of the small pictures, where it is not the detector's that needs them. */
  readonly geometry?: InputGeometry;
  /** What `createTracker` makes, for the sinks to tell. */
  readonly tracking?: TrackingInfo;
  readonly createAnalytics?: RunContext['createAnalytics'];
  /** Frames of one source that may exist at once: the ceiling of its memory. */
  readonly framesInFlight: number;
  /** Sources that are worked on at the same time; the others wait their turn. */
  readonly concurrency: number;
  readonly logger: Logger;
}

/** A run that can be watched and stopped. */
export interface Pipeline {
  /**
   * Every result of every source, in order within a source. The pixels of `frame` are valid during the call; call
   * `frame.retain()` to keep them. Results are not replayed: subscribe before `run`.
   */
  readonly results: Observable<FrameResult>;
  /** Events of analytics of every source, those after the last result of a source too. */
  readonly analytics: Observable<AnalyticsEvent>;
  /** State changes of the sources. */
  readonly events: Observable<SourceEvent>;
  /** How far each started source is. */
  progress(): readonly SourceProgress[];
  /**
   * Works until every source has ended, and closes the sinks.
   * @throws SightlineError when the detector cannot go on; files are finished before.
   */
  run(): Promise<RunSummary>;
  /** Ends the sources; what was decoded is finished, and `run` settles as usual. */
  stop(): void;
}

/** Puts the parts together. Nothing happens before `run`. */
export function assemblePipeline(parts: PipelineParts): Pipeline {
  const results = new Subject<FrameResult>();
  const events = new Subject<SourceEvent>();
  const analytics = new Subject<AnalyticsEvent>();
  const stopping = new AbortController();
  const runs: SourceRun[] = [];
  let fatal: Error | undefined;
  const stop = (): void => {
    stopping.abort();
  };
  const context: RunContext = {
    detector: parts.detector,
    infer: inferInBatches(parts.detector),
    createTracker: parts.createTracker,
    geometry: parts.geometry ?? parts.detector.info.geometry,
    tracking: parts.tracking,
    createAnalytics: parts.createAnalytics ?? (() => undefined),
    sinksOf: (id) => [...parts.sinks, ...(parts.ownSinks.get(id) ?? [])],
    framesInFlight: parts.framesInFlight,
    results,
    onEvent: (event) => {
      events.next(event);
    },
    onAnalytics: (found) => {
      for (const event of found) analytics.next(event);
    },
    logger: parts.logger,
    signal: stopping.signal,
    stop,
    onFatal: (error) => {
      fatal ??= error;
      stop();
    },
  };

  async function run(): Promise<RunSummary> {
    if (runs.length > 0)
      throw new SightlineError('ERR_USAGE', 'a pipeline can be run once; create another one');
    const started = performance.now();
    const sinks = [...parts.sinks, ...[...parts.ownSinks.values()].flat()];
    const summarize = (sources: readonly SourceSummary[]): RunSummary => ({
      detector: parts.detector.info,
      sources,
      inferenceRestarts: parts.detector.restarts ?? 0,
      elapsedMs: performance.now() - started,
    });
    try {
      for (const sink of sinks) await sink.prepare?.();
    } catch (error) {
      await Promise.allSettled(sinks.map((sink) => sink.close(summarize([]))));
      throw error;
    }
    const sources = await lastValueFrom(
      from(parts.sources).pipe(
        mergeMap((source) => {
          const running = runSource(source, context);
          runs.push(running);
          return running.done;
        }, parts.concurrency),
        toArray(),
      ),
    );
    const order = parts.sources.map(({ id }) => id);
    const summary = summarize(sources.sort((a, b) => order.indexOf(a.id) - order.indexOf(b.id)));
    await Promise.allSettled(sinks.map((sink) => sink.close(summary)));
    results.complete();
    analytics.complete();
    events.complete();
    if (fatal !== undefined) throw fatal;
    return summary;
  }

  return {
    results: results.asObservable(),
    analytics: analytics.asObservable(),
    events: events.asObservable(),
    progress: () => runs.map((running) => running.progress()),
    run,
    stop,
  };
}
