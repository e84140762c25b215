/**
 * Higher order tracking accuracy: Luiten et al. 2021, "HOTA: A Higher Order Metric for Evaluating Multi-Object Tracking",
 * doi:10.1007/s11263-020-01375-2. Details that the paper leaves open (tolerances, empty sequences, how sequences are
 * combined) are those of TrackEval, so that numbers can be compared with published ones.
 */
import { AssignmentSolver, CandidatePairs, UNASSIGNED } from '../../geometry/assignment.js';
import type { TrackSequence } from './sequence.js';

/** The localisation thresholds: 0.05, 0.1 … 0.95. */
export const ALPHAS: readonly number[] = Array.from({ length: 19 }, (_, index) => 0.05 + 0.05 * index);

/** What HOTA reports at each of `ALPHAS`. */
export const HOTA_FIELDS = [
  'HOTA',
  'DetA',
  'AssA',
  'DetRe',
  'DetPr',
  'AssRe',
  'AssPr',
  'LocA',
  'RHOTA',
] as const;

/** One of the numbers of HOTA; RHOTA is `sqrt(DetRe · AssA)`, which TrackEval calls OWTA. */
export type HotaField = (typeof HOTA_FIELDS)[number];

/** Counts at each of `ALPHAS`. */
export interface HotaCounts {
  readonly TP: readonly number[];
  readonly FN: readonly number[];
  readonly FP: readonly number[];
}

/** HOTA of a sequence or of several: the mean over the thresholds, and the curves. */
export interface HotaScores extends Readonly<Record<HotaField, number>> {
  readonly curves: Readonly<Record<HotaField, readonly number[]>> & HotaCounts;
}

type Associations = Readonly<Record<'AssA' | 'AssRe' | 'AssPr' | 'LocA', readonly number[]>>;

const ALPHA_COUNT = 19;

/** HOTA of one sequence. */
export function hotaOf(sequence: TrackSequence): HotaScores {
  const { truthBoxes, resultBoxes } = sequence;
  if (truthBoxes === 0 || resultBoxes === 0) {
    const zeros = fill(0);
    return finish(
      { TP: zeros, FN: fill(truthBoxes), FP: fill(resultBoxes) },
      { AssA: zeros, AssRe: zeros, AssPr: zeros, LocA: fill(1) },
    );
  }
  const alignment = new Alignment(sequence);
  const matches = new MatchCounts();
  const pairs = new CandidatePairs();
  const solver = new AssignmentSolver();
  for (const { truth, result, rowStart, column, iou } of sequence.frames) {
    if (truth.length === 0 || result.length === 0) continue;
    pairs.reset(result.length);
    for (let row = 0; row < truth.length; row++) {
      for (let k = rowStart[row]!; k < rowStart[row + 1]!; k++) {
        pairs.add(column[k]!, alignment.score(truth[row]!, result[column[k]!]!) * iou[k]!);
      }
      pairs.endRow();
    }
    solver.solve(pairs);
    for (let row = 0; row < truth.length; row++) {
      const j = solver.columnOfRow[row]!;
      if (j === UNASSIGNED) continue;
      let k = rowStart[row]!;
      while (column[k] !== j) k++;
      matches.add(alignment.keyOf(truth[row]!, result[j]!), iou[k]!);
    }
  }
  return score(sequence, alignment, matches);
}

/** HOTA of several sequences together: counts are summed, associations and localisation weighted by true positives. */
export function combineHota(all: readonly HotaScores[]): HotaScores {
  const total = (pick: (scores: HotaScores) => readonly number[]): number[] =>
    ALPHAS.map((_, a) => all.reduce((sum, scores) => sum + pick(scores)[a]!, 0));
  const TP = total(({ curves }) => curves.TP);
  const weighted = (field: HotaField): number[] =>
    total(({ curves }) => curves[field].map((value, a) => value * curves.TP[a]!));
  const mean = (field: HotaField): number[] => weighted(field).map((sum, a) => sum / Math.max(1, TP[a]!));
  return finish(
    { TP, FN: total(({ curves }) => curves.FN), FP: total(({ curves }) => curves.FP) },
    {
      AssA: mean('AssA'),
      AssRe: mean('AssRe'),
      AssPr: mean('AssPr'),
      LocA: weighted('LocA').map((sum, a) => localisation(sum, TP[a]!)),
    },
  );
}

/** How well each pair of ids goes together over the whole sequence, before any matching. */
class Alignment {
  readonly truthCount: Float64Array;
  readonly resultCount: Float64Array;
  private readonly resultIds: number;
  private readonly potential = new Map<number, number>();

