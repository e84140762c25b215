import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseMotRows } from '../../../src/eval/datasets/mot-rows.js';
import {
  combineScores,
  evaluateSequence,
  type TrackScores,
} from '../../../src/eval/tracks/evaluate-tracks.js';

/** MOT15 data may not be shipped (CC BY-NC-SA), so these tests run only where it lies beside the checkout. */
const shared = resolve(import.meta.dirname, '../../../../shared/data');
const metrics = resolve(shared, 'mot/oracle/metrics');
const motmetrics = resolve(shared, 'motmetrics');
const here = existsSync(metrics) && existsSync(motmetrics);
if (!here) console.warn('SKIPPED: no ../shared/data/mot/oracle: metrics were not compared with TrackEval');

/** Agreement that is asked for. */
const TOLERANCE = 1e-6;

interface Expected {
  readonly num_frames?: number;
  readonly members?: readonly string[];
  readonly HOTA: {
    readonly mean: Readonly<Record<string, number>>;
    readonly arrays: Readonly<Record<string, readonly number[]>>;
  };
  readonly CLEAR: Readonly<Record<string, number>>;
  readonly Identity: Readonly<Record<string, number>>;
}

function scoresOf(folder: string, results: string, frames: number): TrackScores {
  const rows = (file: string, truth: boolean) =>
    parseMotRows(readFileSync(resolve(folder, file), 'utf8'), file, { truth });
  const [truth, result] = [rows('gt.txt', true), rows(results, false)];
  return evaluateSequence({ name: folder, frames, truth, result, regions: [] }, 'mot15');
}

function readExpected(path: string): Expected {
  return JSON.parse(readFileSync(resolve(metrics, path), 'utf8')) as Expected;
}

/** The largest difference to TrackEval's numbers, with what differs. */
function compare(
  { HOTA, CLEAR, Identity }: TrackScores,
  expected: Expected,
  hota: boolean,
): [string, number][] {
  const found: [string, number, number][] = [];
  const clear = new Map<string, number>(Object.entries(CLEAR));
  for (const [key, value] of Object.entries(expected.CLEAR)) {
    const name = key === 'CLR_Frames' ? 'frames' : key === 'FP_per_frame' ? 'FPPerFrame' : key;
    found.push([key, clear.get(name === 'MOTP_sum' ? 'MOTPSum' : name.replace('CLR_', '')) ?? NaN, value]);
  }
  const identity = new Map<string, number>(Object.entries(Identity));
  for (const [key, value] of Object.entries(expected.Identity))
    found.push([key, identity.get(key) ?? NaN, value]);
  const means = new Map(Object.entries(HOTA));
  const curves = new Map<string, readonly number[]>(Object.entries(HOTA.curves));
  const ours = (key: string): string => (key === 'OWTA' ? 'RHOTA' : key.replace('HOTA_', ''));
  for (const [key, value] of Object.entries(hota ? expected.HOTA.mean : {}))
    found.push([`mean ${key}`, means.get(ours(key)) as number, value]);
  for (const [key, values] of Object.entries(hota ? expected.HOTA.arrays : {}))
    for (const [a, value] of values.entries())
      found.push([`${key}[${a}]`, curves.get(ours(key))?.[a] ?? NaN, value]);
  expect(found.length).toBeGreaterThan(hota ? 250 : 20);
  return found
    .map(([key, mine, theirs]): [string, number] => [`${key} ${mine} ${theirs}`, Math.abs(mine - theirs)])
    .filter(([, difference]) => !(difference <= TOLERANCE));
}

describe.runIf(here)('the oracle of TrackEval', () => {
  const sets = here ? readdirSync(metrics).filter((name) => !name.endsWith('.json')) : [];

  it('has all its sets', () => {
    expect(sets).toHaveLength(18);
  });

  it.each(sets)('%s', (set) => {
    const expected = readExpected(`${set}/expected.json`);
    const scores = scoresOf(resolve(metrics, set), 'result.txt', expected.num_frames!);
    // Two boxes that are equal to the last digit: which one HOTA takes is up to the solver.
    expect(compare(scores, expected, set !== 'edge-duplicated-exact')).toEqual([]);
  });

  it('several sequences together', () => {
    const combined = Object.values(
      JSON.parse(readFileSync(resolve(metrics, 'combined.json'), 'utf8')) as Record<string, Expected>,
    );
    expect(combined.length).toBeGreaterThan(1);
    for (const expected of combined) {
      const members = expected.members!.map((set) =>
        scoresOf(resolve(metrics, set), 'result.txt', readExpected(`${set}/expected.json`).num_frames!),
      );
      expect(compare(combineScores(members), expected, true)).toEqual([]);
    }
  });
});

describe.runIf(here)('the values of py-motmetrics', () => {
  it('to 1/1000', () => {
    const table = readFileSync(resolve(motmetrics, 'README.md'), 'utf8')
      .split('\n')
      .filter((line) => /^\| (TUD-|overall)/.test(line))
      .map((line) => line.split('|').map((cell) => cell.trim()))
      .map(([, name, ...values]) => ({ name: name!, values: values.slice(0, 15).map(Number) }));
    expect(table).toHaveLength(3);
    const frames = { 'TUD-Campus': 71, 'TUD-Stadtmitte': 179 };
    const single = Object.entries(frames).map(([name, length]) =>
      scoresOf(resolve(motmetrics, name), 'test.txt', length),
    );
    for (const [index, scores] of [...single, combineScores(single)].entries()) {
      const { CLEAR, Identity, counts } = scores;
      const mine = [
        ...[Identity.IDF1, Identity.IDP, Identity.IDR, CLEAR.Re, CLEAR.Pr, counts.truthIds],
        ...[CLEAR.MT, CLEAR.PT, CLEAR.ML, CLEAR.FP, CLEAR.FN, CLEAR.IDSW, CLEAR.Frag, CLEAR.MOTA],
        1 - CLEAR.MOTP,
      ];
      table[index]!.values.forEach((value, at) => {
        expect(Math.abs(mine[at]! - value), `${table[index]!.name}, value ${at}`).toBeLessThan(1e-3);
      });
    }
  });
});
