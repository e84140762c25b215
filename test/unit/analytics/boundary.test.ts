import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Boundary } from '../../../src/analytics/boundary.js';
import { checkRings } from '../../../src/analytics/checks.js';
import { orientation, type Point, pointBetween } from '../../../src/analytics/geometry.js';
import { cross, cutSign, exact, isInside, minus, shifted, unitsOf } from './exact.js';

// A coarse grid: points on lines, shared points and paths along edges come up all the time.
const place = fc.record({ x: fc.integer({ min: 0, max: 7 }), y: fc.integer({ min: 0, max: 7 }) });
const path = fc.array(place, { minLength: 2, maxLength: 8 });
const line = fc
  .array(place, { minLength: 2, maxLength: 5 })
  .filter((points) => points.every((point, i) => i === 0 || !same(point, points[i - 1]!)));
const ring = fc.array(place, { minLength: 3, maxLength: 7 }).filter(isSimple);

describe('orientation', () => {
  it('is exact where doubles are not', () => {
    const number = fc
      .double({ min: -1000, max: 1000, noNaN: true })
      .filter((value) => value === 0 || Math.abs(value) > 1e-50);
    const point = fc.record({ x: number, y: number });
    fc.assert(
      fc.property(
        point,
        point,
        fc.integer({ min: -2000, max: 3000 }).map((mille) => mille / 1000),
        (a, b, share) => {
          const c = pointBetween(a, b, share);
          const big = (p: Point) => ({ x: unitsOf(p.x), y: unitsOf(p.y) });
          const expected = cross(minus(big(b), big(a)), minus(big(c), big(a)));
          expect(orientation(a, b, c)).toBe(expected > 0n ? 1 : expected < 0n ? -1 : 0);
        },
      ),
      { numRuns: 400, examples: [[{ x: 0.1, y: 0.1 }, { x: 0.3, y: 0.3 }, 2]] }, // prettier-ignore
    );
  });
});

describe('crossings', () => {
  it('are those of exact geometry, in number, direction and order', () => {
    fc.assert(
      fc.property(line, path, (points, way) => {
        const boundary = Boundary.ofLine(points);
        way.slice(1).forEach((q, i) => {
          const p = way[i]!;
          const found = boundary.crossings(p, q);
          const expected = points
            .slice(1)
            .map((b, k) => cutSign(shifted(p), shifted(q), exact(points[k]!), exact(b)))
            .filter((sign) => sign !== 0);
          const fractions = [0, ...found.map(({ fraction }) => fraction), 1];
          if (fractions.some((value, k) => value < (fractions[k - 1] ?? 0)))
            expect.fail(`not in order from 0 to 1: ${fractions.join(', ')}`);
          expect(found.map(({ sign }) => sign).sort()).toEqual(expected.sort());
        });
      }),
      { numRuns: 300 },
    );
  });

  it('give the same sum however a path is cut into pieces', () => {
    fc.assert(
      fc.property(line, place, place, fc.integer({ min: 1, max: 4 }), (points, p, q, pieces) => {
        // Steps of a power of two, so that the points between are exact.
        const steps = 2 ** pieces;
        const way = Array.from({ length: steps + 1 }, (_, i) => pointBetween(p, q, i / steps));
        expect(netOf(points, way)).toBe(netOf(points, [p, q]));
      }),
      { numRuns: 400 },
    );
  });

  it.each([
    // [what, line, path, sum]
    [
      'through the shared point of two pieces',
      [
        [0, 0],
        [4, 4],
        [8, 0],
      ],
      [
        [4, 8],
        [4, 0],
      ],
      -1,
    ],
    [
      'through the shared point, standing there',
      [
        [0, 4],
        [4, 4],
        [8, 4],
      ],
      [
        [4, 0],
        [4, 4],
        [4, 4],
        [4, 8],
      ],
      1,
    ],
    [
      'touching the tip of a spike',
      [
        [0, 0],
        [4, 4],
        [8, 0],
      ],
      [
        [0, 4],
        [8, 4],
      ],
      0,
    ],
    [
      'along the line',
      [
        [0, 4],
        [8, 4],
      ],
      [
        [0, 4],
        [8, 4],
      ],
      0,
    ],
    [
      'onto the line, along it and back',
      [
        [0, 4],
        [8, 4],
      ],
      [
        [2, 1],
        [2, 4],
        [6, 4],
        [6, 1],
      ],
      0,
    ],
    [
      'onto the line, along it and over',
      [
        [0, 4],
        [8, 4],
      ],
      [
        [2, 1],
        [2, 4],
        [6, 4],
        [6, 7],
      ],
      1,
    ],
    [
      'past the end',
      [
        [0, 4],
        [8, 4],
      ],
      [
        [9, 0],
        [9, 8],
      ],
      0,
    ],
    [
      'to the end of the line and back',
      [
        [0, 4],
        [8, 4],
      ],
      [
        [8, 0],
        [8, 4],
        [8, 0],
      ],
      0,
    ],
  ] as [string, [number, number][], [number, number][], number][])('%s', (_, points, way, sum) => {
    expect(netOf(points.map(toPoint), way.map(toPoint)) + 0).toBe(sum);
  });
});

