import { SightlineError } from '../../errors.js';
import type { Tracker, TrackerUpdate } from '../../contract/tracker.js';
import type { Detection } from '../../contract/detector.js';
import { ByteTrackEngine, type ByteTrackParameters } from './byte-track-engine.js';
import { CameraMotion, type TrackerPicture } from '../camera-motion/camera-motion.js';
import { ASPECT_HEIGHT_NOISE, WIDTH_HEIGHT_NOISE } from '../filters/kalman-noise.js';
import { type BoxChoice, report, reportEnded } from '../report.js';

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
  /** Whether the filter's boxes are reported, or the detected ones. */
  readonly boxes?: BoxChoice;
  /** Do as the authors' program does where ours differs on purpose; see `ByteTrackParameters`. */
  readonly asPublished?: boolean;
}

/** The defaults of `ByteTrackOptions`: those of the paper where it has them (section 4.1, "Implementation details"). */
export const BYTE_TRACK_DEFAULTS = {
  trackHighThresh: 0.6,
  trackLowThresh: 0.1,
  matchThresh: 0.8,
  trackBuffer: 1,
  fuseScore: true,
  crossClassIou: 0.7,
  nominalIntervalUs: 1e6 / 30,
  boxes: 'filter',
  asPublished: false,
} as const;

/**
 * A ByteTrack tracker for one source: ids from 1 without gaps, given in the order in which tracks are confirmed.
 *
 * `update` reports confirmed tracks seen in this frame, then lost ones at their predicted box; `ended` reports each removed
 * track once, as it was when last seen, `ageUs` being its whole life. Tentative tracks are not reported. Detections with
 * empty, infinite or NaN boxes are ignored.
 * @throws SightlineError ERR_USAGE for options out of range; `update` throws ERR_SOURCE_INVALID when time goes backwards.
 */
export function createByteTracker(options: ByteTrackOptions = {}): Tracker {
  return trackerOf({ ...decide(options), noise: ASPECT_HEIGHT_NOISE }, options.boxes ?? 'filter');
}

/**
 * A BoT-SORT tracker without re-identification: ByteTrack with BoT-SORT's filter (width and height instead of aspect and
 * height), and tracks that are carried along with the camera (Aharon et al. 2022, arXiv:2206.14651).
 * @param compensate whether the camera's motion is found in the pictures that `update` gets; without pictures it is not.
 */
export function createBotSortTracker(options: ByteTrackOptions, compensate: boolean): Tracker {
  const motion = compensate ? new CameraMotion() : undefined;
  return trackerOf({ ...decide(options), noise: WIDTH_HEIGHT_NOISE }, options.boxes ?? 'filter', motion);
}

function trackerOf(parameters: ByteTrackParameters, boxes: BoxChoice, motion?: CameraMotion): Tracker {
  const engine = new ByteTrackEngine(parameters);
  const perSecond = 1e6 / parameters.nominalIntervalUs;
  return {
    usesPixels: motion !== undefined,
    update(detections: readonly Detection[], ptsUs: number, picture?: TrackerPicture): TrackerUpdate {
      const move = picture && motion?.estimate(picture, engine.tracks);
      engine.update(detections, ptsUs, move);
      return report(engine.tracks, ptsUs, perSecond, boxes);
    },
    flush() {
      engine.flush();
      motion?.forget();
      return reportEnded(engine.tracks, perSecond, boxes);
    },
  };
}

function decide(options: ByteTrackOptions): Omit<ByteTrackParameters, 'noise'> {
  const { trackBuffer, boxes: _boxes, ...chosen } = { ...BYTE_TRACK_DEFAULTS, ...options };
  const newTrackThresh = chosen.newTrackThresh ?? Math.min(1, chosen.trackHighThresh + 0.1);
  check('trackHighThresh', chosen.trackHighThresh, 0, 1);
  check('trackLowThresh', chosen.trackLowThresh, 0, chosen.trackHighThresh);
  check('newTrackThresh', newTrackThresh, chosen.trackHighThresh, 1);
  check('matchThresh', chosen.matchThresh, 0, 1);
  check('crossClassIou', chosen.crossClassIou, 0, 1);
  check('trackBuffer', trackBuffer, 0, 86_400);
  check('nominalIntervalUs', chosen.nominalIntervalUs, 100, 1e9);
  return {
    ...chosen,
    crossClassIou: apartAtOne(chosen.crossClassIou),
    newTrackThresh,
    trackBufferUs: trackBuffer * 1e6,
  };
}

/** Nothing overlaps by more than 1, but equal boxes do by 1: at 1 even these stay apart. */
export function apartAtOne(crossClassIou: number): number {
  return crossClassIou < 1 ? crossClassIou : Infinity;
}

function check(name: keyof ByteTrackOptions, value: number, least: number, most: number): void {
  if (value >= least && value <= most) return;
  throw new SightlineError(
    'ERR_USAGE',
    `expected a number from ${least} to ${most} for ${name} but received ${value}`,
  );
}
