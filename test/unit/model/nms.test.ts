import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Candidates } from '../../../src/model/decode/candidates.js';
import { overlap, NonMaximumSuppression, type SuppressorOptions } from '../../../src/model/nms.js';

type Row = readonly [x1: number, y1: number, x2: number, y2: number, score: number, classId: number];

// Few distinct numbers: equal scores, equal boxes and boxes that only touch must be common.
const row: fc.Arbitrary<Row> = fc
  .tuple(
    fc.integer({ min: 0, max: 12 }),
    fc.integer({ min: 0, max: 12 }),
    fc.integer({ min: 1, max: 12 }),
    fc.integer({ min: 1, max: 12 }),
    fc.integer({ min: 1, max: 9 }),
    fc.integer({ min: 0, max: 40 }),
  )
  .map(([x, y, width, height, score, classId]) => [x, y, x + width, y + height, score / 10, classId % 3]);

const options: fc.Arbitrary<SuppressorOptions> = fc.record({
  iou: fc.constantFrom(0, 0.2, 0.5, 1 / 3, 0.9, 1),
  agnostic: fc.boolean(),
  maxDetections: fc.constantFrom(1, 5, 300),
  maxPerClass: fc.constantFrom(1, 4, Infinity),
});

describe('Suppressor', () => {
  it('keeps what the naive implementation keeps, in the same order', () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 60 }), options, (rows, opts) => {
        expect(select(new NonMaximumSuppression(opts), rows)).toEqual(naive(rows, opts));
      }),
      { numRuns: 200 },
    );
  });

  it('is not disturbed by what it saw before, larger pictures included', () => {
    fc.assert(
      fc.property(
        fc.array(row, { maxLength: 700 }),
        fc.array(row, { maxLength: 30 }),
        options,
        (first, second, opts) => {
          const suppressor = new NonMaximumSuppression(opts);
          select(suppressor, first);
          expect(select(suppressor, second)).toEqual(naive(second, opts));
        },
      ),
      { numRuns: 30 },
    );
  });

  it.each<[string, Partial<SuppressorOptions>, Row[], number[]]>([
    ['nothing of nothing', {}, [], []],
    ['the better of two that are the same', {}, [box(0, 0.5), box(0, 0.9)], [1]],
    ['the first of two equal ones', {}, [box(0, 0.5), box(0, 0.5)], [0]],
    [
      'both if the overlap is just the threshold (50 of 100)',
      { iou: 0.5 },
      [box(0, 0.9), [0, 0, 10, 5, 0.5, 0]],
      [0, 1],
    ],
    ['one if it is just above', { iou: 0.49 }, [box(0, 0.9), [0, 0, 10, 5, 0.5, 0]], [0]],
    ['both of different classes', {}, [box(0, 0.9, 1), box(0, 0.8, 2)], [0, 1]],
    ['one of different classes if asked to', { agnostic: true }, [box(0, 0.9, 1), box(0, 0.8, 2)], [0]],
    ['a box whose suppressor was itself dropped', {}, [box(0, 0.9), box(3, 0.8), box(6, 0.7)], [0, 2]],
    [
      'the best over all classes',
      { maxDetections: 2 },
      [box(0, 0.1), box(20, 0.7, 1), box(40, 0.9, 2)],
      [2, 1],
    ],
    ['the best of each class', { maxPerClass: 1 }, [box(0, 0.1), box(20, 0.7), box(40, 0.6, 500)], [1, 2]],
    ['all of many', { maxDetections: 1000 }, manyApart(700), [...Array(700).keys()]],
  ])('keeps %s', (_, opts, rows, expected) => {
    const suppressor = new NonMaximumSuppression({ iou: 0.5, agnostic: false, maxDetections: 300, ...opts });
    expect(select(suppressor, rows)).toEqual(expected);
  });
});

describe('overlap', () => {
  it('is symmetric, between 0 and 1, and 1 with itself', () => {
    fc.assert(
      fc.property(row, row, (a, b) => {
        const { boxes } = candidatesOf([a, b]);
        const value = overlap(boxes, 0, 1);
        expect(value).toBe(overlap(boxes, 1, 0));
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(1);
        expect(overlap(boxes, 0, 0)).toBe(1);
      }),
    );
  });
});

/** A box of 10 × 10, one class. */
function box(x: number, score: number, classId = 0): Row {
  return [x, 0, x + 10, 10, score, classId];
}

/** Boxes that do not touch, worse and worse. */
function manyApart(count: number): Row[] {
  return Array.from({ length: count }, (_, i) => box(20 * i, 1 - i / 1000));
}

function select(suppressor: NonMaximumSuppression, rows: readonly Row[]): number[] {
  const count = suppressor.select(candidatesOf(rows));
  return [...suppressor.kept.subarray(0, count)];
}

function candidatesOf(rows: readonly Row[]): Candidates {
  return {
    count: rows.length,
    boxes: Float64Array.from(rows.flatMap((r) => r.slice(0, 4))),
    scores: Float64Array.from(rows.map((r) => r[4])),
    classIds: Int32Array.from(rows.map((r) => r[5])),
    invalid: 0,
    outputs: 0,
  };
}

/** Every pair, with its own arithmetic of overlaps: the definition and nothing else. */
function naive(
  rows: readonly Row[],
  { iou, agnostic, maxDetections, maxPerClass = Infinity }: SuppressorOptions,
): number[] {
  const order = rows.map((_, i) => i).sort((a, b) => rows[b]![4] - rows[a]![4] || a - b);
  const kept: number[] = [];
  for (const i of order) {
    const [x1, y1, x2, y2, , classId] = rows[i]!;
    const beaten = kept.some((k) => {
      const [u1, v1, u2, v2, , other] = rows[k]!;
      const shared =
        Math.max(0, Math.min(x2, u2) - Math.max(x1, u1)) * Math.max(0, Math.min(y2, v2) - Math.max(y1, v1));
      const union = (x2 - x1) * (y2 - y1) + (u2 - u1) * (v2 - v1) - shared;
      return (agnostic || other === classId) && shared / union > iou;
    });
    const full = kept.filter((k) => rows[k]![5] === classId).length >= maxPerClass;
    if (!beaten && !full && kept.length < maxDetections) kept.push(i);
  }
  return kept;
}
