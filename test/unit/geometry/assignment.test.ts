import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AssignmentSolver, CandidatePairs, UNASSIGNED } from '../../../src/geometry/assignment.js';

describe('AssignmentSolver', () => {
  it.each([
    // [what, gains (0 = impossible), expected column of each row]
    ['nothing', [], []],
    ['no candidates', [[0, 0]], [-1]],
    ['one pair', [[0, 3]], [1]],
    ['two small gains beat one large', [[5, 4], [4, 0]], [1, 0]], // prettier-ignore
    ['one large gain beats two small', [[9, 4], [4, 0]], [0, -1]], // prettier-ignore
    ['more rows than columns', [[2], [3], [1]], [-1, 0, -1]], // prettier-ignore
    ['a chain of three moves', [[5, 4, 0], [5, 0, 4], [4.5, 0, 0]], [1, 2, 0]], // prettier-ignore
    ['a row that gives up its column for good', [[3], [5], [4]], [-1, 0, -1]], // prettier-ignore
  ] as [string, number[][], number[]][])('%s', (_, gains, expected) => {
    expect(solve(gains)).toEqual(expected);
  });

  it('finds the largest sum of gains, as trying everything does', () => {
    const sizes = fc.tuple(fc.integer({ min: 0, max: 7 }), fc.integer({ min: 0, max: 6 }));
    const matrices = sizes.chain(([rows, columns]) =>
      fc.array(fc.array(gain, { minLength: columns, maxLength: columns }), {
        minLength: rows,
        maxLength: rows,
      }),
    );
    fc.assert(
      fc.property(matrices, (gains) => {
        const columns = solve(gains);
        const used = columns.filter((column) => column !== UNASSIGNED);
        expect(new Set(used).size).toBe(used.length);
        expect(columns.every((column, row) => column === UNASSIGNED || gains[row]![column]! > 0)).toBe(true);
        const sum = columns.reduce((total, column, row) => total + (gains[row]![column] ?? 0), 0);
        expect(sum).toBeCloseTo(bestSum(gains, 0, new Set()), 9);
      }),
      { numRuns: 400 },
    );
  });

  it('has consistent prices on large sparse problems: no pair is worth more than its prices', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 - 1 }), (seed) => {
        const random = randomFrom(seed);
        const gains = Array.from({ length: 60 }, () =>
          Array.from({ length: 50 }, () => (random() < 0.15 ? random() : 0)),
        );
        const sum = solve(gains).reduce((total, column, row) => total + (gains[row]![column] ?? 0), 0);
        expect(sum).toBeCloseTo(sumByBellmanFord(gains), 9);
      }),
      { numRuns: 10 },
    );
  });

  it('gives the same answer whatever was solved before in the same memory', () => {
    const solver = new AssignmentSolver();
    const gains = [[5, 4, 0], [5, 0, 4], [4.5, 0, 0]]; // prettier-ignore
    const large = Array.from({ length: 150 }, (_, row) =>
      Array.from({ length: 90 }, (__, c) => ((row * 7 + c * 3) % 11) + 1),
    );
    const before = solve(gains, solver);
    solve(large, solver);
    expect(solve(gains, solver)).toEqual(before);
  });
});

const gain = fc.oneof(
  fc.constant(0),
  fc.double({ min: 0.01, max: 1, noNaN: true }),
  fc.integer({ min: 1, max: 3 }),
);

function solve(gains: readonly number[][], solver = new AssignmentSolver()): number[] {
  const pairs = new CandidatePairs();
  pairs.reset(gains[0]?.length ?? 0);
  for (const row of gains) {
    row.forEach((value, column) => {
      if (value > 0) pairs.add(column, value);
    });
    pairs.endRow();
  }
  solver.solve(pairs);
  const columns = [...solver.columnOfRow.subarray(0, gains.length)];
  columns.forEach((column, row) => {
    if (column !== UNASSIGNED) expect(solver.rowOfColumn[column]).toBe(row);
  });
  return columns;
}

function bestSum(gains: readonly number[][], row: number, used: Set<number>): number {
  if (row === gains.length) return 0;
  let best = bestSum(gains, row + 1, used);
  gains[row]!.forEach((value, column) => {
    if (value <= 0 || used.has(column)) return;
    used.add(column);
    best = Math.max(best, value + bestSum(gains, row + 1, used));
    used.delete(column);
  });
  return best;
}

/** Maximum weight matching by augmenting along longest paths in the residual graph until none gains anything. */
function sumByBellmanFord(gains: readonly number[][]): number {
  const rows = gains.length;
  const columns = gains[0]!.length;
  const rowOf = new Array<number>(columns).fill(-1);
  const columnOf = new Array<number>(rows).fill(-1);
  let sum = 0;
  for (;;) {
    const toColumn = new Array<number>(columns).fill(-Infinity);
    const from = new Array<number>(columns).fill(-1);
    const toRow = columnOf.map((column) => (column === -1 ? 0 : -Infinity));
    for (let changed = true; changed;) {
      changed = false;
      for (let r = 0; r < rows; r++) {
        for (let c = 0; c < columns; c++) {
          const through = toRow[r]! + gains[r]![c]!;
          if (gains[r]![c]! <= 0 || columnOf[r] === c || through <= toColumn[c]! + 1e-12) continue;
          toColumn[c] = through;
          from[c] = r;
          if (rowOf[c] !== -1) toRow[rowOf[c]!] = through - gains[rowOf[c]!]![c]!;
          changed = true;
        }
      }
    }
    let end = -1;
    for (let c = 0; c < columns; c++) if (rowOf[c] === -1 && toColumn[c]! > (toColumn[end] ?? 1e-12)) end = c;
    if (end === -1) return sum;
    sum += toColumn[end]!;
    for (let c = end; c !== -1;) {
      const row = from[c]!;
      const next = columnOf[row]!;
      columnOf[row] = c;
      rowOf[c] = row;
      c = next;
    }
  }
}

function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 48271) >>> 0) % 2147483647;
    return state / 2147483647;
  };
}
