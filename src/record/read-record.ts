/**
 * Reads records back. Written by hand and not from the JSON schema: replay and evaluation read millions of lines, and
 * the message has to say which value of which line is wrong.
 */
import { messageOf, SightlineError } from '../errors.js';
import { RECORD_VERSION, type SightlineRecord } from './record.js';

type Json = Readonly<Record<string, unknown>>;
type Check = (value: unknown, path: string) => void;

/**
 * Reads one line. Keys that this version does not know are kept and ignored.
 * @param where what to call the line in an error, for instance `out.jsonl:12`.
 * @returns undefined for a record of a type that this version does not know: readers skip it.
 * @throws SightlineError ERR_RECORD_INVALID naming the value that is wrong.
 */
export function parseRecord(line: string, where = 'record'): SightlineRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new SightlineError('ERR_RECORD_INVALID', `${where} is not JSON: ${messageOf(cause)}`, { cause });
  }
  try {
    return checkRecord(value);
  } catch (cause) {
    if (!(cause instanceof Mismatch)) throw cause;
    throw new SightlineError('ERR_RECORD_INVALID', `${where}: ${cause.message}`);
  }
}

class Mismatch extends Error {}

function checkRecord(value: unknown): SightlineRecord | undefined {
  if (!isObject(value)) throw new Mismatch(`expected an object but found ${show(value)}`);
  if (value['v'] !== RECORD_VERSION) {
    const known = `this Sightline reads version ${RECORD_VERSION}`;
    throw new Mismatch(`v is ${show(value['v'])}, but ${known}`);
  }
  text(value['type'], 'type');
  const shape = RECORDS.get(value['type'] as string);
  if (shape === undefined) return undefined;
  shape(value, '');
  return value as unknown as SightlineRecord;
}

const text: Check = (value, path) => {
  if (typeof value !== 'string') fail(path, 'a string', value);
};
const flag: Check = (value, path) => {
  if (typeof value !== 'boolean') fail(path, 'true or false', value);
};
const real: Check = (value, path) => {
  if (typeof value !== 'number' || !Number.isFinite(value)) fail(path, 'a number', value);
};
const integer: Check = (value, path) => {
  if (!Number.isInteger(value)) fail(path, 'an integer', value);
};
const count: Check = (value, path) => {
  if (!Number.isInteger(value) || (value as number) < 0) fail(path, 'an integer of 0 or more', value);
};
const positive: Check = (value, path) => {
  if (!Number.isInteger(value) || (value as number) < 1) fail(path, 'an integer of 1 or more', value);
};
const fraction: Check = (value, path) => {
  if (typeof value !== 'number' || value < 0 || value > 1) fail(path, 'a number from 0 to 1', value);
};

const detection = {
  class: text,
  classId: count,
  confidence: fraction,
  box: exactly(real, 4),
};

const isNamed = object({ name: text });

const RECORDS: ReadonlyMap<string, Check> = new Map([
  [
    'source',
    object(
      {
        source: text,
        uri: text,
        live: flag,
        width: positive,
        height: positive,
        pixelAspect: exactly(positive, 2),
        timeBase: exactly(positive, 2),
        startUs: integer,
        model: text,
        backend: text,
        device: text,
        precision: text,
        classes: list(text),
        sightline: text,
      },
      {
        fps: real,
        durationUs: count,
        expectedFrames: count,
        backendVersion: text,
        input: exactly(positive, 2),
        tracking: object({ tracker: text, parameters: object({}) }),
      },
    ),
  ],
  [
    'frame',
    object(
      {
        source: text,
        epoch: count,
        frame: count,
        ptsUs: integer,
        width: positive,
        height: positive,
        detections: list(object(detection)),
        tracks: list(
          object({
            ...detection,
            id: positive,
            state: oneOf('tentative', 'confirmed', 'lost'),
            velocity: exactly(real, 2),
            ageUs: count,
          }),
        ),
        ended: list(positive),
      },
      { capturedAt: real },
    ),
  ],
  [
    'event',
    object(
      { event: text, id: text, source: text, epoch: count, ptsUs: integer },
      { track: positive, class: text, classId: count },
    ),
  ],
  [
    'end',
    object(
      {
        source: text,
        outcome: oneOf('completed', 'stopped', 'failed'),
        frames: object({ decoded: count, emitted: count, failed: count, inFlight: count, dropped: counts }),
        decodeErrors: count,
        invalidAnchors: count,
        detections: count,
        tracks: count,
        mediaUs: integer,
      },
      {
        error: object({ code: text, message: text }),
        heatMap: object({ columns: positive, rows: positive, seconds: list(real) }),
        analytics: object({ lines: list(isNamed), zones: list(isNamed) }),
      },
    ),
  ],
]);

function object(
  required: Readonly<Record<string, Check>>,
  optional: Readonly<Record<string, Check>> = {},
): Check {
  const needed = Object.entries(required);
  const possible = Object.entries(optional);
  return (value, path) => {
    if (!isObject(value)) fail(path, 'an object', value);
    const prefix = path === '' ? '' : `${path}.`;
    for (const [key, check] of needed) check(value[key], prefix + key);
    for (const [key, check] of possible) if (value[key] !== undefined) check(value[key], prefix + key);
  };
}

function list(item: Check): Check {
  return (value, path) => {
    if (!Array.isArray(value)) fail(path, 'an array', value);
    value.forEach((entry, index) => {
      item(entry, `${path}[${index}]`);
    });
  };
}

function exactly(item: Check, length: number): Check {
  const items = list(item);
  return (value, path) => {
    items(value, path);
    if ((value as unknown[]).length !== length) fail(path, `${length} values`, value);
  };
}

function oneOf(...choices: readonly string[]): Check {
  return (value, path) => {
    if (!choices.includes(value as string)) fail(path, `one of ${choices.join(', ')}`, value);
  };
}

function counts(value: unknown, path: string): void {
  if (!isObject(value)) fail(path, 'an object', value);
  for (const [key, entry] of Object.entries(value)) count(entry, `${path}.${key}`);
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fail(path: string, expected: string, found: unknown): never {
  throw new Mismatch(`${path} should be ${expected} but is ${show(found)}`);
}

function show(value: unknown): string {
  if (value === undefined) return 'missing';
  const written = JSON.stringify(value);
  return written.length > 60 ? `${written.slice(0, 57)}...` : written;
}
