import type { IgnoreRegion, TrackRow } from '../labels.js';
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

/** A frame of a sequence. */
export interface SequenceFrame extends FramePairs {
  /** From 1. */
  readonly frame: number;
}

/** One sequence ready to be counted. */
export interface TrackSequence {
  /** Frames that have rows, in order: what is empty costs nothing, however long the sequence is. */
  readonly frames: readonly SequenceFrame[];
  /** How many frames there are, empty ones included. */
  readonly length: number;
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
  const truthByFrame = byFrame(truth);
  const resultByFrame = byFrame(result);
  const numbers = [...new Set([...truthByFrame.keys(), ...resultByFrame.keys()])].sort((a, b) => a - b);
  const truthNumbers = new Map<number, number>();
  const resultNumbers = new Map<number, number>();
  let truthBoxes = 0;
  let resultBoxes = 0;
  const filled = numbers.map((frame): SequenceFrame => {
    const rows = { truth: truthByFrame.get(frame) ?? [], result: resultByFrame.get(frame) ?? [] };
    const kept = preprocess(frame, rows);
    truthBoxes += kept.truth.length;
    resultBoxes += kept.result.length;
    return {
      frame,
      ...pairFrame(renumber(kept.truth, truthNumbers), renumber(kept.result, resultNumbers)),
    };
  });
  return {
    frames: filled,
    length: frames,
    truthIds: truthNumbers.size,
    resultIds: resultNumbers.size,
    truthBoxes,
    resultBoxes,
  };
}

function byFrame(rows: readonly TrackRow[]): ReadonlyMap<number, TrackRow[]> {
  const lists = new Map<number, TrackRow[]>();
  for (const row of rows) {
    const list = lists.get(row.frame);
    if (list === undefined) lists.set(row.frame, [row]);
    else list.push(row);
  }
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
