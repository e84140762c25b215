import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SightlineError } from '../../../src/errors.js';
import { recordJsonSchema } from '../../../src/record/json-schema.js';
import { parseRecord } from '../../../src/record/read.js';
import {
  formatRecord,
  toEndRecord,
  toEventRecord,
  toFrameRecord,
  toSourceRecord,
} from '../../../src/record/write.js';
import type { ZoneTotals } from '../../../src/contract/events.js';
import type { SourceInfo } from '../../../src/contract/source.js';
import {
  detection,
  detectorInfo,
  frameResult,
  sourceInfo,
  sourceSummary,
  track,
} from '../../support/results.js';

const schema = JSON.parse(
  readFileSync(new URL('../../../docs/record.schema.json', import.meta.url), 'utf8'),
) as object;
const matchesSchema = new Ajv2020({ strict: true, strictRequired: false, strictTypes: false }).compile(
  schema,
);

it('the published schema is the one of the code: node scripts/make-record-schema.mjs', () => {
  expect(schema).toEqual(JSON.parse(JSON.stringify(recordJsonSchema())));
});

const records = {
  source: toSourceRecord(
    sourceInfo(),
    detectorInfo(),
    { tracker: 'ocsort', parameters: { det_thresh: 0.4, use_byte: true } },
    '1.2.3',
  ),
  'source that knows little': toSourceRecord(liveInfo(), detectorInfo(), undefined, '1.2.3'),
  frame: toFrameRecord(frameResult(7, { ended: [track({ trackId: 3 })] })),
  'frame of a live source': toFrameRecord(frameResult(7), true),
  'frame with nothing in it': toFrameRecord(frameResult(0, { detections: [], tracks: [] })),
  event: toEventRecord({
    type: 'line_cross',
    id: 'gate/0/line_cross/kerb/3/1',
    sourceId: 'gate',
    epoch: 0,
    ptsUs: 1_234_567,
    trackId: 3,
    classId: 2,
    label: 'car',
    name: 'kerb',
    direction: 'in',
    at: [12.5, 100],
    speed: { value: 31.2, unit: 'km/h' },
  }),
  'event of a window': toEventRecord({
    type: 'counts',
    id: 'gate/0/counts//0/1',
    sourceId: 'gate',
    epoch: 0,
    ptsUs: 60_000_000,
    startUs: 0,
    endUs: 60_000_000,
    partial: false,
    counts: [{ kind: 'line', name: 'kerb', direction: 'in', label: 'car', count: 4 }],
  }),
  'end with analytics': toEndRecord({
    ...sourceSummary(),
    analytics: {
      lines: [
        {
          name: 'kerb',
          points: [
            { x: 0, y: 1 },
            { x: 2, y: 3 },
          ],
          directions: [{ direction: 'in', count: 4, byClass: { car: 4 } }],
        },
      ],
      zones: [
        zoneTotals({ count: 1, meanUs: 2, p50Us: 2, p90Us: 2, p95Us: 2, maxUs: 2 }),
        zoneTotals(undefined),
      ],
    },
    heatMap: { columns: 2, rows: 1, seconds: new Float32Array([0.1, 12]) },
  }),
  end: toEndRecord(sourceSummary()),
  'end with an error': toEndRecord(
    sourceSummary({
      outcome: 'failed',
      error: new SightlineError('ERR_SOURCE_DECODE', 'line one\nline "two"'),
    }),
  ),
};

function zoneTotals(dwell: ZoneTotals['dwell']): ZoneTotals {
  const polygon = [0, 1, 2].map((x) => ({ x, y: x * x }));
  const counts = { occupancy: 1, peak: 2, entered: 2, exited: 1, enteredByClass: { car: 2 } };
  return { name: 'yard', polygon, holes: [polygon], ...counts, dwell };
}

function liveInfo(): SourceInfo {
  return { ...sourceInfo({ live: true }), ...absent('frameRate', 'durationUs', 'expectedFrames') };
}

