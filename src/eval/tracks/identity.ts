/** The identity metrics: Ristani et al. 2016, "Performance Measures and a Data Set for Multi-Target, Multi-Camera Tracking", arXiv:1609.01775. */
import { AssignmentSolver, CandidatePairs } from '../../geometry/assignment.js';
import type { TrackSequence } from './sequence.js';

/** What is counted; sequences are combined by adding these up. */
export interface IdentityCounts {
  readonly IDTP: number;
  readonly IDFN: number;
  readonly IDFP: number;
}

/** Identity metrics as fractions. */
export interface IdentityScores extends IdentityCounts {
  readonly IDF1: number;
  readonly IDP: number;
  readonly IDR: number;
}

/** IoU from which a result is an object's; no tolerance here, as in TrackEval. */
const THRESHOLD = 0.5;

/**
 * Identity metrics of one sequence. Each object gets at most one result id for the whole sequence. The choice that makes
 * the fewest errors is the one with the most frames in which they are together, so that is what is maximised.
 */
export function identityOf({
  frames,
  truthIds,
  resultIds,
  truthBoxes,
  resultBoxes,
}: TrackSequence): IdentityScores {
  const together = Array.from({ length: truthIds }, () => new Map<number, number>());
  for (const { truth, result, rowStart, column, iou } of frames) {
    for (let row = 0; row < truth.length; row++) {
      const counts = together[truth[row]!]!;
      for (let k = rowStart[row]!; k < rowStart[row + 1]!; k++) {
        if (iou[k]! < THRESHOLD) continue;
        const track = result[column[k]!]!;
        counts.set(track, (counts.get(track) ?? 0) + 1);
      }
    }
  }
  const pairs = new CandidatePairs();
  pairs.reset(resultIds);
  for (const counts of together) {
    for (const [track, count] of counts) pairs.add(track, count);
    pairs.endRow();
  }
  const solver = new AssignmentSolver();
  solver.solve(pairs);
  const IDTP = together.reduce((sum, counts, id) => sum + (counts.get(solver.columnOfRow[id]!) ?? 0), 0);
  return finish({ IDTP, IDFN: truthBoxes - IDTP, IDFP: resultBoxes - IDTP });
}

/** Identity metrics of several sequences together. */
export function combineIdentity(all: readonly IdentityCounts[]): IdentityScores {
  return finish({
    IDTP: all.reduce((sum, { IDTP }) => sum + IDTP, 0),
    IDFN: all.reduce((sum, { IDFN }) => sum + IDFN, 0),
    IDFP: all.reduce((sum, { IDFP }) => sum + IDFP, 0),
  });
}

function finish(counts: IdentityCounts): IdentityScores {
  const { IDTP, IDFN, IDFP } = counts;
  return {
    ...counts,
    IDF1: IDTP / Math.max(1, IDTP + 0.5 * IDFN + 0.5 * IDFP),
    IDP: IDTP / Math.max(1, IDTP + IDFP),
    IDR: IDTP / Math.max(1, IDTP + IDFN),
  };
}
