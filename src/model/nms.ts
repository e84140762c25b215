/**
 * Greedy non-maximum suppression: best first, each kept box drops the worse ones that overlap it by more than a threshold.
 * The rule, strictly more and the lower index first among equals, is that of `tf.image.non_max_suppression`.
 */
import type { Candidates } from './decode/candidates.js';

/** What suppresses what, and how much is kept. */
export interface SuppressorOptions {
  /** Overlap (intersection over union) from which on a box is dropped, itself not included; 0 to 1. */
  readonly iou: number;
  /** Whether boxes of different classes suppress each other. */
  readonly agnostic: boolean;
  /** Most boxes kept, best first over all classes. */
  readonly maxDetections: number;
  /** Most boxes kept of one class; no limit if not given. */
  readonly maxPerClass?: number;
}

/**
 * Suppresses one picture at a time in buffers that it keeps.
 *
 * Candidates are taken best first from a heap, so that a picture full of noise costs no more than finding the best few:
 * `O(n + k log n + k · kept)` for the k candidates looked at until `maxDetections` are kept.
 */
export class NonMaximumSuppression {
  /** Indices into the candidates, best first; only the first `select()` of them count, until its next call. */
  kept = new Int32Array(256);
  readonly #options: SuppressorOptions;
  #heap = new Int32Array(256);
  #perClass = new Int32Array(16);

  constructor(options: SuppressorOptions) {
    this.#options = options;
  }

  /** @returns how many are kept; their indices are in `kept`. */
  select(candidates: Candidates): number {
    const { scores, classIds, count } = candidates;
    const { maxDetections, maxPerClass = Infinity, iou, agnostic } = this.#options;
    this.#makeHeap(scores, count);
    this.#perClass.fill(0);
    let kept = 0;
    for (let left = count; left > 0 && kept < maxDetections; left--) {
      const best = this.#heap[0]!;
      this.#heap[0] = this.#heap[left - 1]!;
      sink(this.#heap, scores, 0, left - 1);
      const classId = classIds[best]!;
      if (this.#keptOf(classId) >= maxPerClass) continue;
      if (this.#isSuppressed(candidates, best, kept, iou, agnostic)) continue;
      this.kept[kept++] = best;
      this.#perClass[classId] = this.#perClass[classId]! + 1;
    }
    return kept;
  }

  #isSuppressed(
    { boxes, classIds }: Candidates,
    candidate: number,
    kept: number,
    iou: number,
    agnostic: boolean,
  ): boolean {
    const classId = classIds[candidate]!;
    for (let i = 0; i < kept; i++) {
      const better = this.kept[i]!;
      if (!agnostic && classIds[better] !== classId) continue;
      if (overlap(boxes, better, candidate) > iou) return true;
    }
    return false;
  }

  #keptOf(classId: number): number {
    if (classId >= this.#perClass.length) {
      const larger = new Int32Array(2 * (classId + 1));
      larger.set(this.#perClass);
      this.#perClass = larger;
    }
    return this.#perClass[classId]!;
  }

  #makeHeap(scores: Float64Array, count: number): void {
    if (count > this.#heap.length) {
      this.#heap = new Int32Array(2 * count);
      this.kept = new Int32Array(2 * count);
    }
    for (let i = 0; i < count; i++) this.#heap[i] = i;
    for (let i = (count >> 1) - 1; i >= 0; i--) sink(this.#heap, scores, i, count);
  }
}

/** Intersection over union of two boxes of an x1, y1, x2, y2 array; 0 if both are empty. */
export function overlap(boxes: Float64Array, a: number, b: number): number {
  const i = 4 * a;
  const j = 4 * b;
  const width = Math.min(boxes[i + 2]!, boxes[j + 2]!) - Math.max(boxes[i]!, boxes[j]!);
  const height = Math.min(boxes[i + 3]!, boxes[j + 3]!) - Math.max(boxes[i + 1]!, boxes[j + 1]!);
  if (width <= 0 || height <= 0) return 0;
  const shared = width * height;
  const areaA = (boxes[i + 2]! - boxes[i]!) * (boxes[i + 3]! - boxes[i + 1]!);
  const areaB = (boxes[j + 2]! - boxes[j]!) * (boxes[j + 3]! - boxes[j + 1]!);
  return shared / (areaA + areaB - shared);
}

/** Moves an entry of a heap down to its place: higher scores above, lower indices first among equals. */
function sink(heap: Int32Array, scores: Float64Array, from: number, count: number): void {
  const moving = heap[from]!;
  let at = from;
  for (let child = 2 * at + 1; child < count; child = 2 * at + 1) {
    if (child + 1 < count && isBefore(scores, heap[child + 1]!, heap[child]!)) child++;
    if (!isBefore(scores, heap[child]!, moving)) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = moving;
}

function isBefore(scores: Float64Array, a: number, b: number): boolean {
  return scores[a]! > scores[b]! || (scores[a] === scores[b] && a < b);
}
