/**
 * The life of one source in a run: open, decode, infer, track, hand to the sinks, end. Whatever goes wrong here stays
 * here: the answer is always a summary.
 */
import { lastValueFrom, tap } from 'rxjs';
import type { Frame, FrameRequest } from '../contract/frame.js';
import type { DropReason, SourceOutcome, SourceSummary } from '../contract/run.js';
import type { Sink } from '../contract/sink.js';
import type { Source, SourceInfo, SourceReport, SourceState, SourceStatus } from '../contract/source.js';
import { isSightlineError, toError } from '../errors.js';
import {
  bytesPerFrame,
  createFramePool,
  mustBeGeometry,
  type OwnedFramePool,
  STUCK_MS,
} from './frame-pool.js';
import { framesOf } from './frames-of.js';
import { handOver } from './hand-over.js';
import type { InferenceLane, InferredFrame } from './infer-in-batches.js';
import type { RunContext } from './run-context.js';
import { SourceAnalytics } from './source-analytics.js';
import { waitingAtMost } from './sink-lane.js';
import { SourceLanes } from './source-lanes.js';
import { SourceBooks, type SourceProgress } from './source-books.js';
import { releaseOnce, withoutPixels } from './pooled-frame.js';
import { tellStatus } from './tell-status.js';
import { FrameTracker } from './track-frames.js';

/** One source while it runs. */
export class SourceRun {
  readonly source: Source;
  readonly #context: RunContext;
  readonly #books: SourceBooks;
  readonly #ownStop = new AbortController();
  readonly #lanes: SourceLanes;
  #analytics: SourceAnalytics | undefined;
  #pool: OwnedFramePool | undefined;
  /** What the source was asked for when it was opened. */
  #request: FrameRequest | undefined;
  #done: Promise<SourceSummary> | undefined;

