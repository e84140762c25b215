/**
 * The life of one source in a run: open, decode, infer, track, hand to the sinks, end. Whatever goes wrong here stays
 * here: the answer is always a summary.
 */
import { lastValueFrom, type Observer, type OperatorFunction, tap } from 'rxjs';
import { isSightlineError, toError } from '../errors.js';
import type { AnalyticsEvent, AnalyticsTotals, HeatMapSnapshot } from '../contract/events.js';
import type { Analytics } from '../contract/analytics.js';
import type { Detector } from '../contract/detector.js';
import type { FrameRequest, InputGeometry } from '../contract/frame.js';
import type { Logger } from '../contract/logger.js';
import type { FrameLedger, SinkSummary, SourceOutcome, SourceSummary } from '../contract/run.js';
import type { Sink } from '../contract/sink.js';
import type { Source } from '../contract/source.js';
import type { Tracker, TrackingInfo } from '../contract/tracker.js';
import type { Frame } from '../contract/frame.js';
import type { FrameResult } from '../contract/result.js';
import type { SourceEvent, SourceInfo } from '../contract/source.js';
import { bytesPerFrame, createFramePool } from './frame-pool.js';
import { framesOf } from './frames-of.js';
import type { InferredFrame, OnGivenUp } from './infer-in-batches.js';
import { Ledger } from './ledger.js';
import { createSinkLane, type SinkLane } from './sink-lane.js';
import { trackFrames } from './track-frames.js';

/** What a run lends to each of its sources. */
export interface RunContext {
  readonly detector: Detector;
  readonly infer: (onGivenUp: OnGivenUp) => OperatorFunction<Frame, InferredFrame>;
  readonly createTracker: (source: SourceInfo) => Tracker;
  /** What the small picture of a frame looks like. */
  readonly geometry: InputGeometry;
  readonly tracking: TrackingInfo | undefined;
  /** Undefined for a source without analytics. */
  readonly createAnalytics: (source: SourceInfo) => Analytics | undefined;
  readonly sinksOf: (sourceId: string) => readonly Sink[];
  readonly framesInFlight: number;
  readonly results: Observer<FrameResult>;
  readonly onEvent: (event: SourceEvent) => void;
  readonly onAnalytics: (events: readonly AnalyticsEvent[]) => void;
  readonly logger: Logger;
  /** Aborts when the run is to stop. */
  readonly signal: AbortSignal;
  /** Stops the whole run; for sinks whose reader has gone away. */
  readonly stop: () => void;
  /** Errors of the detector that end every source. */
  readonly onFatal: (error: Error) => void;
}

/** One source while it runs. */
export interface SourceRun {
  readonly id: string;
  /** How far it is. */
  progress(): SourceProgress;
  /** Never rejects. */
  readonly done: Promise<SourceSummary>;
}

/** A glance at a running source. */
export interface SourceProgress {
  readonly id: string;
  readonly frames: FrameLedger;
  readonly decodeErrors: number;
  readonly expectedFrames: number | undefined;
  /** Confirmed tracks in the newest frame. */
  readonly activeTracks: number;
}

/** Starts a source. */
export function runSource(source: Source, context: RunContext): SourceRun {
  const run = new RunningSource(source, context);
  return { id: source.id, progress: () => run.progress(), done: run.run() };
}

class RunningSource {
  readonly #source: Source;
  readonly #context: RunContext;
  readonly #ledger = new Ledger();
  readonly #ownStop = new AbortController();
  readonly #lanes: SinkLane[] = [];
  #info: SourceInfo | undefined;
  #analytics: Analytics | undefined;
  #totals: AnalyticsTotals | undefined;
  #heatMap: HeatMapSnapshot | undefined;
  #invalidAnchors = 0;
  #detections = 0;
  #highestTrackId = 0;
  #activeTracks = 0;
  #epoch: { readonly number: number; readonly firstUs: number; lastUs: number } | undefined;
  /** Media time of the epochs before. */
  #earlierUs = 0;

  constructor(source: Source, context: RunContext) {
    this.#source = source;
    this.#context = context;
  }

