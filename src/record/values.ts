/**
 * The values that records are made of. The error of each is what it should be, so that a reader can say
 * `detections[3].box[0] should be a number but is null`.
 */
import * as z from 'zod';
import type { DeepReadonly } from '../options/check-options.js';

/** A list; `items` says what is in it. */
export function list<Item extends z.ZodType>(items: Item): z.ZodArray<Item> {
  return z.array(items, 'an array');
}

/** An object. Keys that it does not name may be there too. */
export function object<Shape extends z.core.$ZodLooseShape>(shape: Shape): z.ZodObject<Shape> {
  return z.object(shape, 'an object');
}

/** One of a few words. */
export function oneOf<const Words extends readonly string[]>(...words: Words) {
  return z.enum(words, `one of ${words.join(', ')}`);
}

export const text = z.string('a string');
export const flag = z.boolean('true or false');
export const real = z.number('a number');
export const integer = z.int('an integer');
export const count = atLeast(0);
export const positive = atLeast(1);
export const fraction = between(0, 1);
/** Sums by name. */
export const counts = z.record(z.string(), count, 'an object');
/** `[x, y]` in source pixels, y down. */
export const place = z.tuple([real, real], '2 values');
/** `[x1, y1, x2, y2]` in source pixels, y down. */
export const box = z.tuple([real, real, real, real], '4 values');
/** A fraction as numerator and denominator. */
export const ratio = z.tuple([positive, positive], '2 values');

function atLeast(least: number): z.ZodInt {
  const what = `an integer of ${least} or more`;
  return z.int(what).min(least, what);
}

function between(least: number, most: number): z.ZodNumber {
  const what = `a number from ${least} to ${most}`;
  return z.number(what).min(least, what).max(most, what);
}

/** What a schema describes, for those who read it and do not change it. */
export type Described<Schema extends z.ZodType> = DeepReadonly<z.infer<Schema>>;
