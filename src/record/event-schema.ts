/** Events of analytics as records, one description for each; docs/analytics.md tells when they come. */
import * as z from 'zod';
import {
  box,
  count,
  type Described,
  flag,
  fraction,
  integer,
  list,
  object,
  oneOf,
  place,
  positive,
  real,
  text,
} from './values.js';

const head = {
  v: z.literal(1),
  type: z.literal('event'),
  id: text.describe('The same for the same recording and settings, and never given twice.'),
  source: text,
  epoch: count,
  ptsUs: integer.describe(
    'The moment itself in microseconds of media time, between two frames if it was there.',
  ),
};
const tracked = { ...head, track: positive, class: text, classId: count };
const name = text.describe('Name of the line, zone or rule.');
const at = place.describe('Where, as [x, y] in pixels of the source.');
const sinceUs = integer.describe('When the stay began.');
const unit = oneOf('km/h', 'm/s');

/** The descriptions by what they tell of. */
export const eventSchemas = {
  line_cross: object({
    ...tracked,
    event: z.literal('line_cross'),
    name,
    direction: text.describe("The line's own name of the direction."),
    at,
    speed: object({ value: real, unit }).optional().describe('Over the ground, if it is measured.'),
  }).describe('An object crossed a line.'),
  zone_enter: object({
    ...tracked,
    event: z.literal('zone_enter'),
    name,
    how: oneOf('crossed', 'appeared'),
  }).describe('An object came into a zone, or was first seen there.'),
  zone_exit: object({
    ...tracked,
    event: z.literal('zone_exit'),
    name,
    how: oneOf('crossed', 'vanished', 'unfinished'),
    dwellUs: count.describe('Length of the visit.'),
  }).describe('An object left a zone, was last seen there, or was there when the run or the epoch ended.'),
  loitering: object({ ...tracked, event: z.literal('loitering'), name, sinceUs }).describe(
    "An object has been in a zone for the zone's limit.",
  ),
  stationary: object({ ...tracked, event: z.literal('stationary'), name, sinceUs, at }).describe(
    "An object has stayed in one place for the rule's limit.",
  ),
  stationary_end: object({ ...tracked, event: z.literal('stationary_end'), name, sinceUs, at }).describe(
    'An object that stood still has left its place.',
  ),
  track_start: object({
    ...tracked,
    event: z.literal('track_start'),
    continues: positive
      .optional()
      .describe('The lost track of which this one is taken to be the continuation.'),
  }).describe('A track is there, told once it is old enough.'),
  track_end: object({
    ...tracked,
    event: z.literal('track_end'),
    startUs: integer,
    best: object({
      ptsUs: integer,
      frame: count.describe('Position among the decoded frames, from 0.'),
      confidence: fraction,
      box,
    }).describe('The sighting that shows the object best.'),
    path: list(z.tuple([real, real, integer], '3 values')).describe(
      'Simplified path of the anchor point as [x, y, ptsUs].',
    ),
    distance: real.describe('Length of the path in pixels of the source.'),
    zones: list(object({ name: text, dwellUs: count })).describe('Time inside of each zone that it was in.'),
    speed: object({ mean: real, max: real, unit }).optional(),
  }).describe('A track has ended.'),
  counts: object({
    ...head,
    event: z.literal('counts'),
    startUs: integer,
    endUs: integer,
    partial: flag.describe('Whether the input began or ended within the window.'),
    counts: list(
      object({
        kind: oneOf('line', 'zone'),
        name: text,
        direction: text.describe('Of a zone: enter or exit.'),
        class: text,
        count,
      }),
    ),
  }).describe('What was counted in one window of time.'),
} as const;

/** Something that analytics found out. */
export type EventRecord = Described<(typeof eventSchemas)[keyof typeof eventSchemas]>;
