import { describe, expect, it } from 'vitest';
import { globalTrackId } from '../../../src/tracking/track-id.js';
import { createTracker } from '../../../src/tracking/tracker.js';
import {
  parameterNameOf,
  parseTrackerOptions,
  trackerNameOf,
} from '../../../src/tracking/tracker-options.js';

describe('trackerNameOf', () => {
  it.each([
    ['bytetrack', 'bytetrack'],
    ['ByteTrack', 'bytetrack'],
    ['byte_tracker', 'bytetrack'],
    ['byte', 'bytetrack'],
    ['BoT-SORT', 'botsort'],
    ['oc_sort', 'ocsort'],
    ['SORT', 'sort'],
  ])('%s is %s', (written, name) => {
    expect(trackerNameOf(written)).toBe(name);
  });

  it('names what there is, and the nearest', () => {
    expect(() => trackerNameOf('bytetrak')).toThrow(/did you mean "bytetrack"/);
    expect(() => trackerNameOf('deepsort-reid')).toThrow(/there are bytetrack, botsort, ocsort, sort/);
  });
});

describe('parseTrackerOptions', () => {
  it('knows no names that every object has', () => {
    expect(() => parseTrackerOptions('sort', { constructor: 3 })).toThrow(
      'sort has no parameter "constructor"',
    );
    expect(parameterNameOf('constructor')).toBe('constructor');
  });

  it('takes usual names and camelCase alike', () => {
    const usual = parseTrackerOptions('bytetrack', { track_high_thresh: 0.4, fuse_score: false });
    expect(parseTrackerOptions('bytetrack', { trackHighThresh: 0.4, fuseScore: false })).toEqual(usual);
    expect(parseTrackerOptions('bytetrack', { track_thresh: 0.4, fuse_score: false })).toEqual(usual);
  });

  it('takes times in seconds, or in frames at a rate', () => {
    expect(parseTrackerOptions('bytetrack', { track_buffer: 2 }).byte.trackBuffer).toBe(2);
    const { byte } = parseTrackerOptions('bytetrack', { track_buffer: 30, frame_rate: 25 });
    expect(byte).toMatchObject({ trackBuffer: 30.5 / 25, nominalIntervalUs: 40_000 });
    const { ocSort } = parseTrackerOptions('ocsort', { max_age: 30, delta_t: 3, frame_rate: 10 });
    expect(ocSort).toMatchObject({ maxAge: 3.05, deltaT: 0.35 });
  });

  it.each([
    [
      'bytetrack',
      { track_hi_thresh: 0.5 },
      /bytetrack has no parameter "track_hi_thresh" \(did you mean "track_high_thresh"\?\)/,
    ],
    ['sort', { inertia: 0.2 }, /sort has no parameter "inertia"; it has det_thresh/],
    [
      'ocsort',
      { min_hits: 1.5 },
      /expected a whole number from 0 to 1000 for min_hits of ocsort but received 1.5/,
    ],
    ['ocsort', { max_age: Infinity }, /from 0 to 86400 for max_age of ocsort but received Infinity/],
    ['bytetrack', { match_thresh: '0.8' }, /for match_thresh of bytetrack but received "0.8"/],
    ['bytetrack', { fuse_score: 1 }, /expected true or false for fuse_score of bytetrack but received 1/],
    ['botsort', { gmc_method: 'orb' }, /expected sparseOptFlow or none for gmc_method/],
    ['bytetrack', { track_thresh: 0.5, track_high_thresh: 0.6 }, /given twice/],
    ['bytetrack', { class_agnostic: true, cross_class_iou: 0.5 }, /either class_agnostic or cross_class_iou/],
    ['bytetrack', { track_low_thresh: 0.7 }, /trackLowThresh/],
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
