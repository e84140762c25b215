/** Sinks and sources that a program hands over, checked like options: from JavaScript, anything may come. */
import * as z from 'zod';
import type { Sink } from '../contract/sink.js';
import type { Source } from '../contract/source.js';
import { checkOptions } from './check-options.js';

const name = z.string().regex(/\S/, 'expected a name');
const POSITIVE = 'expected milliseconds above 0';
const milliseconds = z.custom<number>((value) => typeof value === 'number' && value > 0, POSITIVE);
const method = z.custom((value) => typeof value === 'function', 'expected a function');

const sinkShape = z.looseObject({
  name,
  policy: z.enum(['wait', 'latest'], 'expected wait or latest'),
  pixels: z.boolean(),
  deadlines: z
    .strictObject({ writeMs: milliseconds, endMs: milliseconds, closeMs: milliseconds })
    .partial()
    .optional(),
  reopen: z.strictObject({ firstMs: milliseconds, longestMs: milliseconds }).optional(),
  prepare: method.optional(),
  onStatus: method.optional(),
  open: method,
  close: method,
});

const sourceShape = z.looseObject({
  id: name,
  live: z.boolean().optional(),
  overload: z.enum(['wait', 'latest'], 'expected wait or latest').optional(),
  hasPixels: z.boolean().optional(),
  open: method,
  frames: method,
});

/** @returns the sink itself. @throws SightlineError ERR_USAGE for what is no sink; `of` says whose it is. */
export function checkSink(sink: Sink, of?: string): Sink {
  checkOptions(sinkShape, sink, of ?? sayWhich('sink', sink));
  return sink;
}

/** @returns the source itself. @throws SightlineError ERR_USAGE for what is no source; `of` says whose it is. */
export function checkSource(source: Source, of?: string): Source {
  checkOptions(sourceShape, source, of ?? sayWhich('source', source));
  return source;
}

function sayWhich(what: string, part: unknown): string {
  const { name: called, id = called } = Object(part) as { readonly name?: unknown; readonly id?: unknown };
  return typeof id === 'string' && id !== '' ? `${what} "${id}"` : `a ${what} without a name`;
}
