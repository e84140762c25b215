import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseMotRows } from '../../../src/eval/datasets/mot-rows.js';
import { evaluateSequence } from '../../../src/eval/tracks/evaluate-tracks.js';
import { pairSequences } from '../../../src/eval/tracks/pair-sequences.js';
import type { Benchmark } from '../../../src/eval/tracks/preprocess.js';
import type { TrackRow } from '../../../src/eval/labels.js';

const read = (name: string): string =>
  readFileSync(new URL(`../../golden/mot-rules/${name}`, import.meta.url), 'utf8');
const expected = JSON.parse(read('expected.json')) as Record<
  string,
  Record<'HOTA' | 'CLEAR' | 'Identity', Record<string, number>>
>;

describe('rules of the benchmarks, against TrackEval', () => {
  const truth = parseMotRows(read('gt.txt'), 'gt.txt', { truth: true });
  const result = parseMotRows(read('result.txt'), 'result.txt', { truth: false });

  it.each(Object.keys(expected))('%s', (name) => {
    const rows = { name, frames: 40, truth, result, regions: [] };
    const scores = evaluateSequence(rows, name.toLowerCase() as Benchmark);
    for (const family of ['HOTA', 'CLEAR', 'Identity'] as const) {
      const ours = new Map(Object.entries(scores[family]));
      for (const [key, value] of Object.entries(expected[name]![family]))
        expect(ours.get(key.replace('CLR_', '')), `${family} ${key}`).toBeCloseTo(value, 9);
    }
  });

  it('names a class that the benchmark does not have', () => {
    const odd = [{ ...truth[0]!, classId: 14 }];
    const rows = { name: 'odd', frames: 40, truth: odd, result, regions: [] };
    expect(() => evaluateSequence(rows, 'mot17')).toThrow(/id 1 in frame \d+ has class 14/);
  });
});

describe('a long sequence', () => {
  it('costs what its rows cost, and has all its frames', () => {
    const box = { x1: 0, y1: 0, x2: 10, y2: 20 };
    const row = (frame: number): TrackRow => ({ frame, id: 1, box, classId: -1, counted: true });
    const [truth, result] = [[row(1), row(8_640_000)], [row(8_640_000)]];
    const scores = evaluateSequence({ name: 'day', frames: 8_640_000, truth, result, regions: [] }, 'mot15');
    expect(scores.CLEAR).toMatchObject({ frames: 8_640_000, TP: 1, FN: 1, FP: 0 });
    expect(scores.errors).toEqual([
      { frame: 1, FN: 1, FP: 0, IDSW: 0 },
      { frame: 8_640_000, FN: 0, FP: 0, IDSW: 0 },
    ]);
  });
});

describe('ignore regions', () => {
  const row = (frame: number, id: number, x: number): TrackRow => ({
    frame,
    id,
    box: { x1: x, y1: 0, x2: x + 10, y2: 20 },
    classId: -1,
    counted: true,
  });
  const truth = [row(1, 1, 0), row(2, 1, 0)];
  const result = [row(1, 5, 0), row(1, 6, 100), row(2, 5, 0), row(2, 6, 100)];
  const area = (frame: number, x1: number, x2: number) => ({ frame, box: { x1, y1: 0, x2, y2: 50 } });
  const falsePositives = (regions: ReturnType<typeof area>[]): number =>
    evaluateSequence({ name: 'a', frames: 2, truth, result, regions }, 'mot15').CLEAR.FP;

  it.each([
    // [what, regions, false positives]
    ['none', [], 2],
    ['in every frame', [area(0, 90, 200)], 0],
    ['in one frame', [area(2, 90, 200)], 1],
    ['half of the box is not enough', [area(0, 105, 200)], 2],
    ['a little more than half is', [area(0, 104, 200)], 0],
  ])('%s', (_what, regions, count) => {
    expect(falsePositives(regions)).toBe(count);
  });

  it('a result on an object counts, wherever it lies', () => {
    const regions = [area(0, -10, 300)];
    const scores = evaluateSequence({ name: 'a', frames: 2, truth, result, regions }, 'mot15');
    expect([scores.CLEAR.TP, scores.CLEAR.FP]).toEqual([2, 0]);
  });
});

describe('pairSequences', () => {
  const named = (...names: string[]) => names.map((name) => ({ name }));

  it('pairs by name and tells what is left over', () => {
    const { pairs, unused } = pairSequences(named('a', 'b'), named('b', 'c', 'a'));
    expect(pairs.map(([x, y]) => x.name + y.name)).toEqual(['aa', 'bb']);
    expect(unused).toEqual(named('c'));
  });

  it('pairs one with one whatever they are called', () => {
    expect(pairSequences(named('gt'), named('out')).pairs).toHaveLength(1);
  });

  it('refuses a part of the results, or none', () => {
    expect(() => pairSequences(named('a', 'b'), named('a'))).toThrow('no results for b');
    expect(() => pairSequences(named('a', 'b'), named('c', 'd'))).toThrow(
      'no sequence in common: a, b against c, d',
    );
  });
});