  constructor({ frames, truthIds, resultIds }: TrackSequence) {
    this.truthCount = new Float64Array(truthIds);
    this.resultCount = new Float64Array(resultIds);
    this.resultIds = resultIds;
    for (const { truth, result, rowStart, column, iou } of frames) {
      const rowSum = new Float64Array(truth.length);
      const columnSum = new Float64Array(result.length);
      for (let row = 0; row < truth.length; row++) {
        for (let k = rowStart[row]!; k < rowStart[row + 1]!; k++) {
          rowSum[row]! += iou[k]!;
          columnSum[column[k]!]! += iou[k]!;
        }
      }
      for (let row = 0; row < truth.length; row++) {
        for (let k = rowStart[row]!; k < rowStart[row + 1]!; k++) {
          const key = this.keyOf(truth[row]!, result[column[k]!]!);
          const share = iou[k]! / (rowSum[row]! + columnSum[column[k]!]! - iou[k]!);
          this.potential.set(key, (this.potential.get(key) ?? 0) + share);
        }
      }
      for (const id of truth) this.truthCount[id]!++;
      for (const id of result) this.resultCount[id]!++;
    }
  }

  keyOf(truth: number, result: number): number {
    return truth * this.resultIds + result;
  }

  truthOf(key: number): number {
    return this.truthCount[Math.floor(key / this.resultIds)]!;
  }

  resultOf(key: number): number {
    return this.resultCount[key % this.resultIds]!;
  }

  score(truth: number, result: number): number {
    const together = this.potential.get(this.keyOf(truth, result)) ?? 0;
    return together / (this.truthCount[truth]! + this.resultCount[result]! - together);
  }
}

/** Matches by pair of ids and by the number of thresholds that they pass. */
class MatchCounts {
  /** For each pair, the matches that pass exactly 1, 2 … 19 thresholds, at index 0, 1 … 18. */
  readonly byPair = new Map<number, Float64Array>();
  /** Sum of the IoU of those matches. */
  readonly iouSum = new Float64Array(ALPHA_COUNT);

  add(key: number, iou: number): void {
    let passed = 0;
    while (passed < ALPHA_COUNT && iou >= ALPHAS[passed]! - Number.EPSILON) passed++;
    if (passed === 0) return;
    let counts = this.byPair.get(key);
    if (counts === undefined) this.byPair.set(key, (counts = new Float64Array(ALPHA_COUNT)));
    counts[passed - 1]!++;
    this.iouSum[passed - 1]! += iou;
  }
}

function score(
  { truthBoxes, resultBoxes }: TrackSequence,
  alignment: Alignment,
  matches: MatchCounts,
): HotaScores {
  const TP = fill(0);
  const AssA = fill(0);
  const AssRe = fill(0);
  const AssPr = fill(0);
  for (const [key, exactly] of matches.byPair) {
    const truth = alignment.truthOf(key);
    const result = alignment.resultOf(key);
    let count = 0;
    for (let a = ALPHA_COUNT - 1; a >= 0; a--) {
      count += exactly[a]!;
      TP[a]! += count;
      AssA[a]! += (count * count) / Math.max(1, truth + result - count);
      AssRe[a]! += (count * count) / Math.max(1, truth);
      AssPr[a]! += (count * count) / Math.max(1, result);
    }
  }
  const LocA = fill(0);
  let iouSum = 0;
  for (let a = ALPHA_COUNT - 1; a >= 0; a--) {
    iouSum += matches.iouSum[a]!;
    LocA[a] = localisation(iouSum, TP[a]!);
  }
  const mean = (sum: number, a: number): number => sum / Math.max(1, TP[a]!);
  return finish(
    { TP, FN: TP.map((count) => truthBoxes - count), FP: TP.map((count) => resultBoxes - count) },
    { AssA: AssA.map(mean), AssRe: AssRe.map(mean), AssPr: AssPr.map(mean), LocA },
  );
}

function finish({ TP, FN, FP }: HotaCounts, associations: Associations): HotaScores {
  const ratio = (hits: number, all: number): number => hits / Math.max(1, all);
  const DetRe = TP.map((hits, a) => ratio(hits, hits + FN[a]!));
  const DetPr = TP.map((hits, a) => ratio(hits, hits + FP[a]!));
  const DetA = TP.map((hits, a) => ratio(hits, hits + FN[a]! + FP[a]!));
  const HOTA = DetA.map((value, a) => Math.sqrt(value * associations.AssA[a]!));
  const RHOTA = DetRe.map((value, a) => Math.sqrt(value * associations.AssA[a]!));
  const curves = { HOTA, DetA, DetRe, DetPr, RHOTA, ...associations };
  const means = Object.fromEntries(
    HOTA_FIELDS.map((field) => [field, curves[field].reduce((sum, value) => sum + value, 0) / ALPHA_COUNT]),
  ) as Record<HotaField, number>;
  return { ...means, curves: { ...curves, TP, FN, FP } };
}

/** Mean IoU of the true positives; 1 when there are none. */
function localisation(iouSum: number, hits: number): number {
  return Math.max(1e-10, iouSum) / Math.max(1e-10, hits);
}

function fill(value: number): number[] {
  return new Array<number>(ALPHA_COUNT).fill(value);
}
