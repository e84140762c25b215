/**
 * What MOTChallenge takes out before it counts. The rules are those of TrackEval's `MotChallenge2DBox`
 * (github.com/JonathonLuiten/TrackEval); regions are handled as its `Kitti2DBox` handles "don't care" areas.
 */
import { AssignmentSolver, CandidatePairs, UNASSIGNED } from '../../geometry/assignment.js';
import { SightlineError } from '../../errors.js';
import type { IgnoreRegion, TrackRow } from '../labels.js';
import type { Box } from '../../contract/picture.js';
import { pairFrame } from './frame-pairs.js';

/** Benchmarks with rules of their own. */
export const BENCHMARKS = ['mot15', 'mot16', 'mot17', 'mot20'] as const;

/** Whose rules apply. MOT15 has no classes: only rows that are marked as not counted are left out. */
export type Benchmark = (typeof BENCHMARKS)[number];

/** IoU from which a result is taken to lie on an object. */
const ON_OBJECT = 0.5 - Number.EPSILON;
/** Part of a result's area inside a region from which it is forgiven. */
const INSIDE = 0.5 + Number.EPSILON;

const PEDESTRIAN = 1;
const LAST_CLASS = 13;
/** Person on vehicle, static person, distractor, reflection: finding them is neither right nor wrong. */
const DISTRACTORS = [2, 7, 8, 12];
const NON_MOT_VEHICLE = 6;

/** Rows of one frame. */
interface FrameRows {
  readonly truth: readonly TrackRow[];
  readonly result: readonly TrackRow[];
}

/**
 * Makes the function that takes out of a frame what is not evaluated: ground truth that is not counted or not a
 * pedestrian, results on distractors, results inside of ignore regions that lie on no object.
 * @throws SightlineError ERR_DATASET_INVALID (from the returned function) for a class that the benchmark does not have.
 */
export function createPreprocessor(
  benchmark: Benchmark,
  regions: readonly IgnoreRegion[],
): (frame: number, rows: FrameRows) => FrameRows {
  const distractors = new Set(benchmark === 'mot20' ? [...DISTRACTORS, NON_MOT_VEHICLE] : DISTRACTORS);
  const hasClasses = benchmark !== 'mot15';
  return (frame, { truth, result }) => {
    const areas = regions
      .filter((region) => region.frame === 0 || region.frame === frame)
      .map(({ box }) => box);
    const isCounted = (row: TrackRow): boolean => row.counted && (!hasClasses || row.classId === PEDESTRIAN);
    const counted = truth.filter(isCounted);
    if (!hasClasses && areas.length === 0) return { truth: counted, result };
    for (const row of hasClasses ? truth : []) checkClass(row, benchmark);
    const partner = partnersOf(truth, result);
    const kept = result.filter(({ box }, index) => {
      const object = partner[index];
      if (hasClasses && object !== undefined && distractors.has(object.classId)) return false;
      if (object !== undefined && isCounted(object)) return true;
      return !areas.some((area) => shareInside(box, area) > INSIDE);
    });
    return { truth: counted, result: kept };
  };
}

function checkClass({ classId, frame, id }: TrackRow, benchmark: Benchmark): void {
  if (Number.isInteger(classId) && classId >= PEDESTRIAN && classId <= LAST_CLASS) return;
  throw new SightlineError(
    'ERR_DATASET_INVALID',
    `ground truth of id ${id} in frame ${frame} has class ${classId}, but ${benchmark} has classes 1 to ${LAST_CLASS}; choose another --benchmark`,
  );
}

/** The object on which each result lies, if any: the assignment with the largest sum of IoU. */
function partnersOf(truth: readonly TrackRow[], result: readonly TrackRow[]): (TrackRow | undefined)[] {
  const { rowStart, column, iou } = pairFrame(truth, result);
  const pairs = new CandidatePairs();
  pairs.reset(result.length);
  for (let row = 0; row < truth.length; row++) {
    for (let k = rowStart[row]!; k < rowStart[row + 1]!; k++) {
      if (iou[k]! >= ON_OBJECT) pairs.add(column[k]!, iou[k]!);
    }
    pairs.endRow();
  }
  const solver = new AssignmentSolver();
  solver.solve(pairs);
  return result.map((_, index) => {
    const row = solver.rowOfColumn[index]!;
    return row === UNASSIGNED ? undefined : truth[row];
  });
}

/** Which part of `box` lies inside of `area`, 0 to 1. */
function shareInside(box: Box, area: Box): number {
  const width = Math.min(box.x2, area.x2) - Math.max(box.x1, area.x1);
  const height = Math.min(box.y2, area.y2) - Math.max(box.y1, area.y1);
  const size = (box.x2 - box.x1) * (box.y2 - box.y1);
  return width > 0 && height > 0 && size > 0 ? (width * height) / size : 0;
}
