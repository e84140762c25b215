/**
 * A run: sources that come and go, one detector, any number of sinks. It owns all of them: what it was given is closed by
 * it, however the run ends.
 */
import { type Observable, Subject } from 'rxjs';
import type { Detector } from '../contract/detector.js';
import type { AnalyticsEvent } from '../contract/events.js';
import type { InputGeometry } from '../contract/frame.js';
import type { Logger } from '../contract/logger.js';
import type { FrameResult } from '../contract/result.js';
import type { RunSummary, SourceSummary } from '../contract/run.js';
import type { Sink } from '../contract/sink.js';
import type { Service } from '../contract/service.js';
import type { Source, SourceInfo, SourceStatus } from '../contract/source.js';
import type { Tracker, TrackingInfo } from '../contract/tracker.js';
import { messageOf, SightlineError, toError } from '../errors.js';
import { withinMs } from './deadline.js';
import { GuardedObservable } from './guarded-observable.js';
import { inferInBatches } from './infer-in-batches.js';
import { type RunContext, SourceRun } from './run-source.js';
import { RunSinks } from './run-sinks.js';
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
  /** Frames of one source that may exist at once: the ceiling of its memory. Each `latest` sink with pixels adds one. */
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

const DEADLINES: RunDeadlines = { inferenceMs: 600_000, cleanupMs: 15_000 };

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

/** Puts the parts together. Nothing happens before `run`. */
export function assemblePipeline(parts: PipelineParts): Pipeline {
  return new Run(parts);
}

class Run implements Pipeline {
  readonly results: Observable<FrameResult>;
  readonly analytics: Observable<AnalyticsEvent>;
  readonly statuses: Observable<SourceStatus>;
  readonly #parts: PipelineParts;
  readonly #deadlines: RunDeadlines;
  readonly #results = new Subject<FrameResult>();
  readonly #analytics = new Subject<AnalyticsEvent>();
  readonly #statuses = new Subject<SourceStatus>();
  readonly #stopping = new AbortController();
  readonly #context: RunContext;
  readonly #sinks: RunSinks;
  /** Those that run or wait their turn. */
  readonly #active = new Map<string, SourceRun>();
  readonly #waiting: SourceRun[] = [];
  readonly #progress = new Map<string, () => SourceProgress>();
  readonly #summaries: SourceSummary[] = [];
  readonly #order: string[];
  /** Changes of the run that are under way. */
  readonly #changes = new Set<Promise<unknown>>();
  #files = 0;
  #started = 0;
  #fatal: Error | undefined;
  #running: Promise<RunSummary> | undefined;
  #closing: Promise<void> | undefined;
  #onIdle: (() => void) | undefined;

