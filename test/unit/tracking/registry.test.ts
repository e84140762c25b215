import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { nearestCentre } from '../../../examples/extend/nearest-centre.js';
import type { Detection } from '../../../src/contract/detector.js';
import type { TrackerUpdate } from '../../../src/contract/tracker.js';
import { checkOptions } from '../../../src/options/check-options.js';
import {
  createTracker,
  createTrackerRegistry,
  nameParameters,
  TRACKERS,
} from '../../../src/tracking/registry.js';
import { decideCommon, microsecondsOf } from '../../../src/tracking/parameters.js';
import { globalTrackId } from '../../../src/tracking/track-id.js';

const trackers = createTrackerRegistry(TRACKERS);

/** Parameters as the tracker gets them. */
function checked(name: string, parameters: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const kind = trackers.find(name);
  return checkOptions(kind.options, nameParameters(kind, parameters)) as Record<string, unknown>;
}

describe('a registry of trackers', () => {
  it.each([
    ['bytetrack', 'bytetrack'],
    ['ByteTrack', 'bytetrack'],
    ['byte_tracker', 'bytetrack'],
    ['byte', 'bytetrack'],
    ['BoT-SORT', 'botsort'],
    ['oc_sort', 'ocsort'],
    ['SORT', 'sort'],
  ])('%s is %s', (written, name) => {
    expect(trackers.find(written).type).toBe(name);
  });

  it('names what there is, and the nearest', () => {
    expect(() => trackers.find('bytetrak')).toThrow(/did you mean "bytetrack"/);
    expect(() => trackers.find('deepsort-reid')).toThrow(/there are botsort, bytetrack, ocsort, sort/);
  });

  it('takes trackers of others, but no two of a name', () => {
    const own = createTrackerRegistry([...TRACKERS, nearestCentre]);
    const tracker = own.prepare('Nearest-Centre', { reach: 10 })();
    const at = (x: number): Detection => ({
      box: { x1: x, y1: 10, x2: x + 40, y2: 90 },
      classId: 0,
      label: 'person',
      confidence: 0.9,
    });
    const idsOf = ({ tracks, ended }: TrackerUpdate): number[][] =>
      [tracks, ended].map((some) => some.map(({ trackId }) => trackId));
    expect(idsOf(tracker.update([at(100), at(300)], 0))).toEqual([[1, 2], []]);
    expect(idsOf(tracker.update([at(305), at(120)], 40_000))).toEqual([[2, 3], []]);
    expect(tracker.flush().map(({ trackId }) => trackId)).toEqual([1, 2, 3]);
    expect(() => own.prepare('nearest-centre', { reach: -1 })).toThrow(
      'nearest-centre: option "reach" is -1: ',
    );
    expect(() => own.prepare('nearest-centre', { reaches: 1 })).toThrow(
      'nearest-centre has no parameter "reaches" (did you mean "reach"?)',
    );
    expect(() => createTrackerRegistry([...TRACKERS, nearestCentre, nearestCentre])).toThrow(
      'two trackers called "nearest-centre"',
    );
  });
});

