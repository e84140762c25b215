/**
 * What the live feed says besides records: hello, state, stats and how lines and zones stand. The feed writes it and the live
 * page reads it; docs/records.md is for people.
 */
import type { DetectorInfo } from '../contract/detector.js';
import type { SourceState } from '../contract/source.js';
import type { SightlineRecord, SourceRecord, TotalsRecord } from './schema.js';

/** Version of the messages; grows only when a client of older ones would go wrong. */
export const PROTOCOL_VERSION = 1;

/** The state of a source as health answers and the feed tell it. */
export interface StateEntry {
  readonly source: string;
  readonly state: SourceState;
  /** Wall clock of the change in milliseconds since 1970. */
  readonly atMs: number;
  readonly code?: string;
  readonly reason?: string;
}

/** The first message to every client. */
export interface HelloMessage {
  readonly v: 1;
  readonly type: 'hello';
  readonly protocol: typeof PROTOCOL_VERSION;
  readonly sightline: string;
  /** Absent until the first source has opened. */
  readonly detector?: Pick<
    DetectorInfo,
    'model' | 'backend' | 'device' | 'precision' | 'version' | 'classes'
  >;
  /** Sources opened so far, as they are now; later ones announce themselves with a `source` record. */
  readonly sources: readonly SourceRecord[];
  /** States of all sources that are known, opened or not; what changes is told by `state`. */
  readonly states: readonly StateEntry[];
}

/**
 * The state of a source has changed. `removed`: it is no longer a part of the run, and nothing more is told of it. The sums
 * of a source follow in its `end` record when the run is over.
 */
export interface StateMessage extends StateEntry {
  readonly v: 1;
  readonly type: 'state';
}

/** What happened in the last second. */
export interface StatsMessage {
  readonly v: 1;
  readonly type: 'stats';
  readonly sources: readonly SourceStats[];
  readonly clients: number;
}

/** One source in the last second. */
export interface SourceStats {
  readonly source: string;
  /** Frames per second that reached the feed. */
  readonly fps: number;
  /** Pictures per second. */
  readonly previewFps: number;
  /** From decoded to tracked, mean over the frames of the last second; null if there were none. */
  readonly latencyMs: number | null;
  /** Confirmed tracks in the newest frame. */
  readonly tracks: number;
  /** Frames that reached the feed since the source opened. */
  readonly frames: number;
  /** Frames since then that never did: dropped before, or replaced by a newer one while the feed was busy. */
  readonly missed: number;
  /** Frames since this client connected that it was not sent because it reads too slowly. */
  readonly skipped: number;
}

/** How lines and zones of a source stand: after `hello`, and every second in which that has changed. */
export interface AnalyticsMessage extends TotalsRecord {
  readonly v: 1;
  readonly type: 'analytics';
  readonly source: string;
  /** Size of the image that the places lie in; frames of later epochs may have another one. */
  readonly width: number;
  readonly height: number;
}

/** What a text message of the feed holds; a binary one holds a frame record and its picture. */
export type FeedMessage = SightlineRecord | HelloMessage | StateMessage | StatsMessage | AnalyticsMessage;
