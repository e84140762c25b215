/** What became of a run and its parts. */
import type { DetectorInfo } from './detector.js';
import type { AnalyticsTotals, HeatMapSnapshot } from './events.js';

/** How a source ended: by itself, because the run was stopped, or by an error. */
export type SourceOutcome = 'completed' | 'stopped' | 'failed';

/** Why a decoded frame was not emitted. */
export type DropReason = 'inference-lost' | 'stopped';

/** Where the frames of one source went. `decoded = emitted + failed + inFlight + sum(dropped)` holds at any time. */
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
  readonly skipped: number;
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
  /** Times that the inference process had to be started again. */
  readonly inferenceRestarts: number;
  readonly elapsedMs: number;
}
