import type { Analytics } from '../contract/analytics.js';
import type { AnalyticsTotals, HeatMapSnapshot } from '../contract/events.js';
import type { FrameResult } from '../contract/result.js';
import type { FrameLedger, SinkSummary, SourceOutcome, SourceSummary } from '../contract/run.js';
import type { Source, SourceInfo, SourceState, SourceStatus } from '../contract/source.js';
import { Ledger } from './ledger.js';

/** A glance at a running source. */
export interface SourceProgress {
  readonly id: string;
  readonly state: SourceState;
  readonly frames: FrameLedger;
  readonly decodeErrors: number;
  readonly expectedFrames: number | undefined;
  /** Confirmed tracks in the newest frame. */
  readonly activeTracks: number;
}

/** Counts what passes through one source, for its progress and its summary. */
export class SourceBooks {
  readonly ledger = new Ledger();
  readonly #source: Source;
  #info: SourceInfo | undefined;
  #state: SourceState = 'connecting';
  #totals: AnalyticsTotals | undefined;
  #stalls = 0;
  #reconnects = 0;
  #invalidAnchors = 0;
  #detections = 0;
  #highestTrackId = 0;
  #activeTracks = 0;
  #epoch: { readonly number: number; readonly firstUs: number; lastUs: number } | undefined;
  /** Media time of the epochs before. */
  #earlierUs = 0;

  constructor(source: Source) {
    this.#source = source;
  }

  get state(): SourceState {
    return this.#state;
  }

  /** Notes what the source is. */
  opened(info: SourceInfo): void {
    this.#info = info;
  }

  /** Notes a change of state. */
  status({ state }: SourceStatus): void {
    this.#state = state;
    if (state === 'stalled') this.#stalls++;
    if (state === 'reconnecting') this.#reconnects++;
  }

  /** Notes a result. @param inferred what the detector counted. */
  emitted({ invalid }: { readonly invalid: number }, { frame, detections, tracks }: FrameResult): void {
    this.ledger.emitted();
    this.#invalidAnchors += invalid;
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
  }

  /** How lines and zones stand; the same object as long as nothing has `changed`. */
  totalsOf(analytics: Analytics, changed: boolean): AnalyticsTotals {
    if (this.#totals === undefined || changed) {
      const { lines, zones } = analytics.state();
      this.#totals = { lines, zones };
    }
    return this.#totals;
  }

  progress(): SourceProgress {
    return {
      id: this.#source.id,
      state: this.#state,
      frames: this.ledger.snapshot(),
      decodeErrors: this.#source.decodeErrors,
      expectedFrames: this.#info?.expectedFrames,
      activeTracks: this.#activeTracks,
    };
  }

  summary(end: {
    readonly outcome: SourceOutcome;
    readonly error: Error | undefined;
    readonly sinks: readonly SinkSummary[];
    readonly heatMap: HeatMapSnapshot | undefined;
  }): SourceSummary {
    return {
      id: this.#source.id,
      uri: this.#info?.uri ?? this.#source.id,
      outcome: end.outcome,
      ...(end.error !== undefined && { error: end.error }),
      frames: this.ledger.snapshot(),
      stalls: this.#stalls,
      reconnects: this.#reconnects,
      decodeErrors: this.#source.decodeErrors,
      invalidAnchors: this.#invalidAnchors,
      detections: this.#detections,
      tracks: this.#highestTrackId,
      mediaUs: this.#mediaUs(),
      sinks: end.sinks,
      ...(this.#totals !== undefined && { analytics: this.#totals }),
      ...(end.heatMap !== undefined && { heatMap: end.heatMap }),
    };
  }

  #mediaUs(): number {
    const inEpoch = this.#epoch === undefined ? 0 : this.#epoch.lastUs - this.#epoch.firstUs;
    return this.#earlierUs + inEpoch;
  }
}
