import type { Tracker, TrackerUpdate } from '../../contract/tracker.js';
import type { Detection } from '../../contract/detector.js';
import { apartAtOne } from '../byte-track/byte-tracker.js';
import { OcSortEngine } from './oc-sort-engine.js';
import { type BoxChoice, report, reportEnded } from '../report.js';

/** Settings of OC-SORT and SORT, all times in seconds of media time. */
export interface OcSortOptions {
  /** Detections from this confidence on are matched first and start tracks. */
  readonly detThresh: number;
  /** With `useByte`, weaker detections from here on continue tracks. */
  readonly lowThresh: number;
  /** Time for which an unseen track is kept. */
  readonly maxAge: number;
  /** Sightings in a row after which a track shows. In the first frame of all it shows at once. */
  readonly minHits: number;
  readonly iouThreshold: number;
  /** How far back the observation lies from which a direction is taken. */
  readonly deltaT: number;
  /** Weight of the direction against overlap. */
  readonly inertia: number;
  readonly useByte: boolean;
  readonly crossClassIou: number;
  readonly nominalIntervalUs: number;
  readonly boxes: BoxChoice;
  /** See `OcSortParameters`. */
  readonly asPublished: boolean;
}

/** An OC-SORT tracker for one source: momentum, re-update and recovery from observations. */
export function createOcSortTracker(options: OcSortOptions): Tracker {
  return trackerOf(options, true);
}

/** A SORT tracker for one source: overlap with the filter's prediction alone. */
export function createSortTracker(options: OcSortOptions): Tracker {
  return trackerOf({ ...options, inertia: 0, useByte: false }, false);
}

function trackerOf(options: OcSortOptions, observationCentric: boolean): Tracker {
  const { maxAge, deltaT, boxes, ...rest } = options;
  const engine = new OcSortEngine({
    ...rest,
    crossClassIou: apartAtOne(options.crossClassIou),
    maxAgeUs: maxAge * 1e6,
    deltaTUs: deltaT * 1e6,
    observationCentric,
  });
  const perSecond = 1e6 / options.nominalIntervalUs;
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
