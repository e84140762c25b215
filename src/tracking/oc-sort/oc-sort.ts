import * as z from 'zod';
import type { Detection } from '../../contract/detector.js';
import type { Tracker, TrackerUpdate } from '../../contract/tracker.js';
import { integerFrom } from '../../options/check-options.js';
import {
  commonParameters,
  decideCommon,
  flag,
  fraction,
  microsecondsOf,
  oneRuleForClasses,
  time,
} from '../parameters.js';
import { report, reportEnded } from '../report.js';
import type { TrackerKind } from '../tracker-kind.js';
import { OcSortEngine } from './oc-sort-engine.js';

const MAX_AGE_SECONDS = 1;
/** Three frames at 30 a second, and half a one more. */
const LOOK_BACK_SECONDS = 3.5 / 30;

/**
 * Parameters of SORT and of what is built on it.
 * @param maxAgeSeconds default of `max_age`.
 * @param smooth default of `smooth_boxes`.
 */
export function sortShape(maxAgeSeconds: number, smooth: boolean) {
  return {
    det_thresh: fraction.default(0.6).describe('detections from here on are used'),
    max_age: time(maxAgeSeconds, 'time for which an unseen track is kept'),
    min_hits: integerFrom(0, 1000).default(3).describe('sightings in a row after which a track shows'),
    iou_threshold: fraction.default(0.3).describe('least overlap of a match'),
    ...commonParameters(smooth),
  };
}

/** Other spellings that programs use. */
export const SORT_SPELLINGS = { iou_thresh: 'iou_threshold', fps: 'frame_rate' };

const options = z
  .strictObject({
    ...sortShape(MAX_AGE_SECONDS, false),
    track_low_thresh: fraction
      .default(0.1)
      .describe('weaker detections from here on only continue tracks (`ocsort`: with `use_byte`)'),
    delta_t: time(LOOK_BACK_SECONDS, 'how far back the direction of a track is taken from').meta({
      default: '3.5 / 30',
    }),
    inertia: fraction.default(0.2).describe('weight of the direction'),
    use_byte: flag.default(false).describe('a second match with weak detections'),
  })
  .superRefine(oneRuleForClasses);

/** OC-SORT (Cao et al. 2023, arXiv:2203.14360): momentum, re-update and recovery from observations. */
export const ocSort: TrackerKind<typeof options> = {
  type: 'ocsort',
  doc: 'matching by overlap and direction, filters led along what was really seen after a gap (arXiv:2203.14360)',
  options,
  spellings: SORT_SPELLINGS,
  settings: { highThreshold: 'det_thresh', lowThreshold: 'track_low_thresh', bufferSeconds: 'max_age' },
  create: (chosen) =>
    trackBySort(chosen, MAX_AGE_SECONDS, {
      lowThresh: chosen.track_low_thresh,
      deltaTUs: microsecondsOf(chosen.delta_t, LOOK_BACK_SECONDS, chosen.frame_rate),
      inertia: chosen.inertia,
      useByte: chosen.use_byte,
      observationCentric: true,
    }),
};

type SortOptions = z.output<z.ZodObject<ReturnType<typeof sortShape>>>;
type Observing = Pick<
  ConstructorParameters<typeof OcSortEngine>[0],
  'lowThresh' | 'deltaTUs' | 'inertia' | 'useByte' | 'observationCentric'
>;

/** @param observing what OC-SORT adds to SORT. */
export function trackBySort(options: SortOptions, maxAgeSeconds: number, observing: Observing): Tracker {
  const { boxes, ...common } = decideCommon(options);
  const engine = new OcSortEngine({
    ...common,
    ...observing,
    detThresh: options.det_thresh,
    maxAgeUs: microsecondsOf(options.max_age, maxAgeSeconds, options.frame_rate),
    minHits: options.min_hits,
    iouThreshold: options.iou_threshold,
  });
  const perSecond = 1e6 / common.nominalIntervalUs;
  return {
    usesPixels: false,
    update(detections: readonly Detection[], ptsUs: number): TrackerUpdate {
      engine.update(detections, ptsUs);
      return report(engine.tracks, ptsUs, perSecond, boxes);
    },
    flush() {
      engine.flush();
      return reportEnded(engine.tracks, perSecond, boxes);
    },
  };
}
