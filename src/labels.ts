/**
 * What labelled data and results look like once they are read: the shapes between dataset readers and evaluation, which do
 * not know each other.
 */
import type { Box } from './types.js';

/** One object in one frame of a sequence, of ground truth or of results. */
export interface TrackRow {
  /** From 1. */
  readonly frame: number;
  readonly id: number;
  readonly box: Box;
  /** Class of ground truth in MOTChallenge's numbering, 1 being a pedestrian; -1 where there is none. */
  readonly classId: number;
  /** False for ground truth that its makers marked as not to be counted (a 0 in the confidence column). */
  readonly counted: boolean;
}

/** An area in which results that match nothing are no errors. */
export interface IgnoreRegion {
  /** From 1; 0 means every frame. */
  readonly frame: number;
  readonly box: Box;
}
