/**
 * What a user may set, described once: the types, the checks of the library, of YAML files and the published schema of options
 * come from here; docs/analytics.md tells each key at length. All times are media time. What a schema cannot say (crossing
 * polygons, unknown classes, points outside of the picture) is checked where a source's size is known.
 */
import * as z from 'zod';
import { type DeepReadonly, integerFrom, numberFrom } from '../options/check-options.js';

const LONGEST_SECONDS = 7 * 86_400;
/** More rules would tell nothing, and more points cost time for each object in each frame. */
const MOST = 1000;

// Names are parts of the ids of events.
const NAME_RULE = 'expected a name without slashes and line breaks';
const name = z.string().regex(/^(?=.*\S)[^/\p{Cc}]+$/u, NAME_RULE);
const seconds = numberFrom(0, LONGEST_SECONDS);
const duration = numberFrom(0.001, LONGEST_SECONDS);
const sizes = numberFrom(0, 100);
const pixels = numberFrom(0, 1e5);
const pair = z.tuple([z.number(), z.number()], 'expected a pair of numbers');
const point = pair.describe(
  '[x, y] in pixels of the picture, or from 0 to 1 with `coordinates: normalised`.',
);
const classes = z
  .array(z.string().min(1))
  .min(1, 'it is empty; leave it out for all classes')
  .optional()
  .describe('Names of the classes that count; all if not given.');

function points(least: number) {
  return z
    .array(point)
    .min(least, `at least ${least} points are needed`)
    .max(MOST, `at most ${MOST} points are possible`);
}

function rules<Rule extends z.ZodType>(rule: Rule) {
  return z.array(rule).max(MOST, `at most ${MOST} are possible`).optional();
}

const anchor = z
  .enum(['bottom', 'centre', 'top', 'left', 'right'], 'expected one of bottom, centre, top, left, right')
  .describe('Point of a box that stands for the object: bottom is the middle of its lower edge.');
const minAgeSeconds = seconds.describe('Least age of an object before anything is told of it.');
const settleSeconds = seconds.describe('Time for which it must stay on the other side.');
const hysteresis = sizes.describe(
  'Distance to keep before a crossing is final, in sizes of the box (square root of its area).',
);

/** What lines and zones share; what is not given is as for all of them. */
const crossing = {
  name,
  classes,
  anchor: anchor.optional(),
  minAgeSeconds: minAgeSeconds.optional(),
  settleSeconds: settleSeconds.optional(),
  hysteresis: hysteresis.optional(),
  hysteresisPixels: pixels.optional().describe('The same in pixels, instead of `hysteresis`.'),
};

const line = z.strictObject({
  ...crossing,
  points: points(2),
  forward: name
    .default('forward')
    .describe('Name of the direction from the left of the line to its right, seen from its first point.'),
  backward: name.default('backward'),
});

const zone = z.strictObject({
  ...crossing,
  polygon: points(3),
  holes: z.array(points(3)).optional(),
  loiterSeconds: duration.optional().describe('Stay after which an object loiters; never if not given.'),
});

const stationary = z.strictObject({
  name,
  classes,
  seconds: duration.describe('Time in one place.'),
  radius: sizes.default(0.25).describe('How far it may move, in sizes of its box.'),
  radiusPixels: pixels.optional().describe('The same in pixels, instead of `radius`.'),
  zone: z.string().optional().describe('Only in this zone.'),
});

const heatMap = z.strictObject({
  columns: integerFrom(1, 1000).default(64),
  rows: integerFrom(1, 1000).default(36),
  halfLifeSeconds: duration
    .optional()
    .describe('Time after which past presence counts half; kept for ever if not given.'),
  classes,
});

const speed = z
  .strictObject({
    metresPerPixel: numberFrom(1e-6, 1e3).optional().describe('For a camera that looks straight down.'),
    points: z
      .array(z.strictObject({ image: point, ground: pair }))
      .min(4, 'at least 4 pairs are needed')
      .optional()
      .describe('Places in the picture and the same on the ground, in metres; no three of four in a row.'),
    unit: z.enum(['km/h', 'm/s'], 'expected km/h or m/s').default('km/h'),
    windowSeconds: numberFrom(0.05, LONGEST_SECONDS).default(1).describe('Time over which speed is fitted.'),
  })
  .refine(
    ({ metresPerPixel, points: pairs }) => (metresPerPixel === undefined) !== (pairs === undefined),
    'exactly one of metresPerPixel and points is needed',
  );

/** Analytics of one source. */
export const analyticsSchema = z.strictObject({
  coordinates: z
    .enum(['pixels', 'normalised'], 'expected pixels or normalised')
    .default('pixels')
    .describe('What points of lines, zones and `speed.points` are given in.'),
  anchor: anchor.default('bottom'),
  minAgeSeconds: minAgeSeconds.default(0.3),
  settleSeconds: settleSeconds.default(0.2),
  hysteresis: hysteresis.default(0.1),
  relinkSeconds: seconds.default(2).describe('Time for which a new track may continue a lost one; 0 never.'),
  relinkDistance: sizes.default(1).describe('How near it must begin, in sizes of the box.'),
  lines: rules(line),
  zones: rules(zone),
  stationary: rules(stationary),
  countSeconds: duration.optional().describe('Length of the windows of `counts` events; none if not given.'),
  heatMap: heatMap.optional().describe('Where objects spend their time.'),
  speed: speed.optional().describe('How to measure speed over the ground.'),
  trackEvents: z.boolean().default(true).describe('Whether `track_start` and `track_end` are told.'),
});

/** What a caller writes: everything but names and shapes may be left out. */
export type AnalyticsConfig = DeepReadonly<z.input<typeof analyticsSchema>>;
/** Settings with every default in place. */
export type AnalyticsOptions = DeepReadonly<z.output<typeof analyticsSchema>>;
/** The point of a box that stands for the object. */
export type Anchor = AnalyticsOptions['anchor'];

/** What analytics must know about a source. */
export interface AnalyticsSource {
  readonly id: string;
  readonly width: number;
  readonly height: number;
  /** Names of the classes that can occur. */
  readonly classes: readonly string[];
}