describe('contains', () => {
  it('agrees with exact geometry, reflex corners included', () => {
    fc.assert(
      fc.property(ring, place, (points, p) => {
        expect(Boundary.ofRings([points]).contains(p)).toBe(isInside(shifted(p), points.map(exact)));
      }),
      { numRuns: 300 },
    );
  });

  it('and crossings tell the same story, with a hole as well', () => {
    const hole = [{ x: 3, y: 3 }, { x: 5, y: 3 }, { x: 4, y: 4 }, { x: 5, y: 5 }, { x: 3, y: 5 }]; // prettier-ignore
    const outer = [{ x: 1, y: 1 }, { x: 7, y: 1 }, { x: 6, y: 4 }, { x: 7, y: 7 }, { x: 0, y: 6 }]; // prettier-ignore
    const zones = fc.oneof(
      ring.map((points) => [points]),
      fc.constantFrom([outer, hole], [outer.toReversed(), hole], [outer, hole.toReversed()]),
    );
    fc.assert(
      fc.property(zones, path, (rings, way) => {
        const boundary = Boundary.ofRings(rings);
        way.slice(1).forEach((q, i) => {
          let inside = boundary.contains(way[i]!) ? 1 : 0;
          for (const { sign } of boundary.crossings(way[i]!, q)) inside += sign;
          expect(inside).toBe(boundary.contains(q) ? 1 : 0);
        });
      }),
      { numRuns: 300 },
    );
  });

  it('gives each point to exactly one of the zones that share its edge', () => {
    const left = Boundary.ofRings([[{ x: 0, y: 0 }, { x: 4, y: 0 }, { x: 3, y: 7 }, { x: 0, y: 7 }]]); // prettier-ignore
    const right = Boundary.ofRings([[{ x: 4, y: 0 }, { x: 7, y: 0 }, { x: 7, y: 7 }, { x: 3, y: 7 }]]); // prettier-ignore
    for (let i = 0; i < 7; i++) {
      const p = { x: 4 - i / 7, y: i };
      expect([left.contains(p), right.contains(p)].filter(Boolean)).toHaveLength(1);
    }
  });
});

describe('leaves', () => {
  it('finds where a path gets away from a line', () => {
    const reach = fc.integer({ min: 1, max: 12 }).map((quarters) => quarters / 4);
    fc.assert(
      fc.property(line, place, place, reach, (points, p, q, far) => {
        const found = Boundary.ofLine(points).leaves(p, q, far, 0, 1);
        const before = Array.from({ length: 40 }, (_, i) => ((i + 0.5) / 40) * (found ?? 1));
        const farthest = Math.max(...before.map((at) => distanceToLine(pointBetween(p, q, at), points)));
        if (found !== 0) expect(farthest).toBeLessThan(far + 1e-9);
        if (found === undefined) return;
        expect(distanceToLine(pointBetween(p, q, found), points)).toBeGreaterThan(far - 1e-9);
      }),
      { numRuns: 200 },
    );
  });
});

function netOf(points: readonly Point[], way: readonly Point[]): number {
  const boundary = Boundary.ofLine(points);
  return way
    .slice(1)
    .flatMap((q, i) => boundary.crossings(way[i]!, q))
    .reduce((sum, { sign }) => sum + sign, 0);
}

function isSimple(points: readonly Point[]): boolean {
  try {
    checkRings('ring', [points]);
    return true;
  } catch {
    return false;
  }
}

function same(a: Point, b: Point): boolean {
  return a.x === b.x && a.y === b.y;
}

function toPoint([x, y]: [number, number]): Point {
  return { x, y };
}

function distanceToLine(p: Point, points: readonly Point[]): number {
  return Math.min(
    ...points.slice(1).map((b, i) => {
      const a = points[i]!;
      const length = (b.x - a.x) ** 2 + (b.y - a.y) ** 2;
      const at = Math.max(0, Math.min(1, ((p.x - a.x) * (b.x - a.x) + (p.y - a.y) * (b.y - a.y)) / length));
      return Math.hypot(p.x - a.x - at * (b.x - a.x), p.y - a.y - at * (b.y - a.y));
    }),
  );
}
