import * as z from 'zod';
import type { Detection } from '../../contract/detector.js';
import type { Tracker, TrackerUpdate } from '../../contract/tracker.js';
import type { CameraMotion, TrackerPicture } from '../camera-motion/camera-motion.js';
import { ASPECT_HEIGHT_NOISE, type KalmanNoise } from '../filters/kalman-noise.js';
import {
  commonParameters,
  complain,
  decideCommon,
  flag,
  fraction,
  microsecondsOf,
  oneRuleForClasses,
  time,
} from '../parameters.js';
import { report, reportEnded } from '../report.js';
import type { SettingNames, TrackerKind } from '../tracker-kind.js';
import { ByteTrackEngine } from './byte-track-engine.js';

/** Of a buffer of 30 frames at 30 a second. */
const BUFFER_SECONDS = 1;

/**
 * Parameters of ByteTrack and of what is built on it. The defaults are those of the paper where it has them (section 4.1,
 * "Implementation details").
 */
export const byteTrackShape = {
  track_high_thresh: fraction
    .default(0.6)
    .describe('detections from here on are matched first, to all tracks (also `track_thresh`)'),
  track_low_thresh: fraction
    .default(0.1)
    .describe('weaker detections from here on only continue tracks (`ocsort`: with `use_byte`)'),
  new_track_thresh: fraction
    .optional()
    .meta({ description: 'detections from here on start tracks', default: '`track_high_thresh` + 0.1' }),
  match_thresh: fraction.default(0.8).describe('largest cost, 1 − IoU × confidence, of the first match'),
  fuse_score: flag.default(true).describe('whether confidence is part of that cost'),
  track_buffer: time(BUFFER_SECONDS, 'time for which an unseen track is kept'),
  ...commonParameters(true),
};

type ByteTrackOptions = z.output<z.ZodObject<typeof byteTrackShape>>;

/** What one parameter says of another. For `superRefine`. */
export function consistent(options: ByteTrackOptions, context: z.core.$RefinementCtx): void {
  const { track_low_thresh: low, track_high_thresh: high, new_track_thresh: start = 1 } = options;
  if (low > high) complain(context, 'track_low_thresh', `expected at most track_high_thresh, ${high}`);
  if (start < high) complain(context, 'new_track_thresh', `expected at least track_high_thresh, ${high}`);
  oneRuleForClasses(options, context);
}

/** Other spellings that programs use. */
export const BYTE_TRACK_SPELLINGS = {
  track_thresh: 'track_high_thresh',
  track_activation_threshold: 'track_high_thresh',
  minimum_matching_threshold: 'match_thresh',
  lost_track_buffer: 'track_buffer',
  fps: 'frame_rate',
};

/** The settings of a run. */
export const BYTE_TRACK_SETTINGS = {
  highThreshold: 'track_high_thresh',
  lowThreshold: 'track_low_thresh',
  newTrackThreshold: 'new_track_thresh',
  matchThreshold: 'match_thresh',
  bufferSeconds: 'track_buffer',
} as const satisfies SettingNames;

const options = z.strictObject(byteTrackShape).superRefine(consistent);

/** ByteTrack (Zhang et al. 2022, arXiv:2110.06864). */
export const byteTrack: TrackerKind<typeof options> = {
  type: 'bytetrack',
  doc: 'two-stage matching that keeps half-hidden objects by their weak detections (arXiv:2110.06864)',
  options,
  spellings: BYTE_TRACK_SPELLINGS,
  settings: BYTE_TRACK_SETTINGS,
  create: (chosen) => trackInTwoStages(chosen, ASPECT_HEIGHT_NOISE),
};

/**
 * Tracks as ByteTrack does: ids from 1 without gaps, given in the order in which tracks are confirmed.
 *
 * `update` reports confirmed tracks seen in this frame, then lost ones at their predicted box; `ended` reports each removed
 * track once, as it was when last seen, `ageUs` being its whole life. Tentative tracks are not reported. Detections with
 * empty, infinite or NaN boxes are ignored. `update` throws ERR_SOURCE_INVALID when time goes backwards.
 * @param noise the constants of the filter.
 * @param motion finds the camera's motion in the pictures that `update` gets; without pictures it does nothing.
 */
export function trackInTwoStages(
  options: ByteTrackOptions,
  noise: KalmanNoise,
  motion?: CameraMotion,
): Tracker {
  const { track_high_thresh: trackHighThresh, frame_rate: rate } = options;
  const { boxes, ...common } = decideCommon(options);
  const engine = new ByteTrackEngine({
    ...common,
    noise,
    trackHighThresh,
    trackLowThresh: options.track_low_thresh,
    newTrackThresh: options.new_track_thresh ?? Math.min(1, trackHighThresh + 0.1),
    matchThresh: options.match_thresh,
    trackBufferUs: microsecondsOf(options.track_buffer, BUFFER_SECONDS, rate),
    fuseScore: options.fuse_score,
  });
  const perSecond = 1e6 / common.nominalIntervalUs;
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
