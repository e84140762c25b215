import type { ImageMatches } from './match-image.js';

/** What went wrong in one picture, at IoU 0.5 and one threshold for all classes. */
export interface ImageErrors {
  /** Position of the picture in its data set. */
  readonly image: number;
  readonly FN: number;
  readonly FP: number;
}

/** @param byClass for each class the matches of each picture. @param score results below it are not believed. */
export function imageErrors(byClass: readonly (readonly ImageMatches[])[], score: number): ImageErrors[] {
  const count = byClass[0]?.length ?? 0;
  return Array.from({ length: count }, (_, image) => {
    let [FN, FP] = [0, 0];
    for (const matches of byClass) {
      const { scores, matched, ignored, objects } = matches[image]!;
      FN += objects;
      for (let d = 0; d < scores.length && scores[d]! >= score; d++) {
        if (ignored[d] === 1) continue;
        if (matched[d] === 1) FN--;
        else FP++;
      }
    }
    return { image, FN, FP };
  });
}
