/**
 * Analytics as it stands in a configuration: the shape. What cannot be said by a shape (crossing polygons, unknown
 * classes, points outside of the picture) is checked where a source's size is known.
 */
import { z } from 'zod';

const name = z.string().min(1);
const seconds = z.number().min(0);
const point = z
  .tuple([z.number(), z.number()])
  .describe('[x, y] in pixels of the picture, or from 0 to 1 with `coordinates: normalised`.');
const classes = z.array(name).min(1).describe('Names of the classes that count; all if not given.');
const anchor = z
  .enum(['bottom', 'centre', 'top', 'left', 'right'])
  .describe('Point of a box that stands for the object: the middle of its lower edge if not given.');

const crossing = {
  anchor: anchor.optional(),
  minAgeSeconds: seconds.optional().describe('Least age of an object before anything is told of it.'),
  settleSeconds: seconds.optional().describe('Time for which it must stay on the other side.'),
  hysteresis: z
    .number()
    .min(0)
    .optional()
    .describe('Distance to keep before a crossing is final, in sizes of the box.'),
};
const hysteresisPixels = z.number().min(0).describe('The same in pixels, instead of `hysteresis`.');

const line = z.strictObject({
  name,
  points: z.array(point).min(2),
  forward: name.optional().describe('Name of the direction from the left of the line to its right.'),
  backward: name.optional(),
  classes: classes.optional(),
  ...crossing,
  hysteresisPixels: hysteresisPixels.optional(),
});

const zone = z.strictObject({
  name,
  polygon: z.array(point).min(3),
  holes: z.array(z.array(point).min(3)).optional(),
  loiterSeconds: z.number().positive().optional().describe('Stay after which an object loiters.'),
  classes: classes.optional(),
  ...crossing,
  hysteresisPixels: hysteresisPixels.optional(),
});

const stationary = z.strictObject({
  name,
  seconds: z.number().positive().describe('Time in one place.'),
  radius: z.number().positive().optional().describe('How far it may move, in sizes of its box.'),
  radiusPixels: z.number().positive().optional().describe('The same in pixels, instead of `radius`.'),
  zone: name.optional().describe('Only in this zone.'),
  classes: classes.optional(),
});

const heatMap = z.strictObject({
  columns: z.int().min(1).max(1000).optional(),
  rows: z.int().min(1).max(1000).optional(),
  halfLifeSeconds: z.number().positive().optional().describe('Time after which past presence counts half.'),
  classes: classes.optional(),
});

const speed = z.strictObject({
  metresPerPixel: z.number().positive().optional(),
  points: z
    .array(z.strictObject({ image: point, ground: z.tuple([z.number(), z.number()]) }))
    .min(4)
    .optional()
    .describe('Places in the picture and the same on the ground, in metres.'),
  unit: z.enum(['km/h', 'm/s']).optional(),
  windowSeconds: z.number().positive().optional().describe('Time over which speed is fitted.'),
});

/** Analytics of one source: docs/analytics.md. */
export const analyticsSchema = z.strictObject({
  coordinates: z.enum(['pixels', 'normalised']).optional(),
  ...crossing,
  relinkSeconds: seconds.optional().describe('Time for which a new track may continue a lost one; 0 never.'),
  relinkDistance: seconds.optional().describe('How near it must begin, in sizes of the box.'),
  lines: z.array(line).optional(),
  zones: z.array(zone).optional(),
  stationary: z.array(stationary).optional(),
  countSeconds: z.number().positive().optional().describe('Length of the windows of `counts` events.'),
  heatMap: heatMap.optional(),
  speed: speed.optional(),
  trackEvents: z.boolean().optional().describe('Whether `track_start` and `track_end` are told.'),
});
