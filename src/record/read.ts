/** Reads records back. */
import type * as z from 'zod';
import { messageOf, SightlineError } from '../errors.js';
import { eventSchemas } from './event-schema.js';
import { RECORD_VERSION, recordSchemas, type SightlineRecord } from './schema.js';

const SCHEMAS: ReadonlyMap<unknown, z.ZodType> = new Map(Object.entries(recordSchemas));
const EVENT_SCHEMAS: ReadonlyMap<unknown, z.ZodType> = new Map(Object.entries(eventSchemas));

/**
 * Reads one line. Keys that this version does not know are kept and ignored.
 * @param where what to call the line in an error, for instance `out.jsonl:12`.
 * @returns undefined for a record, or an event, of a type that this version does not know: readers skip it.
 * @throws SightlineError ERR_RECORD_INVALID naming the value that is wrong.
 */
export function parseRecord(line: string, where = 'record'): SightlineRecord | undefined {
  const fail = (what: string): never => {
    throw new SightlineError('ERR_RECORD_INVALID', `${where}: ${what}`);
  };
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new SightlineError('ERR_RECORD_INVALID', `${where} is not JSON: ${messageOf(cause)}`, { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return fail(`expected an object but found ${show(value)}`);
  const { v, type, event } = value as Readonly<Record<string, unknown>>;
  if (v !== RECORD_VERSION)
    return fail(`v is ${show(v)}, but this Sightline reads version ${RECORD_VERSION}`);
  if (typeof type !== 'string') return fail(`type should be a string but is ${show(type)}`);
  if (type === 'event' && typeof event !== 'string')
    return fail(`event should be a string but is ${show(event)}`);
  const schema = type === 'event' ? EVENT_SCHEMAS.get(event) : SCHEMAS.get(type);
  if (schema === undefined) return undefined;
  const { error } = schema.safeParse(value);
  // What was read and not the schema's copy of it, which lacks the keys of later versions.
  if (error === undefined) return value as SightlineRecord;
  const [{ path, message }] = error.issues as [z.core.$ZodIssue];
  return fail(`${nameOf(path)} should be ${message} but is ${show(valueAt(value, path))}`);
}

/** `detections[3].box`. */
function nameOf(path: readonly PropertyKey[]): string {
  return path
    .map((step, at) => (typeof step === 'number' ? `[${step}]` : `${at === 0 ? '' : '.'}${String(step)}`))
    .join('');
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce((at, step) => (at as Readonly<Record<PropertyKey, unknown>>)[step], value);
}

function show(value: unknown): string {
  if (value === undefined) return 'missing';
  const written = JSON.stringify(value);
  return written.length > 60 ? `${written.slice(0, 57)}...` : written;
}
