/**
 * What labelled data and results look like once they are read: the shapes between dataset readers and evaluation, which do
 * not know each other.
 */
import type { Box } from '../contract/picture.js';

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

/** `[left, top, width, height]` in source pixels, as COCO writes it; kept so that overlaps come out to the last digit. */
export type Bbox = readonly [left: number, top: number, width: number, height: number];

/** One object of a picture's ground truth. */
export interface LabelledBox {
  readonly bbox: Bbox;
  /** Position among the classes of its data set. */
  readonly classId: number;
  /** Pixels that the object covers; of a drawn outline less than its box. */
  readonly area: number;
  /** A group: any number of results may lie in it, and none of them count. */
  readonly crowd: boolean;
  /** Need not be found, and finding it counts nothing; true for every crowd. */
  readonly ignored: boolean;
}

/** A picture with its ground truth. */
export interface LabelledImage {
  /** File name without folder and extension. */
  readonly name: string;
  /** What results may call it besides its name. */
  readonly key: string;
  readonly width: number;
  readonly height: number;
  /** Path of the picture, if it is known; it may not be there. */
  readonly file?: string;
  /** Why it cannot be scored, if it is there but cannot be read. */
  readonly unreadable?: string;
  readonly boxes: readonly LabelledBox[];
}

/** A data set for detection. */
export interface LabelledImages {
  readonly classes: readonly string[];
  /** What results may call the classes besides their names; as many. */
  readonly classKeys: readonly string[];
  readonly images: readonly LabelledImage[];
  /** What people should know of how it was read, a line each. */
  readonly remarks?: readonly string[];
}

/** One object that was found in a picture. */
export interface FoundBox {
  readonly bbox: Bbox;
  readonly classId: number;
  readonly confidence: number;
}
