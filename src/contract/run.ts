/** What became of a run and its parts. */
import type { DetectorInfo } from './detector.js';
import type { AnalyticsTotals, HeatMapSnapshot } from './events.js';

/** How a source ended: by itself, because the run was stopped, or by an error. */
export type SourceOutcome = 'completed' | 'stopped' | 'failed';

/** Why a decoded frame was not emitted. */
export type DropReason = 'inference-lost' | 'overload' | 'stopped';

/**
 * Where the frames of one source went. Every number is counted on its own, so that a mistake shows:
 * `decoded = emitted + failed + inFlight + sum(dropped)` has to hold at any time.
 */
export interface FrameLedger {
  readonly decoded: number;
  readonly emitted: number;
  readonly failed: number;
  readonly inFlight: number;
  readonly dropped: Readonly<Record<DropReason, number>>;
}

/** What became of one sink of one source. */
export interface SinkSummary {
  readonly name: string;
  readonly written: number;
  /** Results that a `latest` sink was too busy for. */
  readonly skipped: number;
  /** Results that came while the sink was broken. */
  readonly lost: number;
  /** Times that the stream was opened again after it had failed. */
  readonly reopened: number;
  readonly note?: string;
  readonly error?: Error;
}

/** What became of one source. */
export interface SourceSummary {
  readonly id: string;
  readonly uri: string;
  readonly outcome: SourceOutcome;
  readonly error?: Error;
  readonly frames: FrameLedger;
  /** Times that the source stalled, and that it connected anew. */
  readonly stalls: number;
  readonly reconnects: number;
  readonly decodeErrors: number;
  readonly invalidAnchors: number;
  readonly detections: number;
  readonly tracks: number;
  /** Media time from the first to the last emitted frame, of each epoch, added up. */
  readonly mediaUs: number;
  readonly sinks: readonly SinkSummary[];
  /** How lines and zones stood at the end; absent where there is no analytics. */
  readonly analytics?: AnalyticsTotals;
  /** Where objects spent their time; absent if no heat map was asked for. */
  readonly heatMap?: HeatMapSnapshot;
}

/** What became of a run. */
export interface RunSummary {
  readonly detector: DetectorInfo;
  readonly sources: readonly SourceSummary[];
  /** Sinks that could not be closed well; empty while sinks are being closed. */
  readonly closing: readonly { readonly name: string; readonly error: Error }[];
  /** Times that the inference process had to be started again. */
  readonly inferenceRestarts: number;
  readonly elapsedMs: number;
}
