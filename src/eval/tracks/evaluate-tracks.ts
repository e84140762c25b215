import { clearOf, type ClearScores, combineClear, type FrameErrors } from './clear.js';
import { combineHota, hotaOf, type HotaScores } from './hota.js';
import { combineIdentity, type IdentityScores, identityOf } from './identity.js';
import type { Benchmark } from './preprocess.js';
import { prepareSequence, type SequenceRows } from './sequence.js';

/** The three families of metrics, all as fractions. */
export interface TrackScores {
  readonly HOTA: HotaScores;
  readonly CLEAR: ClearScores;
  readonly Identity: IdentityScores;
  readonly counts: {
    readonly truthBoxes: number;
    readonly truthIds: number;
    readonly resultBoxes: number;
    readonly resultIds: number;
  };
}

/** Scores of one sequence, and where its errors are. */
export interface SequenceScores extends TrackScores {
  readonly name: string;
  readonly errors: readonly FrameErrors[];
}

/**
 * Scores one sequence as TrackEval does: HOTA, CLEAR and identity metrics on boxes.
 * @throws SightlineError ERR_DATASET_INVALID for a class of ground truth that `benchmark` does not have.
 */
export function evaluateSequence(rows: SequenceRows, benchmark: Benchmark): SequenceScores {
  const sequence = prepareSequence(rows, benchmark);
  const { truthBoxes, truthIds, resultBoxes, resultIds } = sequence;
  const clear = clearOf(sequence);
  return {
    name: rows.name,
    HOTA: hotaOf(sequence),
    CLEAR: clear.scores,
    Identity: identityOf(sequence),
    counts: { truthBoxes, truthIds, resultBoxes, resultIds },
    errors: clear.errors,
  };
}

/** Scores of several sequences together: not the mean of their scores, each box counts the same. */
export function combineScores(all: readonly TrackScores[]): TrackScores {
  const total = (field: keyof TrackScores['counts']): number =>
    all.reduce((sum, { counts }) => sum + counts[field], 0);
  return {
    HOTA: combineHota(all.map(({ HOTA }) => HOTA)),
    CLEAR: combineClear(all.map(({ CLEAR }) => CLEAR)),
    Identity: combineIdentity(all.map(({ Identity }) => Identity)),
    counts: {
      truthBoxes: total('truthBoxes'),
      truthIds: total('truthIds'),
      resultBoxes: total('resultBoxes'),
      resultIds: total('resultIds'),
    },
  };
}
