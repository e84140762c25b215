/**
 * Makes records of what a run finds.
 *
 * Detections are written with every digit they have, because a replay must show a tracker exactly what it saw. Tracks
 * are results, so their numbers are rounded: 1/100 px, 1/100 px/s, 1/10000 of confidence.
 */
import type { Detection, DetectorInfo } from '../contract/detector.js';
import type { AnalyticsEvent, CountsEvent, WindowCount } from '../contract/events.js';
import type { InputGeometry } from '../contract/frame.js';
import type { FrameResult } from '../contract/result.js';
import type { SourceSummary } from '../contract/run.js';
import type { SourceInfo } from '../contract/source.js';
import type { Track, TrackingInfo } from '../contract/tracker.js';
import { isSightlineError } from '../errors.js';
import { hundredths } from '../geometry/box.js';
import { oneLine } from '../text/printable.js';
import type { EventRecord } from './event-schema.js';
import {
  type DetectionRecord,
  type EndRecord,
  type FrameRecord,
  RECORD_VERSION,
  type SightlineRecord,
  type SourceRecord,
  type TrackRecord,
} from './schema.js';

/** Describes a source that has just been opened. */
export function toSourceRecord(
  source: SourceInfo,
  detector: DetectorInfo,
  tracking: TrackingInfo | undefined,
  sightline: string,
): SourceRecord {
  const { frameRate, durationUs, expectedFrames } = source;
  const { width, height, ...letterbox } = detector.geometry;
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
    input: [width, height],
    ...(isUnusual(letterbox) && { letterbox }),
    classes: detector.classes,
    ...(tracking !== undefined && { tracking }),
    sightline,
  };
}

function isUnusual({
  pad,
  kernel,
  fit = 'letterbox',
  placement = 'centre',
}: Omit<InputGeometry, 'width' | 'height'>): boolean {
  return pad !== 128 || kernel !== 'area' || fit !== 'letterbox' || placement !== 'centre';
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
    ...(live && { capturedAtMs: frame.capturedAt }),
    width: frame.width,
    height: frame.height,
    detections: detections.map(toDetectionRecord),
    tracks: tracks.map(toTrackRecord),
    ended: ended.map((track) => track.trackId),
  };
}

/** An event under the names of records, spelt out so that the compiler sees that it is what the schema says. */
type RecordOf<Event> = Event extends AnalyticsEvent
  ? Omit<Event, 'type' | 'sourceId' | 'trackId' | 'label' | 'counts'> & {
      readonly v: typeof RECORD_VERSION;
      readonly type: 'event';
      readonly event: Event['type'];
      readonly source: string;
    } & (Event extends CountsEvent
        ? { readonly counts: readonly (Omit<WindowCount, 'label'> & { readonly class: string })[] }
        : { readonly track: number; readonly class: string })
  : never;

/** The record of one event: the names of docs/records.md instead of those of the code. */
export function toEventRecord(event: AnalyticsEvent): EventRecord {
  const { type, id, sourceId, epoch, ptsUs, ...rest } = event;
  const head = { v: RECORD_VERSION, type: 'event', event: type, id, source: sourceId, epoch, ptsUs } as const;
  if ('counts' in rest) {
    const counts = rest.counts.map(({ label, ...count }) => ({ ...count, class: label }));
    return { ...head, ...rest, counts } as RecordOf<CountsEvent>;
  }
  const { trackId, classId, label, ...details } = rest;
  return { ...head, track: trackId, class: label, classId, ...details } as RecordOf<
    Exclude<AnalyticsEvent, CountsEvent>
  >;
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

/** One line, without its line feed, that does a terminal no harm: what it could take for orders is escaped. JSON keeps every digit of a double, so reading gives the same numbers back. */
export function formatRecord(record: SightlineRecord): string {
  return oneLine(JSON.stringify(record));
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
