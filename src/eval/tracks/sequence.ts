import type { IgnoreRegion, TrackRow } from '../../labels.js';
import { type FramePairs, pairFrame } from './frame-pairs.js';
import { type Benchmark, createPreprocessor } from './preprocess.js';

/** Ground truth and results of one sequence as they were read. */
export interface SequenceRows {
  readonly name: string;
  /** Length of the sequence; rows lie in frames 1 to this. */
  readonly frames: number;
  /** No id twice in a frame, in either list. */
  readonly truth: readonly TrackRow[];
  readonly result: readonly TrackRow[];
  readonly regions: readonly IgnoreRegion[];
}

/** One sequence ready to be counted. */
export interface TrackSequence {
  /** One entry a frame, empty ones included. */
  readonly frames: readonly FramePairs[];
  readonly truthIds: number;
  readonly resultIds: number;
  readonly truthBoxes: number;
  readonly resultBoxes: number;
}

/** Leaves out what `benchmark` does not count, numbers the ids from 0 and finds the overlaps of each frame. */
export function prepareSequence(
  { frames, truth, result, regions }: SequenceRows,
  benchmark: Benchmark,
): TrackSequence {
  const preprocess = createPreprocessor(benchmark, regions);
  const truthByFrame = byFrame(truth, frames);
  const resultByFrame = byFrame(result, frames);
  const truthNumbers = new Map<number, number>();
  const resultNumbers = new Map<number, number>();
  let truthBoxes = 0;
  let resultBoxes = 0;
  const pairs = truthByFrame.map((rows, index) => {
    const kept = preprocess(index + 1, { truth: rows, result: resultByFrame[index]! });
    truthBoxes += kept.truth.length;
    resultBoxes += kept.result.length;
    return pairFrame(renumber(kept.truth, truthNumbers), renumber(kept.result, resultNumbers));
  });
  return {
    frames: pairs,
    truthIds: truthNumbers.size,
    resultIds: resultNumbers.size,
    truthBoxes,
    resultBoxes,
  };
}

function byFrame(rows: readonly TrackRow[], frames: number): TrackRow[][] {
  const lists = Array.from({ length: frames }, (): TrackRow[] => []);
  for (const row of rows) lists[row.frame - 1]!.push(row);
  return lists;
}

function renumber(rows: readonly TrackRow[], numbers: Map<number, number>): Pick<TrackRow, 'id' | 'box'>[] {
  return rows.map(({ id, box }) => {
    const known = numbers.get(id);
    const number = known ?? numbers.size;
    if (known === undefined) numbers.set(id, number);
    return { id: number, box };
  });
}
