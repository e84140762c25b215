/** Precision over recall of one class, as COCO does it (pycocotools, `COCOeval.accumulate`). */
import type { ImageMatches } from './match-image.js';

/** Recalls at which precision is read: 0, 0.01 … 1. */
export const RECALLS: readonly number[] = Array.from({ length: 101 }, (_, index) => index * 0.01);

/** Right and wrong results of one class over all pictures, best first. */
export interface RankedResults {
  readonly scores: Float64Array;
  /** Right and wrong results up to and with each one. */
  readonly right: Float64Array;
  readonly wrong: Float64Array;
  /** Objects that should be found. */
  readonly objects: number;
}

/**
 * Brings the results of all pictures into one order; of equal scores the earlier picture's comes first. Ignored results
 * keep their place and count nothing.
 * @param t position of the threshold among those that were matched at. @param most results taken of each picture.
 */
export function rankResults(images: readonly ImageMatches[], t: number, most: number): RankedResults {
  const all: { score: number; right: number; wrong: number }[] = [];
  let objects = 0;
  for (const { scores, matched, ignored, objects: here } of images) {
    objects += here;
    for (let d = 0; d < Math.min(most, scores.length); d++) {
      const at = t * scores.length + d;
      const counts = 1 - ignored[at]!;
      all.push({ score: scores[d]!, right: matched[at]! * counts, wrong: (1 - matched[at]!) * counts });
    }
  }
  all.sort((a, b) => b.score - a.score);
  let [hits, misses] = [0, 0];
  return {
    scores: Float64Array.from(all, ({ score }) => score),
    right: Float64Array.from(all, ({ right }) => (hits += right)),
    wrong: Float64Array.from(all, ({ wrong }) => (misses += wrong)),
    objects,
  };
}

/** Largest precision at each of `RECALLS` or more recall, 0 where that is never reached. */
export function interpolatedPrecision({ right, wrong, objects }: RankedResults): Float64Array {
  const precision = right.map((hits, at) => hits / (hits + wrong[at]! + Number.EPSILON));
  for (let at = precision.length - 1; at > 0; at--) {
    if (precision[at]! > precision[at - 1]!) precision[at - 1] = precision[at]!;
  }
  const curve = new Float64Array(RECALLS.length);
  let at = 0;
  RECALLS.forEach((recall, index) => {
    while (at < right.length && right[at]! / objects < recall) at++;
    if (at < right.length) curve[index] = precision[at]!;
  });
  return curve;
}

/** Recall when all results are taken. */
export function finalRecall({ right, objects }: RankedResults): number {
  return (right.at(-1) ?? 0) / objects;
}

/** The score from which on to believe results, so that F1 = 2 · right / (results + objects) is largest. */
export interface BestThreshold {
  readonly score: number;
  readonly F1: number;
  readonly precision: number;
  readonly recall: number;
}

/** @returns undefined when nothing right was found. */
export function bestF1({ scores, right, wrong, objects }: RankedResults): BestThreshold | undefined {
  let best: BestThreshold | undefined;
  scores.forEach((score, at) => {
    // Equal scores cannot be told apart by a threshold.
    if (scores[at + 1] === score) return;
    const [hits, all] = [right[at]!, right[at]! + wrong[at]!];
    const F1 = (2 * hits) / (all + objects);
    if (F1 > (best?.F1 ?? 0)) best = { score, F1, precision: hits / all, recall: hits / objects };
  });
  return best;
}
