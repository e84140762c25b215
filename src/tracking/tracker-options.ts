/**
 * Parameters of trackers as people write them: under the names of the authors' programs, in snake_case or camelCase, times
 * in seconds, or in frames where `frame_rate` says how many frames a second has.
 */

import { SightlineError } from '../errors.js';
import { didYouMean } from '../text/nearest-name.js';
import { BYTE_TRACK_DEFAULTS, type ByteTrackOptions } from './byte-track/byte-tracker.js';
import type { OcSortOptions } from './oc-sort/oc-sort.js';

/** Trackers that `createTracker` makes. */
export const TRACKER_NAMES = ['bytetrack', 'botsort', 'ocsort', 'sort'] as const;

/** One of `TRACKER_NAMES`. */
export type TrackerName = (typeof TRACKER_NAMES)[number];

/** What the parameters come to; each tracker takes its part. */
export interface ParsedTrackerOptions {
  readonly byte: ByteTrackOptions;
  readonly ocSort: OcSortOptions;
  readonly compensate: boolean;
}

type Kind = 'fraction' | 'time' | 'count' | 'rate' | 'interval' | 'flag' | 'method';

const BYTE_NAMES = ['track_high_thresh', 'track_low_thresh', 'new_track_thresh', 'match_thresh'] as const;
const COMMON = [
  'frame_rate',
  'nominal_interval_us',
  'cross_class_iou',
  'class_agnostic',
  'smooth_boxes',
  'as_published',
] as const;

const names: Record<TrackerName, readonly string[]> = {
  bytetrack: [...BYTE_NAMES, 'track_buffer', 'fuse_score', ...COMMON],
  botsort: [...BYTE_NAMES, 'track_buffer', 'fuse_score', 'gmc_method', ...COMMON],
  ocsort: [
    'det_thresh',
    'track_low_thresh',
    'max_age',
    'min_hits',
    'iou_threshold',
    'delta_t',
    'inertia',
    'use_byte',
    ...COMMON,
  ],
  sort: ['det_thresh', 'max_age', 'min_hits', 'iou_threshold', ...COMMON],
};

/** Other spellings that programs use for the same parameter. */
const spellings: Readonly<Record<string, string>> = {
  track_thresh: 'track_high_thresh',
  track_activation_threshold: 'track_high_thresh',
  minimum_matching_threshold: 'match_thresh',
  lost_track_buffer: 'track_buffer',
  iou_thresh: 'iou_threshold',
  cmc_method: 'gmc_method',
  fps: 'frame_rate',
};

const kinds: Readonly<Record<string, Kind>> = {
  track_buffer: 'time',
  max_age: 'time',
  delta_t: 'time',
  min_hits: 'count',
  frame_rate: 'rate',
  nominal_interval_us: 'interval',
  fuse_score: 'flag',
  use_byte: 'flag',
  class_agnostic: 'flag',
  smooth_boxes: 'flag',
  as_published: 'flag',
  gmc_method: 'method',
};

const limits: Readonly<Record<Exclude<Kind, 'flag' | 'method'>, readonly [number, number]>> = {
  fraction: [0, 1],
  time: [0, 86_400],
  count: [0, 1000],
  rate: [0.01, 10_000],
  interval: [100, 1e9],
};

/** The tracker meant by a name, whatever its dashes and capitals. @throws SightlineError ERR_USAGE for an unknown one. */
export function trackerNameOf(name: string): TrackerName {
  const plain = name.toLowerCase().replaceAll(/[-_ ]/g, '');
  const found = TRACKER_NAMES.find(
    (known) => plain === known || plain === `${known}er` || `${plain}track` === known,
  );
  if (found) return found;
  throw usage(
    `there is no tracker "${name}"${didYouMean(plain, TRACKER_NAMES)}; there are ${TRACKER_NAMES.join(', ')}`,
  );
}

/** Checks and translates the parameters of a tracker. @throws SightlineError ERR_USAGE, one line, naming what is wrong. */
export function parseTrackerOptions(
  tracker: TrackerName,
  options: Readonly<Record<string, unknown>>,
): ParsedTrackerOptions {
  const given = new Map<string, number | boolean | string>();
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined) continue;
    const name = parameterNameOf(key);
    if (!names[tracker].includes(name)) {
      const near = didYouMean(name, names[tracker]);
      throw usage(`${tracker} has no parameter "${key}"${near}; it has ${names[tracker].join(', ')}`);
    }
    if (given.has(name)) throw usage(`${name} of ${tracker} is given twice, the second time as "${key}"`);
    given.set(name, checked(tracker, name, value));
  }
  if (given.has('class_agnostic') && given.has('cross_class_iou')) {
    throw usage(`give ${tracker} either class_agnostic or cross_class_iou, not both`);
  }
  return translate(tracker, given);
}

