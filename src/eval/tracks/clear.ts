/**
 * The CLEAR metrics: Bernardin and Stiefelhagen 2008, doi:10.1155/2008/246309, with mostly tracked and fragmentations of
 * Li, Huang and Nevatia 2009, counted as TrackEval counts them.
 */
import { AssignmentSolver, CandidatePairs, UNASSIGNED } from '../../geometry/assignment.js';
import type { TrackSequence } from './sequence.js';

/** What is counted; sequences are combined by adding these up. */
export interface ClearCounts {
  readonly TP: number;
  readonly FN: number;
  readonly FP: number;
  readonly IDSW: number;
  /** Objects tracked for more than 80 % of their life, for 20 % to 80 %, and for less. */
  readonly MT: number;
  readonly PT: number;
  readonly ML: number;
  /** How often objects were found again after having been lost. */
  readonly Frag: number;
  /** Sum of the IoU of the true positives. */
  readonly MOTPSum: number;
  /** Frames; 0 for a sequence with no ground truth or no results. */
  readonly frames: number;
}

/** CLEAR metrics as fractions. MOTP is the mean IoU of the true positives: larger is better. */
export interface ClearScores extends ClearCounts {
  readonly MOTA: number;
  readonly MOTP: number;
  readonly MODA: number;
  readonly MOTAL: number;
  readonly sMOTA: number;
  readonly Re: number;
  readonly Pr: number;
  readonly F1: number;
  readonly FPPerFrame: number;
  readonly MTR: number;
  readonly PTR: number;
  readonly MLR: number;
}

/** What went wrong in one frame. */
export interface FrameErrors {
  /** From 1. */
  readonly frame: number;
  readonly FN: number;
  readonly FP: number;
  readonly IDSW: number;
}

/** IoU from which a result may be an object's. */
const THRESHOLD = 0.5 - Number.EPSILON;
/** Above any sum of IoU in a frame of less than 1000 objects: who was matched in the last frame stays matched. */
const CONTINUED = 1000;
const NONE = -1;

/** CLEAR metrics of one sequence at IoU 0.5, and the errors of each frame that has rows. */
export function clearOf(sequence: TrackSequence): { scores: ClearScores; errors: readonly FrameErrors[] } {
  const { frames, truthIds, truthBoxes, resultBoxes } = sequence;
  const life = new Float64Array(truthIds);
  const tracked = new Float64Array(truthIds);
  const begun = new Float64Array(truthIds);
  const lastResult = new Int32Array(truthIds).fill(NONE);
  let previous = new Int32Array(truthIds).fill(NONE);
  let current = new Int32Array(truthIds);
  const pairs = new CandidatePairs();
  const solver = new AssignmentSolver();
  let [TP, IDSW, MOTPSum] = [0, 0, 0];
  const errors = frames.map(({ frame, truth, result, rowStart, column, iou }) => {
    for (const id of truth) life[id]!++;
    // Frames in which there is nothing to match do not end a match.
    if (truth.length === 0 || result.length === 0) {
      return { frame, FN: truth.length, FP: result.length, IDSW: 0 };
    }
    pairs.reset(result.length);
    for (let row = 0; row < truth.length; row++) {
      const partner = previous[truth[row]!]!;
      for (let k = rowStart[row]!; k < rowStart[row + 1]!; k++) {
        if (iou[k]! < THRESHOLD) continue;
        pairs.add(column[k]!, (result[column[k]!] === partner ? CONTINUED : 0) + iou[k]!);
      }
      pairs.endRow();
    }
    solver.solve(pairs);
    current.fill(NONE);
    let hits = 0;
    let switches = 0;
    for (let row = 0; row < truth.length; row++) {
      const j = solver.columnOfRow[row]!;
      if (j === UNASSIGNED) continue;
      const object = truth[row]!;
      const track = result[j]!;
      hits++;
      tracked[object]!++;
      if (previous[object] === NONE) begun[object]!++;
      if (lastResult[object] !== NONE && lastResult[object] !== track) switches++;
      lastResult[object] = track;
      current[object] = track;
      let k = rowStart[row]!;
      while (column[k] !== j) k++;
      MOTPSum += iou[k]!;
    }
    [previous, current] = [current, previous];
    TP += hits;
    IDSW += switches;
    return { frame, FN: truth.length - hits, FP: result.length - hits, IDSW: switches };
  });
  const counts = {
    ...livesOf(life, tracked),
    ...{ TP, FN: truthBoxes - TP, FP: resultBoxes - TP, IDSW, MOTPSum },
    Frag: begun.reduce((sum, times) => sum + Math.max(0, times - 1), 0),
    frames: sequence.length,
  };
  if (truthBoxes > 0 && resultBoxes > 0) return { scores: finish(counts), errors };
  // As TrackEval has it: nothing to compare gives zeros, with everything mostly lost.
  const scores = { ...finish({ ...counts, FP: 0, frames: 0 }), FP: resultBoxes, MLR: 1 };
  return { scores, errors };
}

/** CLEAR metrics of several sequences together. */
export function combineClear(all: readonly ClearCounts[]): ClearScores {
  const total = (field: keyof ClearCounts): number => all.reduce((sum, counts) => sum + counts[field], 0);
  return finish({
    TP: total('TP'),
    FN: total('FN'),
    FP: total('FP'),
    IDSW: total('IDSW'),
    MT: total('MT'),
    PT: total('PT'),
    ML: total('ML'),
    Frag: total('Frag'),
    MOTPSum: total('MOTPSum'),
    frames: total('frames'),
  });
}

function livesOf(life: Float64Array, tracked: Float64Array): Pick<ClearCounts, 'MT' | 'PT' | 'ML'> {
  let MT = 0;
  let PT = 0;
  for (let id = 0; id < life.length; id++) {
    const ratio = tracked[id]! / life[id]!;
    if (ratio > 0.8) MT++;
    else if (ratio >= 0.2) PT++;
  }
  return { MT, PT, ML: life.length - MT - PT };
}

function finish(counts: ClearCounts): ClearScores {
  const { TP, FN, FP, IDSW, MT, PT, ML, MOTPSum, frames } = counts;
  const truth = Math.max(1, TP + FN);
  const objects = Math.max(1, MT + PT + ML);
  return {
    ...counts,
    MOTA: (TP - FP - IDSW) / truth,
    MOTP: MOTPSum / Math.max(1, TP),
    MODA: (TP - FP) / truth,
    MOTAL: (TP - FP - (IDSW > 0 ? Math.log10(IDSW) : 0)) / truth,
    sMOTA: (MOTPSum - FP - IDSW) / truth,
    Re: TP / truth,
    Pr: TP / Math.max(1, TP + FP),
    F1: TP / Math.max(1, TP + 0.5 * FN + 0.5 * FP),
    FPPerFrame: FP / Math.max(1, frames),
    MTR: MT / objects,
    PTR: PT / objects,
    MLR: ML / objects,
  };
}
