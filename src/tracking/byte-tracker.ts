import { SightlineError } from '../errors.js';
import type { Box, Detection, Track, Tracker, TrackerUpdate } from '../types.js';
import { ByteTrackEngine, type ByteTrackParameters } from './byte-track-engine.js';
import type { Corners } from './iou.js';
import { CONFIRMED, LOST, type TrackStore } from './track-store.js';

/** Settings of ByteTrack under their usual names. Each has a default. */
export interface ByteTrackOptions {
  /** Detections from this confidence on are matched first and to all tracks. */
  readonly trackHighThresh?: number;
  /** Detections below `trackHighThresh` and from here on only continue tracks that were seen in the frame before. */
  readonly trackLowThresh?: number;
  /** Confidence from which a detection starts a track; default `trackHighThresh + 0.1`. */
  readonly newTrackThresh?: number;
  /** Cost limit of the first match: a pair needs `IoU · confidence > 1 − matchThresh` (`IoU` alone without `fuseScore`). */
  readonly matchThresh?: number;
  /** Seconds of media time for which an unseen track is kept. A buffer of 30 frames at 25 a second is `30 / 25`. */
  readonly trackBuffer?: number;
  /** Whether confidence weighs in the first match. */
  readonly fuseScore?: boolean;
  /**
   * IoU from which boxes of different classes are taken for one object, in matching and when tracks start. 0 ignores
   * classes, 1 keeps them apart. In between, a lorry called "truck" and then "bus" stays one track, while a rider and
   * the bicycle below, whose boxes overlap by half, never swap. A track's class is the one with the largest sum of confidences.
   */
  readonly crossClassIou?: number;
  /** Media time that one step of the filter's noise stands for, in microseconds. */
  readonly nominalIntervalUs?: number;
}

/** The defaults of `ByteTrackOptions`. */
const BYTE_TRACK_DEFAULTS = {
  trackHighThresh: 0.5,
  trackLowThresh: 0.1,
  matchThresh: 0.8,
  trackBuffer: 1,
  fuseScore: true,
  crossClassIou: 0.7,
  nominalIntervalUs: 1e6 / 30,
} as const;

/**
 * A ByteTrack tracker for one source: ids from 1 without gaps, given in the order in which tracks are confirmed.
 *
 * `update` reports confirmed tracks seen in this frame at the filter's corrected box, then lost ones at their predicted
 * box; `ended` reports each removed track once, as it was when last seen, `ageUs` being its whole life. Tentative tracks
 * are not reported. Boxes and velocities are rounded to 1/100 and are not clipped to the picture. Detections with empty,
 * infinite or NaN boxes are ignored.
 * @throws SightlineError ERR_USAGE for options out of range; `update` throws ERR_SOURCE_INVALID when time goes backwards.
 */
export function createByteTracker(options: ByteTrackOptions = {}): Tracker {
  const parameters = decide(options);
  const engine = new ByteTrackEngine(parameters);
  const perSecond = 1e6 / parameters.nominalIntervalUs;
  return {
    update(detections: readonly Detection[], ptsUs: number): TrackerUpdate {
      engine.update(detections, ptsUs);
      return report(engine.tracks, ptsUs, perSecond);
    },
  };
}

function decide(options: ByteTrackOptions): ByteTrackParameters {
  const { trackBuffer, ...chosen } = { ...BYTE_TRACK_DEFAULTS, ...options };
  const newTrackThresh = chosen.newTrackThresh ?? Math.min(1, chosen.trackHighThresh + 0.1);
  check('trackHighThresh', chosen.trackHighThresh, 0, 1);
  check('trackLowThresh', chosen.trackLowThresh, 0, chosen.trackHighThresh);
  check('newTrackThresh', newTrackThresh, chosen.trackHighThresh, 1);
  check('matchThresh', chosen.matchThresh, 0, 1);
  check('crossClassIou', chosen.crossClassIou, 0, 1);
  check('trackBuffer', trackBuffer, 0, 86_400);
  check('nominalIntervalUs', chosen.nominalIntervalUs, 100, 1e9);
  return { ...chosen, newTrackThresh, trackBufferUs: trackBuffer * 1e6, asPublished: false };
}

function check(name: keyof ByteTrackOptions, value: number, least: number, most: number): void {
  if (value >= least && value <= most) return;
  throw new SightlineError(
    'ERR_USAGE',
    `expected a number from ${least} to ${most} for ${name} but received ${value}`,
  );
}

function report(store: TrackStore, ptsUs: number, perSecond: number): TrackerUpdate {
  const tracks: Track[] = [];
  for (const state of [CONFIRMED, LOST]) {
    for (let i = 0; i < store.count; i++) {
      const slot = store.order[i]!;
      if (store.state[slot] !== state) continue;
      const x = store.filter.velocity[slot * 4]! * perSecond;
      const y = store.filter.velocity[slot * 4 + 1]! * perSecond;
      const age = ptsUs - store.firstUs[slot]!;
      tracks.push(toTrack(store, slot, state === LOST, boxAt(store.corners, slot), x, y, age));
    }
  }
  const ended: Track[] = [];
  for (let i = 0; i < store.endedCount; i++) {
    const slot = store.ended[i]!;
    const x = store.seenVelocityX[slot]! * perSecond;
    const y = store.seenVelocityY[slot]! * perSecond;
    const age = store.lastUs[slot]! - store.firstUs[slot]!;
    ended.push(toTrack(store, slot, true, boxAt(store.seen, slot), x, y, age));
  }
  return { tracks, ended };
}

function toTrack(
  store: TrackStore,
  slot: number,
  lost: boolean,
  box: Box,
  x: number,
  y: number,
  ageUs: number,
): Track {
  const classSlot = store.classSlot[slot]!;
  return {
    trackId: store.id[slot]!,
    state: lost ? 'lost' : 'confirmed',
    box,
    classId: store.classes.classId(classSlot),
    label: store.classes.label(classSlot),
    confidence: store.score[slot]!,
    ageUs,
    velocity: { x: hundredths(x), y: hundredths(y) },
  };
}

/** Rounded outwards where rounding would leave nothing of a tiny box. */
function boxAt(corners: Corners, slot: number): Box {
  const x1 = hundredths(corners.x1[slot]!);
  const y1 = hundredths(corners.y1[slot]!);
  const x2 = hundredths(corners.x2[slot]!);
  const y2 = hundredths(corners.y2[slot]!);
  return { x1, y1, x2: x2 > x1 ? x2 : hundredths(x1 + 0.01), y2: y2 > y1 ? y2 : hundredths(y1 + 0.01) };
}

/** To 1/100, and never to −0, which JSON writes as 0 and a comparison does not. */
function hundredths(value: number): number {
  return Math.round(value * 100) / 100 + 0;
}