  async run(): Promise<SourceSummary> {
    const { signal } = this.#context;
    let error: Error | undefined;
    let outcome: SourceOutcome = 'completed';
    try {
      await this.#decodeAll(AbortSignal.any([signal, this.#ownStop.signal]));
      if (signal.aborted || this.#ownStop.signal.aborted) outcome = 'stopped';
    } catch (cause) {
      outcome = signal.aborted && isSightlineError(cause, 'ERR_ABORTED') ? 'stopped' : 'failed';
      if (outcome === 'failed') error = toError(cause);
    }
    // Read before the end: finishing forgets it.
    this.#heatMap = this.#analytics?.heatMap();
    const events = this.#analytics?.finish() ?? [];
    this.#context.onAnalytics(events);
    const sinks = await Promise.all(this.#lanes.map((lane) => lane.end(outcome, events, this.#heatMap)));
    this.#event(outcome === 'failed' ? 'failed' : 'ended', error);
    return this.#summary(outcome, error, sinks);
  }

  async #decodeAll(signal: AbortSignal): Promise<void> {
    const { geometry, infer, createTracker, createAnalytics, framesInFlight, logger } = this.#context;
    const sinks = this.#context.sinksOf(this.#source.id);
    this.#event('connecting');
    const request: FrameRequest = {
      input: geometry,
      image: this.#source.hasPixels !== false && sinks.some((sink) => sink.pixels),
    };
    const info = await this.#source.open(request, signal);
    this.#info = info;
    this.#analytics = createAnalytics(info);
    await this.#openSinks(sinks, info);
    const ceiling = Math.round((framesInFlight * bytesPerFrame(info, request)) / 1e6);
    logger.debug({ source: info.id, framesInFlight, megabytes: ceiling }, 'frame memory is bounded');
    const pool = createFramePool({
      capacity: framesInFlight,
      source: info,
      request,
      onLeak: (label) => {
        logger.error({ frame: label }, 'a frame was never released; its holder has a bug');
      },
    });
    this.#event('running');
    await lastValueFrom(
      framesOf(this.#source, pool, signal).pipe(
        tap(() => {
          this.#ledger.decoded();
        }),
        infer((frame, cause) => {
          this.#giveUp(frame, cause);
        }),
        tap(({ invalid }) => (this.#invalidAnchors += invalid)),
        trackFrames(createTracker(info), this.#source.hasPixels ?? true),
        tap((result) => {
          this.#emit(this.#analyse(result));
        }),
      ),
      { defaultValue: undefined },
    );
  }

  async #openSinks(sinks: readonly Sink[], info: SourceInfo): Promise<void> {
    for (const sink of sinks) {
      const stream = await sink.open(info, this.#context.detector.info, this.#context.tracking);
      const lane = createSinkLane(sink, stream, (error) => {
        this.#sinkFailed(error);
      });
      this.#lanes.push(lane);
    }
  }

  /** A run whose reader has gone ends quietly; a source that no waiting sink is left for has nothing to work for. */
  #sinkFailed(error: Error): void {
    if (isSightlineError(error, 'ERR_SINK_CLOSED')) {
      this.#context.stop();
      return;
    }
    this.#context.logger.error({ source: this.#source.id }, error.message);
    if (this.#lanes.every((lane) => lane.policy !== 'wait' || lane.error !== undefined))
      this.#ownStop.abort();
  }

  #giveUp(frame: Frame, cause: unknown): void {
    if (isSightlineError(cause, 'ERR_INFERENCE_LOST')) {
      this.#ledger.dropped('inference-lost');
      this.#context.logger.debug(
        { source: frame.sourceId, frame: frame.index },
        'frame lost with the inference process',
      );
    } else if (cause === undefined) {
      this.#ledger.dropped('stopped');
    } else {
      this.#ledger.failed();
      this.#context.onFatal(toError(cause));
    }
  }

  #analyse(result: FrameResult): FrameResult {
    if (this.#analytics === undefined) return result;
    const events = this.#analytics.update(result);
    this.#context.onAnalytics(events);
    if (events.length > 0 || this.#totals === undefined) this.#totals = totalsOf(this.#analytics);
    return { ...result, events, totals: this.#totals };
  }

  #emit(result: FrameResult): void {
    const { frame, detections, tracks } = result;
    if (this.#epoch?.number !== frame.epoch) {
      this.#earlierUs = this.#mediaUs();
      this.#epoch = { number: frame.epoch, firstUs: frame.ptsUs, lastUs: frame.ptsUs };
    }
    this.#epoch.lastUs = frame.ptsUs;
    this.#detections += detections.length;
    this.#activeTracks = 0;
    for (const track of tracks) {
      if (track.state === 'confirmed') this.#activeTracks++;
      if (track.trackId > this.#highestTrackId) this.#highestTrackId = track.trackId;
    }
    for (const lane of this.#lanes) lane.offer(result);
    this.#context.results.next(result);
    this.#ledger.emitted();
    frame.release();
  }

  progress(): SourceProgress {
    return {
      id: this.#source.id,
      frames: this.#ledger.snapshot(),
      decodeErrors: this.#source.decodeErrors,
      expectedFrames: this.#info?.expectedFrames,
      activeTracks: this.#activeTracks,
    };
  }

  #mediaUs(): number {
    const inEpoch = this.#epoch === undefined ? 0 : this.#epoch.lastUs - this.#epoch.firstUs;
    return this.#earlierUs + inEpoch;
  }

  #event(state: SourceEvent['state'], error?: Error): void {
    this.#context.onEvent({ sourceId: this.#source.id, state, ...(error !== undefined && { error }) });
  }

  #summary(outcome: SourceOutcome, error: Error | undefined, sinks: readonly SinkSummary[]): SourceSummary {
    return {
      id: this.#source.id,
      uri: this.#info?.uri ?? this.#source.id,
      outcome,
      ...(error !== undefined && { error }),
      frames: this.#ledger.snapshot(),
      decodeErrors: this.#source.decodeErrors,
      invalidAnchors: this.#invalidAnchors,
      detections: this.#detections,
      tracks: this.#highestTrackId,
      mediaUs: this.#mediaUs(),
      sinks,
      ...(this.#analytics !== undefined && { analytics: totalsOf(this.#analytics) }),
      ...(this.#heatMap !== undefined && { heatMap: this.#heatMap }),
    };
  }
}

function totalsOf(analytics: Analytics): AnalyticsTotals {
  const { lines, zones } = analytics.state();
  return { lines, zones };
}
