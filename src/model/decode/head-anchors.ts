import { SightlineError } from '../../errors.js';

/** YOLOv3's anchors for COCO at 416 × 416 (Redmon and Farhadi 2018, §2.3), and which of its heads has which. */
export const COCO_ANCHORS = {
  anchors: [
    [10, 13],
    [16, 30],
    [33, 23],
    [30, 61],
    [62, 45],
    [59, 119],
    [116, 90],
    [156, 198],
    [373, 326],
  ],
  anchorMask: [
    [6, 7, 8],
    [3, 4, 5],
    [0, 1, 2],
  ],
} as const;

/** Prior boxes of a model, as its manifest has them. */
export interface AnchorSet {
  /** Width and height in pixels of the network's input. */
  readonly anchors: readonly (readonly [width: number, height: number])[];
  /** For each head, coarse to fine, the indices of its anchors in the order of the head's channels. */
  readonly anchorMask: readonly (readonly number[])[];
}

/**
 * The anchors of each head, as width, height, width, height, … in pixels of the network's input.
 * @throws SightlineError ERR_MODEL_INVALID if the mask names an anchor that is not there.
 */
export function anchorsOfHeads({ anchors, anchorMask }: AnchorSet): readonly Float64Array[] {
  return anchorMask.map((indices, head) =>
    Float64Array.from(
      indices.flatMap((index) => {
        const anchor = anchors[index];
        if (anchor !== undefined) return [...anchor];
        throw new SightlineError(
          'ERR_MODEL_INVALID',
          `the mask of head ${head} names anchor ${index}; the model has ${anchors.length} anchors, from 0`,
        );
      }),
    ),
  );
}