/** The name that a parameter has here, whatever its spelling: `trackThresh` is `track_high_thresh`. */
export function parameterNameOf(key: string): string {
  const snake = key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return (Object.hasOwn(spellings, snake) ? spellings[snake] : undefined) ?? snake;
}

function translate(
  tracker: TrackerName,
  given: ReadonlyMap<string, number | boolean | string>,
): ParsedTrackerOptions {
  const rate = given.get('frame_rate') as number | undefined;
  const number = (name: string): number | undefined => given.get(name) as number | undefined;
  // Half a frame more: a buffer of 30 frames holds in the 30th frame whatever rounding does to its time.
  const seconds = (name: string): number | undefined => {
    const value = number(name);
    return value === undefined || rate === undefined ? value : (value + 0.5) / rate;
  };
  const agnostic = given.get('class_agnostic') as boolean | undefined;
  const smooth = given.get('smooth_boxes') as boolean | undefined;
  const asPublished = (given.get('as_published') as boolean | undefined) ?? false;
  const common = {
    crossClassIou: number('cross_class_iou') ?? crossClassIouOf(agnostic, asPublished),
    nominalIntervalUs:
      number('nominal_interval_us') ??
      (rate === undefined ? BYTE_TRACK_DEFAULTS.nominalIntervalUs : 1e6 / rate),
    asPublished,
  };
  const boxes = smooth === undefined ? undefined : smooth ? ('filter' as const) : ('detection' as const);
  const byte = {
    ...common,
    trackHighThresh: number('track_high_thresh'),
    trackLowThresh: number('track_low_thresh'),
    newTrackThresh: number('new_track_thresh'),
    matchThresh: number('match_thresh'),
    trackBuffer: seconds('track_buffer'),
    fuseScore: given.get('fuse_score') as boolean | undefined,
    boxes,
  };
  return {
    byte: Object.fromEntries(Object.entries(byte).filter(([, value]) => value !== undefined)),
    ocSort: {
      ...common,
      detThresh: number('det_thresh') ?? 0.6,
      lowThresh: number('track_low_thresh') ?? BYTE_TRACK_DEFAULTS.trackLowThresh,
      maxAge: seconds('max_age') ?? (tracker === 'sort' ? 0.2 : 1),
      minHits: number('min_hits') ?? 3,
      iouThreshold: number('iou_threshold') ?? 0.3,
      deltaT: seconds('delta_t') ?? 3.5 / 30,
      inertia: number('inertia') ?? 0.2,
      useByte: (given.get('use_byte') as boolean | undefined) ?? false,
      boxes: boxes ?? (tracker === 'sort' ? 'filter' : 'detection'),
    },
    compensate: given.get('gmc_method') !== 'none',
  };
}

/** The authors' programs know one class only. */
function crossClassIouOf(agnostic: boolean | undefined, asPublished: boolean): number {
  if (agnostic === undefined) return asPublished ? 0 : BYTE_TRACK_DEFAULTS.crossClassIou;
  return agnostic ? 0 : 1;
}

function checked(tracker: TrackerName, name: string, value: unknown): number | boolean | string {
  const kind = kinds[name] ?? 'fraction';
  const what = `${name} of ${tracker}`;
  if (kind === 'flag') {
    if (typeof value === 'boolean') return value;
    throw usage(`expected true or false for ${what} but received ${JSON.stringify(value)}`);
  }
  if (kind === 'method') {
    if (value === 'sparseOptFlow' || value === 'none') return value;
    throw usage(`expected sparseOptFlow or none for ${what} but received ${JSON.stringify(value)}`);
  }
  const [least, most] = limits[kind];
  const whole = kind === 'count';
  if (typeof value === 'number' && value >= least && value <= most && (!whole || Number.isInteger(value)))
    return value;
  const noun = whole ? 'a whole number' : 'a number';
  const shown = typeof value === 'number' ? String(value) : JSON.stringify(value);
  throw usage(`expected ${noun} from ${least} to ${most} for ${what} but received ${shown}`);
}

function usage(message: string): SightlineError {
  return new SightlineError('ERR_USAGE', message);
}