  /** @param sinks that take its results from the beginning. */
  constructor(source: Source, sinks: readonly Sink[], context: RunContext) {
    this.source = source;
    this.#context = context;
    this.#lanes = new SourceLanes(sinks, {
      detector: context.detector.info,
      tracking: context.tracking,
      capacity: context.framesInFlight,
      onError: (error) => {
        this.#sinkFailed(error);
      },
    });
    this.#books = new SourceBooks(source);
  }

  /** Starts the source. Never rejects; settles once the source has cleaned up and its streams have ended. */
  run(): Promise<SourceSummary> {
    this.#done ??= this.#run();
    return this.#done;
  }

  /** Ends this source; what was decoded is finished. */
  stop(): void {
    this.#ownStop.abort();
  }

  /** How far it is. */
  progress(): SourceProgress {
    return this.#books.progress();
  }

  get isStarted(): boolean {
    return this.#done !== undefined;
  }

  /** Whether its frames have images, or will have. A source without pixels has as many as it can. */
  get hasImages(): boolean {
    return this.source.hasPixels === false || (this.#request?.image ?? true);
  }

  /** Gives the results from now on to one more sink. Pixels are there only if the source was opened with them. */
  async addSink(sink: Sink): Promise<void> {
    this.#pool?.grow(this.#framesHeldBy(sink));
    await this.#lanes.add(sink);
  }

  /** Ends the stream of a sink; its sums stay in the summary. */
  removeSink(sink: Sink): Promise<void> {
    return this.#lanes.remove(sink);
  }

  async #run(): Promise<SourceSummary> {
    const signal = AbortSignal.any([this.#context.signal, this.#ownStop.signal]);
    let error: Error | undefined;
    let outcome: SourceOutcome = 'completed';
    try {
      await this.#decodeAll(signal);
      if (signal.aborted) outcome = 'stopped';
    } catch (cause) {
      const isStop = isSightlineError(cause, 'ERR_ABORTED') || cause === signal.reason;
      outcome = signal.aborted && isStop ? 'stopped' : 'failed';
      if (outcome === 'failed') error = toError(cause);
    }
    const { events = [], heatMap } = this.#finishAnalytics();
    this.#status(outcome === 'failed' ? 'failed' : 'ended', error);
    const sinks = await this.#lanes.end(outcome, events, heatMap);
    return this.#books.summary({ outcome, error, sinks, heatMap });
  }

  async #decodeAll(signal: AbortSignal): Promise<void> {
    const { infer, createTracker, createAnalytics, onAnalytics, logger } = this.#context;
    this.#status('connecting');
    signal.throwIfAborted();
    const request = this.#requestOf(this.#lanes.sinks);
    this.#request = request;
    const info = await this.#open(request, signal);
    mustBeGeometry(this.source.id, info);
    this.#books.opened(info);
    this.#analytics = new SourceAnalytics(createAnalytics(info), info, this.#books, onAnalytics);
    const tracker = new FrameTracker(createTracker(info), this.source.hasPixels ?? true);
    await this.#openLanes(info);
    let lane: InferenceLane | undefined;
    const pool = this.#createPool(info, request, () => lane?.dropOldest() === true);
    this.#pool = pool;
    logger.debug(
      {
        source: info.id,
        frames: pool.capacity,
        megabytes: Math.round((pool.capacity * bytesPerFrame(info, request)) / 1e6),
      },
      'frame memory is bounded',
    );
    this.#status('running');
    const { cleanupMs } = this.#context;
    const { frames, cleanedUp } = framesOf(this.source, pool, signal, cleanupMs);
    try {
      await lastValueFrom(
        frames.pipe(
          tap(() => {
            this.#books.ledger.decoded();
          }),
          infer(
            (frame, why, byDetector) => {
              this.#giveUp(frame, why, byDetector);
            },
            (mine) => (lane = mine),
          ),
          handOver(
            (item) => this.#take(item, tracker),
            (item, thrown) => {
              this.#giveUp(item.frame, thrown === undefined ? 'stopped' : toError(thrown), false);
              releaseOnce(item.frame);
            },
          ),
        ),
        { defaultValue: undefined },
      );
    } finally {
      await lane?.whenIdle();
      if (!(await cleanedUp()))
        logger.error({ source: info.id }, `the source has not cleaned up within ${cleanupMs / 1000} s`);
    }
  }

  /** A source that does not listen to its signal is left behind. */
  async #open(request: FrameRequest, signal: AbortSignal): Promise<SourceInfo> {
    const opening = this.source.open(request, signal, (report) => {
      this.#report(report);
    });
    const aborted = new Promise<'aborted'>((resolve) => {
      signal.addEventListener('abort', () => {
        setTimeout(resolve, this.#context.cleanupMs, 'aborted').unref();
      });
    });
    const info = await Promise.race([opening, aborted]);
    if (info === 'aborted') signal.throwIfAborted();
    return info as SourceInfo;
  }

  #requestOf(sinks: readonly Sink[]): FrameRequest {
    const wanted = this.#context.images || sinks.some((sink) => sink.pixels);
    return { input: this.#context.geometry, image: wanted && this.source.hasPixels !== false };
  }

  /** A sink for which nobody waits keeps the frame it writes and those behind it for as long as it likes. */
  #framesHeldBy({ policy, pixels }: Sink): number {
    const { framesInFlight, detector } = this.#context;
    return policy === 'latest' && pixels ? 1 + waitingAtMost(framesInFlight, detector.info) : 0;
  }

  #createPool(info: SourceInfo, request: FrameRequest, makeRoom: () => boolean): OwnedFramePool {
    const { framesInFlight, logger } = this.#context;
    const aside = this.#lanes.sinks.reduce((sum, sink) => sum + this.#framesHeldBy(sink), 0);
    const overload = this.source.overload ?? (info.live ? 'latest' : 'wait');
    return createFramePool({
      sourceId: info.id,
      capacity: framesInFlight + aside,
      geometry: info,
      request,
      ...(overload === 'latest' && { makeRoom }),
      onStuck: (index) => {
        const why =
          index === undefined
            ? 'the source has taken them all and published none; each slot is to be published or discarded'
            : `frame ${index} is still held; whoever calls retain() has to call release()`;
        logger.warn(
          { source: info.id },
          `"${info.id}" has waited ${STUCK_MS / 1000} s for a frame to come free: ${why}`,
        );
      },
      onLeak: (label) => {
        logger.error({ frame: label }, 'a frame was never released; its holder has a bug');
      },
    });
  }

  async #openLanes(info: SourceInfo): Promise<void> {
    try {
      await this.#lanes.open(info);
    } catch (error) {
      if (!this.#context.isObserved()) throw error;
    }
  }

  /** A source whose last output has gone works for nobody, unless somebody looks at its results. */
  #sinkFailed(error: Error): void {
    const { logger, isObserved } = this.#context;
    if (!isSightlineError(error, 'ERR_SINK_CLOSED')) logger.error({ source: this.source.id }, error.message);
    if (this.#pool !== undefined && this.#lanes.areDead && !isObserved()) this.#ownStop.abort();
  }

  /** Waits until every lane has room; holds the frame meanwhile. */
  #take(item: InferredFrame, tracker: FrameTracker): Promise<void> | undefined {
    const room = this.#lanes.room();
    if (room !== undefined) return room.then(() => this.#take(item, tracker));
    this.#process(item, tracker);
    return undefined;
  }

  #process(item: InferredFrame, tracker: FrameTracker): void {
    const tracked = tracker.track(item);
    const result = this.#analytics?.analyse(tracked) ?? tracked;
    const bare = withoutPixels(result.frame);
    this.#books.emitted(item, result);
    this.#lanes.offer(result, bare);
    this.#context.results.next(result);
    // Somebody may have released what was not theirs; the result has been handed out all the same.
    const error = releaseOnce(item.frame);
    if (error !== undefined) this.#context.logger.error({ source: this.source.id }, error.message);
  }

  #finishAnalytics(): Partial<ReturnType<SourceAnalytics['finish']>> {
    try {
      return this.#analytics?.finish() ?? {};
    } catch (error) {
      this.#context.logger.error({ source: this.source.id }, toError(error).message);
      return {};
    }
  }

  #giveUp(frame: Frame, why: DropReason | Error, byDetector = true): void {
    if (why instanceof Error) {
      this.#books.ledger.failed();
      if (byDetector) this.#context.onFatal(why);
      return;
    }
    this.#books.ledger.dropped(why);
    if (why === 'inference-lost')
      this.#context.logger.debug(
        { source: frame.sourceId, frame: frame.index },
        'frame lost with the inference process',
      );
  }

  #report(report: SourceReport): void {
    if (this.#books.state !== 'ended' && this.#books.state !== 'failed') this.#tell(report);
  }

  #status(state: SourceState, error?: Error): void {
    if (error === undefined) this.#tell({ state });
    else
      this.#tell({
        state,
        code: isSightlineError(error) ? error.code : 'ERR_UNKNOWN',
        reason: error.message,
      });
  }

  #tell(change: Omit<SourceStatus, 'sourceId' | 'atMs'>): void {
    const status = { sourceId: this.source.id, atMs: Date.now(), ...change };
    this.#books.status(status);
    tellStatus(this.#lanes.sinks, status, this.#context.logger);
    this.#context.onStatus(status);
  }
}
