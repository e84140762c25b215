import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitHomography, groundPoint } from '../../../src/analytics/homography.js';
import type { Point } from '../../../src/analytics/geometry.js';
import type { AnalyticsConfig } from '../../../src/analytics/options.js';
import { analyticsOf, ofType, play, resultOf, type Scene } from './scene.js';

/** A camera 5 m up that looks down a road: pixels of a place on the ground (x to the right, y ahead), in metres. */
function project({ x, y }: Point): Point {
  const depth = y * 0.9 + 5 * 0.43;
  return { x: 384 + (600 * x) / depth, y: 216 + (600 * (5 * 0.9 - y * 0.43)) / depth };
}

const CORNERS: readonly Point[] = [{ x: -4, y: 8 }, { x: 4, y: 8 }, { x: 5, y: 30 }, { x: -5, y: 30 }]; // prettier-ignore

function pairsOf(ground: readonly Point[]): NonNullable<AnalyticsConfig['speed']>['points'] {
  return ground.map((point) => {
    const { x, y } = project(point);
    return { image: [x, y], ground: [point.x, point.y] } as const;
  });
}

/** Someone who walks away from the camera. */
function walkAway(metresPerSecond: number, fps: number, jitter = (_: number) => 0): Scene[] {
  return Array.from({ length: fps * 4 }, (_, i) => {
    const { x, y } = project({ x: 1, y: 10 + (metresPerSecond * i) / fps });
    return { seconds: i / fps, actors: [{ x, y: y + jitter(i) }] };
  });
}

describe('fitHomography', () => {
  it('gives back the view of a camera from four pairs or more', () => {
    const offsets = fc.array(
      fc.record({
        x: fc.double({ min: -6, max: 6, noNaN: true }),
        y: fc.double({ min: 6, max: 40, noNaN: true }),
      }),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(offsets, (more) => {
        const ground = [...CORNERS, ...more];
        const map = fitHomography('points', ground.map(project), ground);
        for (const point of [...ground, { x: 0, y: 20 }]) {
          const found = groundPoint(map, project(point))!;
          expect(Math.hypot(found.x - point.x, found.y - point.y)).toBeLessThan(1e-6);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('knows nothing of the sky', () => {
    const map = fitHomography('points', CORNERS.map(project), CORNERS);
    expect(groundPoint(map, { x: 384, y: -200 })).toBeUndefined();
  });

  it('evens out what five pairs disagree about', () => {
    const ground = [...CORNERS, { x: 0, y: 15 }];
    const image = ground.map((point, i) => ({ x: project(point).x + (i % 2) * 2 - 1, y: project(point).y }));
    const map = fitHomography('points', image, ground);
    const found = groundPoint(map, project({ x: 1, y: 12 }))!;
    expect(Math.hypot(found.x - 1, found.y - 12)).toBeLessThan(0.3);
  });

  it.each([
    ['points in a row', [0, 1, 2, 3].map((x) => ({ x, y: 2 * x })), CORNERS, /does not determine the ground/],
    ['one spot', CORNERS.map(() => ({ x: 3, y: 3 })), CORNERS, /on one spot/],
    ['pairs in the wrong order', [1, 0, 2, 3].map((i) => project(CORNERS[i]!)), CORNERS, /check the order/],
  ] as [string, Point[], Point[], RegExp][])('refuses %s', (_, image, ground, message) => {
    expect(() => fitHomography('speed.points', image, ground)).toThrow(message);
  });
});

describe('speed', () => {
  it.each([1, 5, 12, 25])('is right on the ground at %i frames per second', (fps) => {
    const analytics = analyticsOf({ speed: { points: pairsOf(CORNERS)! } });
    walkAway(2, fps).forEach((scene, i) => analytics.update(resultOf(scene, i)));
    expect(analytics.state().speeds.get(1)).toEqual({ value: 7.2, unit: 'km/h' });
  });

  it('is not moved by a wrong box now and then', () => {
    const analytics = analyticsOf({ speed: { points: pairsOf(CORNERS)!, unit: 'm/s' } });
    walkAway(2, 12, (i) => (i % 6 === 5 ? 25 : 0)).forEach((scene, i) =>
      analytics.update(resultOf(scene, i)),
    );
    expect(analytics.state().speeds.get(1)!.value).toBeCloseTo(2, 0.5);
  });

  it('stands in crossings and at the end of a track', () => {
    const scenes = Array.from({ length: 30 }, (_, i) => ({
      seconds: i / 10,
      actors: [{ x: 50 + 20 * i, y: 200 }],
    }));
    const events = play(
      {
        speed: { metresPerPixel: 0.05, unit: 'm/s' },
        lines: [{ name: 'gate', points: [[400, 100], [400, 300]] }], // prettier-ignore
        trackEvents: true,
      },
      scenes,
    );
    expect(ofType(events, 'line_cross')[0]!.speed).toEqual({ value: 10, unit: 'm/s' });
    expect(ofType(events, 'track_end')[0]!.speed).toEqual({ mean: 10, max: 10, unit: 'm/s' });
  });
});