/** Keys that are there but undefined, which JSON leaves out. */
function absent(...keys: (keyof SourceInfo)[]): object {
  return Object.fromEntries(keys.map((key) => [key, undefined]));
}

describe('records', () => {
  it.each(Object.entries(records))(
    'a %s record fits the schema, is one line, and reads back equal',
    (_, record) => {
      const line = formatRecord(record);
      expect(line).not.toContain('\n');
      expect(matchesSchema(JSON.parse(line)), JSON.stringify(matchesSchema.errors)).toBe(true);
      expect(parseRecord(line)).toEqual(record);
    },
  );

  it('a frame record says what the result said', () => {
    expect(toFrameRecord(frameResult(7, { ended: [track({ trackId: 3 })] }))).toEqual({
      v: 1,
      type: 'frame',
      source: 'cars',
      epoch: 0,
      frame: 7,
      ptsUs: 560_000,
      width: 768,
      height: 432,
      detections: [{ class: 'car', classId: 2, confidence: 0.8731, box: [100.25, 80.5, 220.75, 160.01] }],
      tracks: [
        {
          id: 1,
          state: 'confirmed',
          class: 'car',
          classId: 2,
          confidence: 0.8731,
          box: [100.25, 80.5, 220.75, 160.01],
          velocity: [31.5, -2.25],
          ageUs: 480_000,
        },
      ],
      ended: [3],
    });
  });

  it('carries the wall clock for live sources only, so that a file gives the same records each time', () => {
    expect(toFrameRecord(frameResult(1))).not.toHaveProperty('capturedAtMs');
    expect(toFrameRecord(frameResult(1), true)).toHaveProperty('capturedAtMs', 1_700_000_000_080);
  });

  it('rounds tracks and leaves detections alone', () => {
    const box = { x1: 1 / 3, y1: -0.001, x2: 100 / 3, y2: 2 };
    const record = toFrameRecord(
      frameResult(0, { detections: [detection({ box })], tracks: [track({ box, confidence: 2 / 3 })] }),
    );
    expect(record.detections[0]?.box).toEqual([1 / 3, -0.001, 100 / 3, 2]);
    expect(record.tracks[0]?.box).toEqual([0.33, 0, 33.33, 2]);
    expect(record.tracks[0]?.confidence).toBe(0.6667);
  });

  const pixels = fc
    .double({ noNaN: true, noDefaultInfinity: true, min: -1e5, max: 1e5 })
    .map((value) => value + 0);
  const someDetection = fc.record({
    box: fc.record({ x1: pixels, y1: pixels, x2: pixels, y2: pixels }),
    classId: fc.nat(1000),
    label: fc.string({ unit: 'binary' }),
    confidence: fc.double({ min: 0, max: 1, noNaN: true }).map((value) => value + 0),
  });
  const someTrack = fc
    .tuple(
      someDetection,
      fc.record({
        trackId: fc.integer({ min: 1 }),
        state: fc.constantFrom('tentative' as const, 'confirmed' as const, 'lost' as const),
        ageUs: fc.nat(),
        velocity: fc.record({ x: pixels, y: pixels }),
      }),
    )
    .map(([found, followed]) => ({ ...found, ...followed }));

  it('any result survives writing and reading, detections bit for bit', () => {
    fc.assert(
      fc.property(
        fc.array(someDetection, { maxLength: 5 }),
        fc.array(someTrack, { maxLength: 5 }),
        fc.integer({ min: -1e9, max: 1e15 }),
        (detections, tracks, ptsUs) => {
          const record = toFrameRecord(frameResult(3, { detections, tracks, ended: tracks, ptsUs }));
          const line = formatRecord(record);
          const read = parseRecord(line, 'line');
          expect(read).toEqual(record);
          expect(matchesSchema(JSON.parse(line))).toBe(true);
          if (read?.type !== 'frame') throw new Error('not a frame');
          read.detections.forEach(({ box, confidence }, at) => {
            const seen = detections[at]!;
            const numbers = [seen.box.x1, seen.box.y1, seen.box.x2, seen.box.y2, seen.confidence];
            expect([...box, confidence].every((value, side) => Object.is(value, numbers[side]))).toBe(true);
          });
        },
      ),
    );
  });

  /** Every value of a record, replaced by something else or taken away, is judged alike by the reader and the schema. */
  it('the reader and the published schema agree on what is wrong', () => {
    const spoilers = [undefined, null, 'text', -1, 0, 1.5, [], {}, true, [1, 2, 3], 2];
    let refused = 0;
    for (const record of Object.values(records)) {
      for (const path of pathsOf(record)) {
        for (const spoiler of spoilers) {
          const line = JSON.stringify(replaceAt(record, path, spoiler));
          const valid = matchesSchema(JSON.parse(line));
          expect(
            accepts(line),
            `${path.join('.')} = ${spoiler === undefined ? 'missing' : JSON.stringify(spoiler)}: ${line}`,
          ).toBe(valid);
          if (!valid) refused++;
        }
      }
    }
    expect(refused).toBeGreaterThan(500);
  });
});

