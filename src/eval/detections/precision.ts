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

/** Results of all pictures in one order, which is the same whatever they are matched at. */
export interface RankOrder {
  /** For each result, best first: its picture, and its place among the picture's results. */
  readonly image: Int32Array;
  readonly result: Int32Array;
  readonly scores: Float64Array;
}

/**
 * Brings the results of all pictures into one order; of equal scores the earlier picture's comes first.
 * @param most results taken of each picture.
 */
export function rankOrder(images: readonly ImageMatches[], most: number): RankOrder {
  const all = images.flatMap(({ scores }, image) =>
    Array.from(scores.subarray(0, most), (score, result) => ({ image, result, score })),
  );
  all.sort((a, b) => b.score - a.score);
  return {
    image: Int32Array.from(all, ({ image }) => image),
    result: Int32Array.from(all, ({ result }) => result),
    scores: Float64Array.from(all, ({ score }) => score),
  };
}

/**
 * Counts right and wrong results in their order. Ignored results keep their place and count nothing.
 * @param order of these pictures. @param t position of the threshold among those that were matched at.
 */
export function rankResults(images: readonly ImageMatches[], order: RankOrder, t: number): RankedResults {
  const { scores } = order;
  const right = new Float64Array(scores.length);
  const wrong = new Float64Array(scores.length);
  let [hits, misses] = [0, 0];
  for (let rank = 0; rank < scores.length; rank++) {
    const { matched, ignored, scores: here } = images[order.image[rank]!]!;
    const at = t * here.length + order.result[rank]!;
    const counts = 1 - ignored[at]!;
    right[rank] = hits += matched[at]! * counts;
    wrong[rank] = misses += (1 - matched[at]!) * counts;
  }
  return { scores, right, wrong, objects: objectsIn(images) };
}

/** Recall when the best `most` results of each picture are taken; their order does not matter. */
export function recallOf(images: readonly ImageMatches[], t: number, most: number): number {
  let hits = 0;
  for (const { scores, matched, ignored } of images) {
    for (let d = 0; d < Math.min(most, scores.length); d++) {
      const at = t * scores.length + d;
      hits += matched[at]! * (1 - ignored[at]!);
    }
  }
  return hits / objectsIn(images);
}

function objectsIn(images: readonly ImageMatches[]): number {
  return images.reduce((sum, { objects }) => sum + objects, 0);
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