  constructor(parts: PipelineParts) {
    const { detector, logger } = parts;
    this.#parts = parts;
    this.#deadlines = { ...DEADLINES, ...parts.deadlines };
    const report = (error: unknown): void => {
      logger.error({}, `a subscriber threw: ${messageOf(error)}`);
    };
    this.results = new GuardedObservable(this.#results, report);
    this.analytics = new GuardedObservable(this.#analytics, report);
    this.statuses = new GuardedObservable(this.#statuses, report);
    this.#sinks = new RunSinks(parts.sinks, parts.ownSinks, logger);
    this.#order = parts.sources.map(({ id }) => id);
    this.#context = {
      detector,
      infer: inferInBatches(detector, this.#deadlines.inferenceMs),
      createTracker: parts.createTracker,
      geometry: parts.geometry ?? detector.info.geometry,
      tracking: parts.tracking,
      createAnalytics: parts.createAnalytics ?? (() => undefined),
      framesInFlight: parts.framesInFlight,
      images: parts.images ?? false,
      cleanupMs: this.#deadlines.cleanupMs,
      results: this.#results,
      isObserved: () => this.#results.observed,
      onStatus: (status) => {
        this.#tell(status);
      },
      onAnalytics: (found) => {
        for (const event of found) this.#analytics.next(event);
      },
      logger,
      signal: this.#stopping.signal,
      onFatal: (error) => {
        this.#fatal ??= error;
        this.stop();
      },
    };
  }

  progress(): readonly SourceProgress[] {
    return [...this.#progress.values()].map((read) => read());
  }

  run(): Promise<RunSummary> {
    if (this.#running !== undefined || this.#closing !== undefined) {
      const state = this.#running === undefined ? 'is closed' : 'can be run once';
      return Promise.reject(new SightlineError('ERR_USAGE', `a pipeline ${state}; create another one`));
    }
    this.#running = this.#run();
    return this.#running;
  }

  stop(): void {
    this.#stopping.abort();
    this.#idleIfDone();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  addSource(source: Source, ownSinks: readonly Sink[] = []): Promise<void> {
    return this.#awaited(this.#addSource(source, ownSinks));
  }

  removeSource(id: string): Promise<SourceSummary> {
    return this.#awaited(this.#removeSource(id));
  }

  replaceSource(source: Source, ownSinks: readonly Sink[] = []): Promise<SourceSummary> {
    return this.#awaited(this.#replaceSource(source, ownSinks));
  }

  addSink(sink: Sink): Promise<void> {
    return this.#awaited(this.#addSink(sink));
  }

  removeSink(sink: Sink): Promise<void> {
    return this.#awaited(this.#removeSink(sink));
  }

  /** The run does not end before a change that is under way. */
  #awaited<T>(change: Promise<T>): Promise<T> {
    const done = change.finally(() => this.#changes.delete(done));
    this.#changes.add(done);
    return done;
  }

  async #addSource(source: Source, ownSinks: readonly Sink[]): Promise<void> {
    this.#mustBeOpen();
    if (this.#active.has(source.id))
      throw new SightlineError('ERR_USAGE', `there is a source "${source.id}" already; replace or remove it`);
    // The name is taken from here on, while its sinks are prepared.
    const run = this.#enlist(source, ownSinks);
    try {
      await this.#sinks.addOwn(source.id, ownSinks);
    } catch (error) {
      this.#forget(run);
      throw error;
    }
    this.#order.push(source.id);
    this.#schedule(run);
  }

  async #removeSource(id: string): Promise<SourceSummary> {
    const summary = await this.#takeOut(id);
    this.#tellRemoved(id);
    return summary;
  }

  async #replaceSource(source: Source, ownSinks: readonly Sink[]): Promise<SourceSummary> {
    this.#mustBeOpen();
    const summary = await this.#takeOut(source.id);
    try {
      await this.#addSource(source, ownSinks);
    } catch (error) {
      this.#tellRemoved(source.id);
      throw error;
    }
    return summary;
  }

  async #takeOut(id: string): Promise<SourceSummary> {
    const run = this.#active.get(id);
    run?.stop();
    // One that has ended by itself is still known.
    const ended = this.#progress.has(id) ? this.#summaries.findLast((each) => each.id === id) : undefined;
    const summary = run === undefined ? ended : await this.#start(run);
    if (summary === undefined)
      throw new SightlineError('ERR_USAGE', `there is no source "${id}" in this run`);
    this.#progress.delete(id);
    await this.#sinks.removeOwn(id, this.#summary());
    return summary;
  }

  async #addSink(sink: Sink): Promise<void> {
    this.#mustBeOpen();
    const blind = [...this.#active.values()].find((run) => sink.pixels && !run.hasImages);
    if (blind !== undefined)
      throw new SightlineError(
        'ERR_USAGE',
        `"${sink.name}" needs images, but "${blind.source.id}" was opened without; let the run have "images: true"`,
      );
    await this.#sinks.addShared(sink);
    await Promise.all([...this.#active.values()].map((run) => run.addSink(sink)));
  }

  async #removeSink(sink: Sink): Promise<void> {
    if (!this.#sinks.has(sink))
      throw new SightlineError('ERR_USAGE', `"${sink.name}" is not a sink of this run`);
    await Promise.all([...this.#active.values()].map((run) => run.removeSink(sink)));
    await this.#sinks.remove(sink, this.#summary());
  }

  async #run(): Promise<RunSummary> {
    this.#started = performance.now();
    try {
      for (const service of this.#parts.services ?? []) await service.start();
      await this.#sinks.prepare();
      const idle = new Promise<void>((resolve) => (this.#onIdle = resolve));
      const runs = this.#parts.sources.map((source) =>
        this.#enlist(source, this.#parts.ownSinks.get(source.id) ?? []),
      );
      for (const run of runs) this.#schedule(run);
      this.#idleIfDone();
      await idle;
    } catch (error) {
      this.#fatal ??= toError(error);
    }
    this.#onIdle = undefined;
    await Promise.allSettled(this.#changes);
    await this.#sinks.close(this.#summary());
    await this.#closeRest();
    const summary = this.#summary();
    if (this.#fatal !== undefined) throw this.#fatal;
    return summary;
  }

  async #close(): Promise<void> {
    if (this.#running === undefined) {
      await this.#closeRest();
      return;
    }
    this.stop();
    await this.#running.catch(() => undefined);
  }

  /** What is left when the sinks are closed. */
  async #closeRest(): Promise<void> {
    const { services = [], detector } = this.#parts;
    await Promise.all(services.map((service) => this.#closeOne(service.name, () => service.close())));
    await this.#closeOne('detector', () => detector.close());
    this.#results.complete();
    this.#analytics.complete();
    this.#statuses.complete();
  }

  async #closeOne(name: string, close: () => Promise<void>): Promise<void> {
    const { cleanupMs } = this.#deadlines;
    try {
      const closing = (async () => close())();
      if ((await withinMs(closing, cleanupMs)) !== 'late') return;
      throw new SightlineError('ERR_ABORTED', `closing the ${name} took more than ${cleanupMs / 1000} s`);
    } catch (thrown) {
      const error = toError(thrown);
      this.#sinks.failures.push({ name, error });
      this.#parts.logger.error({}, error.message);
    }
  }

  /** Unless there is another source under its name by now. */
  #tellRemoved(sourceId: string): void {
    if (this.#active.has(sourceId)) return;
    this.#tell({ sourceId, state: 'removed', atMs: Date.now() }, this.#sinks.shared);
  }

  #tell(status: SourceStatus, sinks: readonly Sink[] = []): void {
    for (const listener of [...(this.#parts.services ?? []), ...sinks]) {
      try {
        listener.onStatus?.(status);
      } catch (error) {
        this.#parts.logger.error({}, messageOf(error));
      }
    }
    this.#statuses.next(status);
  }

  #mustBeOpen(): void {
    if (this.#onIdle !== undefined && !this.#stopping.signal.aborted) return;
    throw new SightlineError(
      'ERR_USAGE',
      'the run has not begun or is over; sources and sinks come too late',
    );
  }

  #enlist(source: Source, ownSinks: readonly Sink[]): SourceRun {
    const run = new SourceRun(source, [...this.#sinks.shared, ...ownSinks], this.#context);
    this.#active.set(source.id, run);
    return run;
  }

  #forget(run: SourceRun): void {
    this.#active.delete(run.source.id);
    this.#idleIfDone();
  }

  #schedule(run: SourceRun): void {
    if (run.source.live === true || this.#files < this.#parts.concurrency) void this.#start(run);
    else this.#waiting.push(run);
  }

  /** Starts a source unless it was started before. @returns what became of it. */
  async #start(run: SourceRun): Promise<SourceSummary> {
    if (run.isStarted) return run.run();
    const at = this.#waiting.indexOf(run);
    if (at >= 0) this.#waiting.splice(at, 1);
    const isFile = run.source.live !== true;
    if (isFile) this.#files++;
    this.#progress.set(run.source.id, () => run.progress());
    const summary = await run.run();
    this.#summaries.push(summary);
    if (isFile) this.#files--;
    const next = this.#waiting.shift();
    if (next !== undefined) void this.#start(next);
    this.#forget(run);
    return summary;
  }

  #idleIfDone(): void {
    if (this.#active.size > 0) return;
    if (this.#parts.keepsRunning !== true || this.#stopping.signal.aborted) this.#onIdle?.();
  }

  #summary(): RunSummary {
    const place = ({ id }: SourceSummary): number => this.#order.indexOf(id);
    return {
      detector: this.#parts.detector.info,
      sources: this.#summaries.toSorted((a, b) => place(a) - place(b)),
      closing: [...this.#sinks.failures],
      inferenceRestarts: this.#parts.detector.restarts ?? 0,
      elapsedMs: performance.now() - this.#started,
    };
  }
}
