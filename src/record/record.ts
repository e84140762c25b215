/**
 * The one record: a line of a JSONL file, a message of the live feed, and later the input of replay and evaluation.
 * docs/records.md explains it to users, docs/record.schema.json states it for machines, read-record.ts reads it back.
 *
 * Detections are written with every digit they have, because a replay must show a tracker exactly what it saw. Tracks
 * are results, so their numbers are rounded: 1/100 px, 1/100 px/s, 1/10000 of confidence.
 */
import { isSightlineError } from '../errors.js';
import type { EventRecord } from './event-record.js';
import type { AnalyticsTotals } from '../contract/events.js';
import { hundredths } from '../geometry/box.js';
import type { DetectorInfo } from '../contract/detector.js';
import type { FrameLedger, SourceOutcome, SourceSummary } from '../contract/run.js';
import type { TrackingInfo } from '../contract/tracker.js';
import type { Detection } from '../contract/detector.js';
import type { FrameResult } from '../contract/result.js';
import type { SourceInfo } from '../contract/source.js';
import type { Track } from '../contract/tracker.js';

/** Version of the record; grows only when a reader of older records would go wrong. */
export const RECORD_VERSION = 1;

/** `[x1, y1, x2, y2]` in source pixels. */
export type BoxRecord = readonly [number, number, number, number];

/** A found object. */
export interface DetectionRecord {
  readonly class: string;
  readonly classId: number;
  readonly confidence: number;
  readonly box: BoxRecord;
}

/** A followed object. */
export interface TrackRecord extends DetectionRecord {
  readonly id: number;
  readonly state: Track['state'];
  /** Source pixels per second of media time. */
  readonly velocity: readonly [number, number];
  readonly ageUs: number;
}

/** The first record of a source: what it is and what looks at it. */
export interface SourceRecord {
  readonly v: typeof RECORD_VERSION;
  readonly type: 'source';
  readonly source: string;
  /** Path or URL without credentials. */
  readonly uri: string;
  readonly live: boolean;
  readonly width: number;
  readonly height: number;
  readonly pixelAspect: readonly [number, number];
  /** Seconds per tick as numerator and denominator. */
  readonly timeBase: readonly [number, number];
  /** Frames per second as the container states it. */
  readonly fps?: number;
  readonly startUs: number;
  readonly durationUs?: number;
  readonly expectedFrames?: number;
  readonly model: string;
  readonly backend: string;
  readonly device: string;
  readonly precision: string;
  /** Version of the inference runtime; not in records of Sightline 0.1. */
  readonly backendVersion?: string;
  /** Width and height that the network looks at; not in records of Sightline 0.1. */
  readonly input?: readonly [number, number];
  readonly classes: readonly string[];
  /** Name and parameters of the tracker; not in records of Sightline 0.1. */
  readonly tracking?: TrackingInfo;
  /** Version of Sightline that wrote this. */
  readonly sightline: string;
}

/** What was found in one frame. */
export interface FrameRecord {
  readonly v: typeof RECORD_VERSION;
  readonly type: 'frame';
  readonly source: string;
  readonly epoch: number;
  /** Position among the decoded frames, from 0. */
  readonly frame: number;
  readonly ptsUs: number;
  /** Wall clock at arrival, milliseconds since 1970; live sources only, so that files give the same records each time. */
  readonly capturedAt?: number;
  readonly width: number;
  readonly height: number;
  readonly detections: readonly DetectionRecord[];
  readonly tracks: readonly TrackRecord[];
  /** Ids of the tracks that ended with this frame. */
  readonly ended: readonly number[];
}

/** The last record of a source: how it ended and where its frames went. */
export interface EndRecord {
  readonly v: typeof RECORD_VERSION;
  readonly type: 'end';
  readonly source: string;
  readonly outcome: SourceOutcome;
  readonly frames: FrameLedger;
  readonly decodeErrors: number;
  readonly invalidAnchors: number;
  readonly detections: number;
  readonly tracks: number;
  readonly mediaUs: number;
  /** How lines and zones stood at the end; absent where there is no analytics. */
  readonly analytics?: AnalyticsTotals;
  /** Object-seconds in each cell, row by row from the top left; absent if no heat map was asked for. */
  readonly heatMap?: { readonly columns: number; readonly rows: number; readonly seconds: readonly number[] };
  /** Why it failed; `code` is `ERR_UNKNOWN` for an error that is not Sightline's. */
  readonly error?: { readonly code: string; readonly message: string };
}

