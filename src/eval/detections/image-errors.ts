import type { ImageMatches } from './match-image.js';

/** What went wrong in one picture, at IoU 0.5 and one threshold for all classes. */
export interface ImageErrors {
  /** Position of the picture in its data set. */
  readonly image: number;
  readonly FN: number;
  readonly FP: number;
}

/** Matches of one class in the pictures that have something of it. */
interface ClassMatches {
  /** Positions of the pictures. */
  readonly images: readonly number[];
  /** As many. */
  readonly matches: readonly ImageMatches[];
}

/** @param count number of pictures. @param score results below it are not believed. @returns one entry a picture. */
export function imageErrors(
  byClass: readonly ClassMatches[],
  count: number,
  score: number,
): readonly ImageErrors[] {
  const FN = new Float64Array(count);
  const FP = new Float64Array(count);
  for (const { images, matches } of byClass) {
    images.forEach((image, at) => {
      const { scores, matched, ignored, objects } = matches[at]!;
      FN[image]! += objects;
      for (let d = 0; d < scores.length && scores[d]! >= score; d++) {
        if (ignored[d] === 1) continue;
        if (matched[d] === 1) FN[image]!--;
        else FP[image]!++;
      }
    });
  }
  return Array.from({ length: count }, (_, image) => ({ image, FN: FN[image]!, FP: FP[image]! }));
}
