/**
 * The one record: a line of a JSONL file, a message of the live feed, the input of replays and of evaluation. From this
 * description come the types, docs/record.schema.json, the reader and what the live page knows; docs/records.md is for people.
 *
 * The writer is one of ours, so everything that it writes is demanded; later versions may add keys, which readers ignore.
 */
import * as z from 'zod';
import type { EventRecord } from './event-schema.js';
import {
  box,
  count,
  counts,
  type Described,
  flag,
  fraction,
  integer,
  list,
  object,
  oneOf,
  place,
  positive,
  ratio,
  real,
  text,
} from './values.js';

/** Version of the record; grows only when a reader of older records would go wrong. */
export const RECORD_VERSION = 1;

const v = z.literal(RECORD_VERSION);
const source = text.describe('Id of the source; every record of it carries the same.');
const detectionShape = {
  class: text,
  classId: count.describe("Position among the source's `classes`."),
  confidence: fraction,
  box: box.describe('[x1, y1, x2, y2] in pixels of the source, y down.'),
};
const detection = object(detectionShape);
const track = object({
  ...detectionShape,
  id: positive.describe('Unique within its source.'),
  state: oneOf('tentative', 'confirmed', 'lost').describe('A lost track is at its predicted place.'),
  velocity: place.describe('[x, y] of the box centre in pixels per second of media time.'),
  ageUs: count.describe("Media time since the track's first frame."),
});

const sourceRecord = object({
  v,
  type: z.literal('source'),
  source,
  uri: text.describe('Path or address, without credentials.'),
  live: flag,
  width: positive.describe('Pixels of the upright picture.'),
  height: positive,
  pixelAspect: ratio.describe('Shape of a pixel, width and height; nearly always [1, 1].'),
  timeBase: ratio.describe("Seconds per tick of the stream's timestamps, as a fraction."),
  fps: real.optional().describe('Frames per second as the container states it.'),
  startUs: integer.describe('Time of the first frame in microseconds.'),
  durationUs: count.optional(),
  expectedFrames: count.optional().describe('Frames that will come if all goes well.'),
  model: text,
  backend: text,
  backendVersion: text.describe('Version of the inference runtime.'),
  device: text,
  precision: text,
  input: z.tuple([positive, positive], '2 values').describe('Width and height that the network looks at.'),
  letterbox: object({
    pad: count.describe('Grey of the borders.'),
    kernel: oneOf('area', 'bicubic', 'bilinear').describe('How pictures are scaled.'),
    fit: oneOf('letterbox', 'stretch').optional(),
    placement: oneOf('centre', 'top-left').optional(),
  })
    .optional()
    .describe(
      'How pictures lie in what the network looks at; absent if they keep their shape, scaled by area, in the middle of grey 128.',
    ),
  classes: list(text).describe('Class names; classId is the position.'),
  tracking: object({
    tracker: text,
    parameters: z.record(
      z.string(),
      z.union([real, flag, text], 'a number, a string, true or false'),
      'an object',
    ),
  })
    .optional()
    .describe('Name and parameters of the tracker: docs/tracking.md.'),
  sightline: text.describe('Version of Sightline that wrote the record.'),
}).describe('The first record of a source: what it is and what looks at it.');

const frameRecord = object({
  v,
  type: z.literal('frame'),
  source,
  epoch: count.describe('Grows when the clock of a live stream starts again.'),
  frame: count.describe('Position among the decoded frames, from 0.'),
  ptsUs: integer.describe("Presentation time in microseconds of the source's own timeline."),
  capturedAtMs: real
    .optional()
    .describe(
      'Wall clock at arrival, milliseconds since 1970; live sources only, so that files give the same records each time.',
    ),
  width: positive.describe('Pixels of the upright picture; a live source may change it with its epoch.'),
  height: positive,
  detections: list(detection).describe('What the tracker was given, in every digit.'),
  tracks: list(track).describe('Confirmed tracks first, then lost ones.'),
  ended: list(positive).describe('Ids of the tracks that ended with this frame.'),
}).describe('What was found in one frame.');

const line = object({
  name: text,
  points: list(object({ x: real, y: real })),
  directions: list(object({ direction: text, count, byClass: counts })),
});
const zone = object({
  name: text,
  polygon: list(object({ x: real, y: real })),
  holes: list(list(object({ x: real, y: real }))),
  occupancy: count.describe('Objects that are in.'),
  peak: count.describe('The most that were.'),
  entered: count,
  exited: count,
  enteredByClass: counts,
  dwell: object({ count, meanUs: real, p50Us: real, p90Us: real, p95Us: real, maxUs: real })
    .optional()
    .describe('Of finished visits; absent before the first.'),
});

const endRecord = object({
  v,
  type: z.literal('end'),
  source,
  outcome: oneOf('completed', 'stopped', 'failed'),
  frames: object({
    decoded: count,
    emitted: count,
    failed: count,
    inFlight: count,
    dropped: counts.describe('Frames that were not looked at, by reason.'),
  }),
  decodeErrors: count.describe('Damaged frames that the decoder could not deliver.'),
  invalidAnchors: count.describe('Raw predictions thrown away for not being numbers.'),
  detections: count,
  tracks: count,
  mediaUs: integer.describe('Media time from the first to the last emitted frame, of each epoch, added up.'),
  analytics: object({ lines: list(line), zones: list(zone) })
    .optional()
    .describe('How lines and zones stood at the end; absent where there is no analytics.'),
  heatMap: object({ columns: positive, rows: positive, seconds: list(real) })
    .optional()
    .describe('Object-seconds in each cell, row by row from the top left.'),
  error: object({
    code: text.describe("ERR_UNKNOWN for an error that is not Sightline's."),
    message: text,
  })
    .optional()
    .describe('Why it failed.'),
}).describe('The last record of a source: decoded = emitted + failed + inFlight + the sum of dropped.');

/** Descriptions of records by type; `event` has one for each kind of event: `eventSchemas`. */
export const recordSchemas = { source: sourceRecord, frame: frameRecord, end: endRecord } as const;

/** A found object. */
export type DetectionRecord = Described<typeof detection>;
/** A followed object. */
export type TrackRecord = Described<typeof track>;
/** The first record of a source: what it is and what looks at it. */
export type SourceRecord = Described<typeof sourceRecord>;
/** What was found in one frame. */
export type FrameRecord = Described<typeof frameRecord>;
/** The last record of a source: how it ended and where its frames went. */
export type EndRecord = Described<typeof endRecord>;
/** How lines and zones stand, as records tell it. */
export type TotalsRecord = NonNullable<EndRecord['analytics']>;
/** Any record of version 1. */
export type SightlineRecord = SourceRecord | FrameRecord | EventRecord | EndRecord;
