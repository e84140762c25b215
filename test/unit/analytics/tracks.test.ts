import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boundPath, simplifyPath } from '../../../src/analytics/simplify-path.js';
import { analyticsOf, ofType, play, resultOf, type Scene, walk } from './scene.js';

const TRACKS = { trackEvents: true };

describe('tracks', () => {
  it('are told once they are old enough, and when they end', () => {
    const scenes = walk(Array.from({ length: 10 }, (_, i) => [100 + 20 * i, 200] as const));
    const events = play({ ...TRACKS, minAgeSeconds: 0.5 }, [
      ...scenes,
      { seconds: 2, actors: [], ended: [1] },
    ]);
    expect(events.map(({ id }) => id)).toEqual(['gate/0/track_start//1/0', 'gate/0/track_end//1/0']);
    expect(events).toMatchObject([
      { type: 'track_start', ptsUs: 0, label: 'person' },
      {
        type: 'track_end',
        startUs: 0,
        ptsUs: 900_000,
        distance: 180,
        path: [
          [100, 200, 0],
          [280, 200, 900_000],
        ],
        zones: [],
      },
    ]);
  });

  it('that end before are not told at all', () => {
    const scenes = [...walk([[100, 200], [120, 200]]), { seconds: 1, actors: [], ended: [1] }]; // prettier-ignore
    expect(play({ ...TRACKS, minAgeSeconds: 0.5 }, scenes)).toEqual([]);
  });

  it('are best shown by the largest, surest box that the edge does not cut off', () => {
    const scenes: Scene[] = [
      { seconds: 0, actors: [{ x: 300, y: 200, width: 40 }] },
      { seconds: 1, actors: [{ x: 320, y: 200, width: 60, confidence: 0.9 }] },
      { seconds: 2, actors: [{ x: 340, y: 200, width: 61, confidence: 0.5 }] },
      { seconds: 3, actors: [{ x: 740, y: 200, width: 80, confidence: 0.9 }] },
    ];
    const [event] = ofType(play(TRACKS, scenes), 'track_end');
    expect(event!.best).toEqual({ ptsUs: 1_000_000, frame: 1, confidence: 0.9, box: [290, 160, 350, 200] });
  });

  it('know how long they were in each zone', () => {
    const config = {
      ...TRACKS,
      zones: [
        { name: 'left', polygon: [[0, 100], [200, 100], [200, 300], [0, 300]] }, // prettier-ignore
        { name: 'right', polygon: [[300, 100], [500, 100], [500, 300], [300, 300]] }, // prettier-ignore
        { name: 'never', polygon: [[300, 400], [500, 400], [500, 430], [300, 430]] }, // prettier-ignore
      ] as const,
    };
    const scenes = walk(Array.from({ length: 31 }, (_, i) => [100 + 10 * i, 200] as const));
    expect(ofType(play(config, scenes), 'track_end')[0]!.zones).toEqual([
      { name: 'left', dwellUs: 1_000_000 },
      { name: 'right', dwellUs: 1_000_000 },
    ]);
  });

  it('that just vanish are ended after a while', () => {
    const analytics = analyticsOf(TRACKS);
    walk([[100, 200], [120, 200]]).forEach((scene, i) => analytics.update(resultOf(scene, i))); // prettier-ignore
    expect(analytics.update(resultOf({ seconds: 9, actors: [] }, 2))).toEqual([]);
    expect(analytics.update(resultOf({ seconds: 11, actors: [] }, 3))).toMatchObject([
      { type: 'track_end', ptsUs: 100_000 },
    ]);
    expect(analytics.finish()).toEqual([]);
  });
});

describe('simplifyPath', () => {
  const points = fc
    .array(fc.record({ x: fc.integer({ min: 0, max: 100 }), y: fc.integer({ min: 0, max: 100 }) }), {
      maxLength: 80,
    })
    .map((list) => list.map((point, i) => ({ ...point, us: i })));

  it('keeps the ends and stays within the tolerance', () => {
    fc.assert(
      fc.property(points, fc.integer({ min: 0, max: 20 }), (path, tolerance) => {
        const kept = simplifyPath(path, tolerance);
        expect(kept.at(0)).toBe(path.at(0));
        expect(kept.at(-1)).toBe(path.at(-1));
        for (const { x, y, us } of path) {
          const next = kept.findIndex((point) => point.us >= us);
          const a = kept[Math.max(0, next - 1)]!;
          const b = kept[next]!;
          const length = (b.x - a.x) ** 2 + (b.y - a.y) ** 2;
          const at = length === 0 ? 0 : ((x - a.x) * (b.x - a.x) + (y - a.y) * (b.y - a.y)) / length;
          const share = Math.max(0, Math.min(1, at));
          const off = Math.hypot(x - a.x - share * (b.x - a.x), y - a.y - share * (b.y - a.y));
          if (off > tolerance + 1e-9) expect.fail(`(${x}, ${y}) is ${off} off`);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('can be bounded in length', () => {
    fc.assert(
      fc.property(points, (path) => {
        expect(boundPath(path, 1, 10).length).toBeLessThanOrEqual(10);
      }),
      { numRuns: 100 },
    );
  });
});