/** Any record of version 1. */
export type SightlineRecord = SourceRecord | FrameRecord | EventRecord | EndRecord;

/** Describes a source that has just been opened. */
export function toSourceRecord(
  source: SourceInfo,
  detector: DetectorInfo,
  tracking: TrackingInfo | undefined,
  sightline: string,
): SourceRecord {
  const { frameRate, durationUs, expectedFrames } = source;
  return {
    v: RECORD_VERSION,
    type: 'source',
    source: source.id,
    uri: source.uri,
    live: source.live,
    width: source.width,
    height: source.height,
    pixelAspect: [source.pixelAspect.num, source.pixelAspect.den],
    timeBase: [source.timeBase.num, source.timeBase.den],
    ...(frameRate !== undefined && { fps: frameRate.num / frameRate.den }),
    startUs: source.startUs,
    ...(durationUs !== undefined && { durationUs }),
    ...(expectedFrames !== undefined && { expectedFrames }),
    model: detector.model,
    backend: detector.backend,
    device: detector.device,
    precision: detector.precision,
    backendVersion: detector.version,
    input: [detector.geometry.width, detector.geometry.height],
    classes: detector.classes,
    ...(tracking !== undefined && { tracking }),
    sightline,
  };
}

/**
 * The record of one frame; shares nothing with the frame's pixels.
 * @param live whether the source is live: only then the wall clock is worth keeping.
 */
export function toFrameRecord(result: FrameResult, live = false): FrameRecord {
  const { frame, detections, tracks, ended } = result;
  return {
    v: RECORD_VERSION,
    type: 'frame',
    source: frame.sourceId,
    epoch: frame.epoch,
    frame: frame.index,
    ptsUs: frame.ptsUs,
    ...(live && { capturedAt: frame.capturedAt }),
    width: frame.width,
    height: frame.height,
    detections: detections.map(toDetectionRecord),
    tracks: tracks.map(toTrackRecord),
    ended: ended.map((track) => track.trackId),
  };
}

/** Closes the books of a source. */
export function toEndRecord(summary: SourceSummary): EndRecord {
  const { error, analytics, heatMap } = summary;
  return {
    v: RECORD_VERSION,
    type: 'end',
    source: summary.id,
    outcome: summary.outcome,
    frames: summary.frames,
    decodeErrors: summary.decodeErrors,
    invalidAnchors: summary.invalidAnchors,
    detections: summary.detections,
    tracks: summary.tracks,
    mediaUs: summary.mediaUs,
    ...(analytics !== undefined && { analytics }),
    ...(heatMap !== undefined && {
      heatMap: { ...heatMap, seconds: Array.from(heatMap.seconds, hundredths) },
    }),
    ...(error !== undefined && {
      error: { code: isSightlineError(error) ? error.code : 'ERR_UNKNOWN', message: error.message },
    }),
  };
}

/** One line, without its line feed. JSON keeps every digit of a double, so reading gives the same numbers back. */
export function formatRecord(record: SightlineRecord): string {
  return JSON.stringify(record);
}

function toDetectionRecord({ label, classId, confidence, box }: Detection): DetectionRecord {
  return { class: label, classId, confidence, box: [box.x1, box.y1, box.x2, box.y2] };
}

function toTrackRecord(track: Track): TrackRecord {
  const { box, velocity } = track;
  return {
    id: track.trackId,
    state: track.state,
    class: track.label,
    classId: track.classId,
    confidence: Math.round(track.confidence * 1e4) / 1e4,
    box: [hundredths(box.x1), hundredths(box.y1), hundredths(box.x2), hundredths(box.y2)],
    velocity: [hundredths(velocity.x), hundredths(velocity.y)],
    ageUs: track.ageUs,
  };
}
