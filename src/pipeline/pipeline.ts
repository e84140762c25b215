/**
 * A run: sources that come and go, one detector, any number of sinks. It owns all of them: what it was given is closed by
 * it, however the run ends.
 */
import { type Observable, Subject } from 'rxjs';
import type { AnalyticsEvent } from '../contract/events.js';
import type { FrameResult } from '../contract/result.js';
import type { RunSummary, SourceSummary } from '../contract/run.js';
import type { Sink } from '../contract/sink.js';
import type { Source, SourceStatus } from '../contract/source.js';
import { messageOf, SightlineError, toError } from '../errors.js';
import { callWithin } from './deadline.js';
import { GuardedObservable } from './guarded-observable.js';
import { inferInBatches } from './infer-in-batches.js';
import { RunChanges } from './run-changes.js';
import type { RunContext } from './run-context.js';
import { SourceRun } from './run-source.js';
import type { Pipeline, PipelineParts, RunDeadlines } from './pipeline-parts.js';
import { RunSinks } from './run-sinks.js';
import { RunSources } from './run-sources.js';
import type { SourceProgress } from './source-books.js';
import { tellStatus } from './tell-status.js';

export type { Pipeline, PipelineParts } from './pipeline-parts.js';

const DEADLINES: RunDeadlines = { inferenceMs: 600_000, cleanupMs: 15_000 };

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
  readonly #sources: RunSources;
  readonly #changes: RunChanges;
  #started = 0;
  #fatal: Error | undefined;
  #running: Promise<RunSummary> | undefined;
  #closing: Promise<void> | undefined;
  #onIdle: (() => void) | undefined;
  #onBegun = (): void => undefined;
  readonly #begun = new Promise<void>((resolve) => (this.#onBegun = resolve));

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
    this.#sinks = new RunSinks(parts.sinks, parts.ownSinks, logger, this.#stopping.signal);
    const order = parts.sources.map(({ id }) => id);
    this.#sources = new RunSources(order, parts.concurrency, () => {
      this.#endIfIdle();
    });
    this.#changes = new RunChanges({
      sinks: this.#sinks,
      sources: this.#sources,
      enlist: (source, ownSinks) => this.#enlist(source, ownSinks),
      mustBeOpen: () => this.#mustBeOpen(),
      summary: () => this.#summary(),
      onRemoved: (id) => {
        this.#tellRemoved(id);
      },
      onSettled: () => {
        this.#endIfIdle();
      },
    });
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
    return this.#sources.progress();
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
    this.#windDown();
    this.#endIfIdle();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  addSource(source: Source, ownSinks: readonly Sink[] = []): Promise<void> {
    return this.#changes.addSource(source, ownSinks);
  }

  removeSource(id: string): Promise<SourceSummary> {
    return this.#changes.removeSource(id);
  }

  replaceSource(source: Source, ownSinks: readonly Sink[] = []): Promise<SourceSummary> {
    return this.#changes.replaceSource(source, ownSinks);
  }

  addSink(sink: Sink): Promise<void> {
    return this.#changes.addSink(sink);
  }

  removeSink(sink: Sink): Promise<void> {
    return this.#changes.removeSink(sink);
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
      for (const run of runs) this.#sources.schedule(run);
      this.#onBegun();
      this.#endIfIdle();
      await idle;
    } catch (error) {
      this.#fatal ??= toError(error);
    }
    this.#onIdle = undefined;
    this.#onBegun();
    await this.#changes.settled();
    await this.#sinks.close(this.#summary());
    await this.#closeRest();
    const summary = this.#summary();
    if (this.#fatal !== undefined) throw this.#fatal;
    return summary;
  }

  async #close(): Promise<void> {
    if (this.#running === undefined) {
      await this.#sinks.close(this.#summary());
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
      await callWithin(cleanupMs, close, () => {
        return new SightlineError('ERR_ABORTED', `closing the ${name} took more than ${cleanupMs / 1000} s`);
      });
    } catch (thrown) {
      const error = toError(thrown);
      this.#sinks.failures.push({ name, error });
      this.#parts.logger.error({}, error.message);
    }
  }

  /** Unless there is another source under its name by now. */
  #tellRemoved(sourceId: string): void {
    if (this.#sources.has(sourceId)) return;
    this.#tell({ sourceId, state: 'removed', atMs: Date.now() }, this.#sinks.shared);
  }

  #tell(status: SourceStatus, sinks: readonly Sink[] = []): void {
    const { services = [], logger } = this.#parts;
    tellStatus([...services, ...sinks], status, logger);
    this.#statuses.next(status);
  }

  /** Waits until the run has begun, if it is about to. @throws SightlineError ERR_USAGE if it is not, or is over. */
  async #mustBeOpen(): Promise<void> {
    if (this.#running !== undefined) await this.#begun;
    if (this.#onIdle !== undefined && !this.#stopping.signal.aborted) return;
    const state = this.#running === undefined ? 'has not begun' : 'is over';
    throw new SightlineError('ERR_USAGE', `the run ${state}: sources and sinks cannot be added now`);
  }

  #enlist(source: Source, ownSinks: readonly Sink[]): SourceRun {
    const run = new SourceRun(source, [...this.#sinks.shared, ...ownSinks], this.#context);
    this.#sources.enlist(run);
    return run;
  }

  #windDown(): void {
    try {
      this.#parts.detector.windDown?.();
    } catch (error) {
      this.#parts.logger.error({}, messageOf(error));
    }
  }

  #endIfIdle(): void {
    // One that is being replaced leaves its place empty for a moment.
    if (this.#sources.active.length > 0 || this.#changes.areUnderway) return;
    if (this.#parts.keepsRunning !== true || this.#stopping.signal.aborted) this.#onIdle?.();
  }

  #summary(): RunSummary {
    return {
      detector: this.#parts.detector.info,
      sources: this.#sources.summaries(),
      closing: [...this.#sinks.failures],
      inferenceRestarts: this.#parts.detector.restarts ?? 0,
      elapsedMs: performance.now() - this.#started,
    };
  }
}