describe('parameters of trackers', () => {
  it('knows no names that every object has', () => {
    expect(() => createTracker('sort', { constructor: 3 })).toThrow('sort has no parameter "constructor"');
  });

  it('takes usual names and camelCase alike', () => {
    const usual = checked('bytetrack', { track_high_thresh: 0.4, fuse_score: false });
    expect(usual).toMatchObject({ track_high_thresh: 0.4, fuse_score: false, match_thresh: 0.8 });
    expect(checked('bytetrack', { trackHighThresh: 0.4, fuseScore: false })).toEqual(usual);
    expect(checked('bytetrack', { track_thresh: 0.4, fuse_score: false })).toEqual(usual);
  });

  it('takes times in seconds, or in frames at a rate', () => {
    expect(microsecondsOf(2, 1, undefined)).toBe(2e6);
    expect(microsecondsOf(30, 1, 25)).toBe((30.5 / 25) * 1e6);
    expect(microsecondsOf(undefined, 1, 25)).toBe(1e6);
    const common = { smooth_boxes: true, as_published: false };
    expect(decideCommon({ ...common, frame_rate: 25 })).toMatchObject({ nominalIntervalUs: 40_000 });
    expect(decideCommon(common)).toMatchObject({ nominalIntervalUs: 1e6 / 30, crossClassIou: 0.7 });
  });

  it.each([
    [
      'bytetrack',
      { track_hi_thresh: 0.5 },
      /bytetrack has no parameter "track_hi_thresh" \(did you mean "track_high_thresh"\?\)/,
    ],
    ['sort', { inertia: 0.2 }, /sort has no parameter "inertia"; it has det_thresh/],
    ['ocsort', { min_hits: 1.5 }, /ocsort: option "min_hits" is 1.5: expected a whole number from 0 to 1000/],
    ['ocsort', { max_age: Infinity }, /"max_age" is Infinity: expected a number from 0 to 86400/],
    ['bytetrack', { match_thresh: '0.8' }, /"match_thresh" is "0.8": expected a number from 0 to 1/],
    ['bytetrack', { fuse_score: 1 }, /"fuse_score" is 1: expected true or false/],
    ['botsort', { gmc_method: 'orb' }, /"gmc_method" is "orb": expected sparseOptFlow or none/],
    ['bytetrack', { track_thresh: 0.5, track_high_thresh: 0.6 }, /given twice/],
    ['bytetrack', { class_agnostic: true, cross_class_iou: 0.5 }, /either class_agnostic or cross_class_iou/],
    [
      'bytetrack',
      { track_low_thresh: 0.7 },
      /"track_low_thresh" is 0.7: expected at most track_high_thresh, 0.6/,
    ],
    [
      'botsort',
      { newTrackThresh: 0.5 },
      /"new_track_thresh" is 0.5: expected at least track_high_thresh, 0.6/,
    ],
  ] as const)('%s %j is an error', (name, options, message) => {
    expect(() => createTracker(name, options)).toThrow(message);
  });

  it('reports the detected box without smoothing', () => {
    const box = { x1: 10, y1: 10, x2: 50, y2: 90 };
    const seen = (smooth: boolean): unknown => {
      const tracker = createTracker('bytetrack', { smooth_boxes: smooth });
      const at = (dx: number): { box: typeof box; classId: number; label: string; confidence: number } => ({
        box: { ...box, x1: box.x1 + dx, x2: box.x2 + dx },
        classId: 0,
        label: 'person',
        confidence: 0.9,
      });
      tracker.update([at(0)], 0);
      return tracker.update([at(7)], 33_000).tracks[0]!.box.x1;
    };
    expect(seen(false)).toBe(17);
    expect(seen(true)).not.toBe(17);
  });

  it('keeps classes apart, together or by overlap', () => {
    const tracked = (options: Record<string, unknown>): number => {
      const tracker = createTracker('bytetrack', options);
      const box = { x1: 10, y1: 10, x2: 50, y2: 90 };
      const found = [0, 1].map((classId) => ({ box, classId, label: `c${classId}`, confidence: 0.9 }));
      return tracker.update(found, 0).tracks.length;
    };
    expect(tracked({ class_agnostic: true })).toBe(1);
    expect(tracked({})).toBe(1);
    expect(tracked({ class_agnostic: false })).toBe(2);
  });
});

describe('globalTrackId', () => {
  it('splits into three whatever the source is called', () => {
    expect(globalTrackId('gate', 0, 7)).toBe('gate/0/7');
    expect(globalTrackId('a/b%2F', 2, 1)).toBe('a%2Fb%252F/2/1');
  });
});

describe('docs/tracking.md', () => {
  const page = readFileSync(new URL('../../../docs/tracking.md', import.meta.url), 'utf8');

  it('has a row for each tracker that says what it is', () => {
    for (const { type, doc } of TRACKERS) expect(rowsOf(page, type)[0]).toContain(doc);
  });

  it('has a row for each parameter, as the code describes it, and for no other', () => {
    const table = page.slice(page.indexOf('## Parameters'), page.indexOf('## What is guaranteed'));
    const rows = table.split('\n').filter((line) => line.startsWith('| `'));
    expect(
      rows.map((row) =>
        row
          .split('|')
          .map((cell) => cell.trim())
          .slice(1, -1),
      ),
    ).toEqual(parameterRows());
  });
});

function rowsOf(page: string, name: string): string[] {
  return page.split('\n').filter((line) => line.startsWith(`| \`${name}\``));
}

interface Described {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly default?: unknown;
  readonly description?: string;
}

/** Name, trackers, range, default, meaning. */
function parameterRows(): string[][] {
  const byName = new Map<string, (readonly [string, Described])[]>();
  for (const { type, options } of TRACKERS) {
    const { properties = {} } = z.toJSONSchema(options, { io: 'input' }) as {
      properties?: Record<string, Described>;
    };
    for (const [name, described] of Object.entries(properties))
      byName.set(name, [...(byName.get(name) ?? []), [type, described]]);
  }
  return [...byName].map(([name, uses]) => {
    const types = uses.map(([type]) => type);
    const [, first] = uses[0]!;
    const defaults = uses.map(([, described]) => shown(described.default));
    const others = uses.filter((_, at) => defaults[at] !== defaults[0]);
    expect(new Set(uses.map(([, { description }]) => description)).size, name).toBe(1);
    return [
      `\`${name}\``,
      types.length === TRACKERS.length ? 'all' : types.join(', '),
      first.type === 'boolean' || first.enum !== undefined ? '–' : `${first.minimum} to ${first.maximum}`,
      [defaults[0]!, ...others.map(([type, described]) => `${type} ${shown(described.default)}`)].join('; '),
      first.description ?? '',
    ];
  });
}

function shown(value: unknown): string {
  return value === undefined ? '–' : typeof value === 'string' ? value : JSON.stringify(value);
}
