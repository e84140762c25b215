/**
 * What travels over the feed besides the records of docs/records.md. Text messages are JSON. A binary message is a frame
 * record and its picture in one piece, so that a box can never be drawn on another frame:
 *
 *     bytes 0–3   length of the JSON, unsigned, little endian
 *     then        the frame record, JSON in UTF-8
 *     then        a JPEG, to the end of the message
 */
import type { AnalyticsTotals } from '../../contract/events.js';
import type { FrameRecord, SightlineRecord, SourceRecord } from '../../record/record.js';
import type { DetectorInfo } from '../../contract/detector.js';
import type { StateEntry } from '../../server/source-states.js';

/** Version of the messages; grows only when a client of older ones would go wrong. */
export const PROTOCOL_VERSION = 1;

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
export interface AnalyticsMessage extends AnalyticsTotals {
  readonly v: 1;
  readonly type: 'analytics';
  readonly source: string;
  /** Size of the image that the places lie in; frames of later epochs may have another one. */
  readonly width: number;
  readonly height: number;
}

/** A message ready to be sent, encoded once for all clients. */
export interface Message {
  readonly data: Buffer;
  readonly binary: boolean;
}

/** Encodes a text message. */
export function textMessage(
  content: SightlineRecord | HelloMessage | StateMessage | StatsMessage | AnalyticsMessage,
): Message {
  return { data: Buffer.from(JSON.stringify(content)), binary: false };
}

/** Puts a frame record and its picture into one message. */
export function pictureMessage(record: FrameRecord, jpeg: Buffer): Message {
  const json = Buffer.from(JSON.stringify(record));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  return { data: Buffer.concat([length, json, jpeg]), binary: true };
}