describe('parseRecord', () => {
  it.each([
    ['{"v":1,', 'out.jsonl:3 is not JSON: '],
    ['7', 'out.jsonl:3: expected an object but found 7'],
    ['{"type":"frame"}', 'out.jsonl:3: v is missing, but this Sightline reads version 1'],
    ['{"v":2,"type":"frame"}', 'out.jsonl:3: v is 2, but this Sightline reads version 1'],
    ['{"v":1}', 'out.jsonl:3: type should be a string but is missing'],
    ['{"v":1,"type":"event"}', 'out.jsonl:3: event should be a string but is missing'],
    ['{"v":1,"type":"event","event":"loitering"}', 'out.jsonl:3: id should be a string but is missing'],
    [spoilt('confidence', 1.5), 'detections[0].confidence should be a number from 0 to 1 but is 1.5'],
    [spoilt('box', [1, 2, 3]), 'detections[0].box should be 4 values but is [1,2,3]'],
    [spoilt('box', [1, 2, 3, null]), 'detections[0].box[3] should be a number but is null'],
  ])('says what is wrong with %s', (line, message) => {
    expect(() => parseRecord(line, 'out.jsonl:3')).toThrow(
      expect.objectContaining({
        code: 'ERR_RECORD_INVALID',
        message: expect.stringContaining(message) as string,
      }),
    );
  });

  it('skips types and keeps keys that come from a later version', () => {
    expect(parseRecord('{"v":1,"type":"weather","sun":true}')).toBeUndefined();
    expect(parseRecord('{"v":1,"type":"event","event":"sunset"}')).toBeUndefined();
    const line = formatRecord({ ...records.frame, weather: 'sun' } as typeof records.frame);
    expect(parseRecord(line)).toHaveProperty('weather', 'sun');
  });
});

function spoilt(key: string, value: unknown): string {
  const record = toFrameRecord(frameResult(0));
  return JSON.stringify({ ...record, detections: [{ ...record.detections[0], [key]: value }] });
}

function accepts(line: string): boolean {
  try {
    parseRecord(line);
    return true;
  } catch {
    return false;
  }
}

function pathsOf(value: unknown, path: readonly string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [[...path]];
  const inner = Object.entries(value).flatMap(([key, entry]) => pathsOf(entry, [...path, key]));
  return path.length === 0 ? inner : [[...path], ...inner];
}

function replaceAt(value: unknown, [key, ...rest]: readonly string[], replacement: unknown): unknown {
  if (key === undefined) return replacement;
  const copy = (Array.isArray(value) ? [...(value as unknown[])] : { ...(value as object) }) as Record<
    string,
    unknown
  >;
  copy[key] = replaceAt(copy[key], rest, replacement);
  return copy;
}
