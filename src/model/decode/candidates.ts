/** Boxes before suppression: where coordinates leave the network's input for the source picture. */
import type { BoxTransform } from '../../geometry/letterbox.js';
import type { HeadTensor } from '../backends/backend.js';

/** Boxes before suppression. The arrays belong to the decoder, are longer than `count` and change with its next call. */
export interface Candidates {
  readonly count: number;
  /** x1, y1, x2, y2 in source pixels for each candidate. */
  readonly boxes: Float64Array;
  readonly scores: Float64Array;
  readonly classIds: Int32Array;
  /** Anchors thrown away because a value that was needed was NaN or infinite, or the box overflowed. */
  readonly invalid: number;
  /** How many anchors, rows or queries the network puts out for a picture. */
  readonly outputs: number;
}

/** Makes candidates of what a network puts out. */
export interface OutputDecoder {
  /**
   * Decodes picture `index` of a batch.
   * @param heads as the backend gave them, for the whole batch.
   * @returns buffers of the decoder, valid until the next call.
   * @throws SightlineError ERR_MODEL_INVALID if the heads are not those of this model.
   */
  decode(heads: readonly HeadTensor[], index: number, transform: BoxTransform): Candidates;
}

/** float32's largest number; the network's own arithmetic overflows past it. */
export const FLOAT32_MAX = 3.4028234663852886e38;
/** Detections are told to 1/100 pixel: a thinner box might have no area left. */
const LEAST_SIZE = 0.02;

/** Candidates that are collected in buffers which are kept, so that nothing is allocated once they are large enough. */
export class CandidateBuffer implements Candidates {
  count = 0;
  invalid = 0;
  outputs = 0;
  boxes = new Float64Array(4 * 256);
  scores = new Float64Array(256);
  classIds = new Int32Array(256);
  readonly #clip: boolean;
  readonly #box = new Float64Array(4);

  /**
   * @param clip whether boxes end at the border of the picture; what has less than 1/50 pixel left inside is then dropped.
   */
  constructor(clip: boolean) {
    this.#clip = clip;
  }

  /** Forgets all candidates. @param outputs that the next ones are chosen from; those that come apart are added later. */
  clear(outputs = 0): void {
    this.count = 0;
    this.invalid = 0;
    this.outputs = outputs;
  }

  /**
   * Puts a box of the network's pixels into source pixels. An overflow is counted as invalid.
   * @returns whether there is anything of it; {@link add} then adds it.
   */
  place(
    x: number,
    y: number,
    halfWidth: number,
    halfHeight: number,
    { scaleX, scaleY, offsetX, offsetY, width, height }: BoxTransform,
  ): boolean {
    const box = this.#box;
    box[0] = (x - halfWidth) * scaleX + offsetX;
    box[1] = (y - halfHeight) * scaleY + offsetY;
    box[2] = (x + halfWidth) * scaleX + offsetX;
    box[3] = (y + halfHeight) * scaleY + offsetY;
    const reach = Math.max(-box[0], -box[1], box[2], box[3]);
    // Also true when `reach` is NaN.
    if (!(reach <= FLOAT32_MAX)) {
      this.invalid++;
      return false;
    }
    if (!this.#clip) return box[2] > box[0] && box[3] > box[1];
    box[0] = Math.max(box[0], 0);
    box[1] = Math.max(box[1], 0);
    box[2] = Math.min(box[2], width);
    box[3] = Math.min(box[3], height);
    return box[2] - box[0] >= LEAST_SIZE && box[3] - box[1] >= LEAST_SIZE;
  }

  /** Adds a candidate with the box that was placed last. */
  add(score: number, classId: number): void {
    if (this.count === this.scores.length) this.#grow();
    this.boxes.set(this.#box, 4 * this.count);
    this.scores[this.count] = score;
    this.classIds[this.count] = classId;
    this.count++;
  }

  #grow(): void {
    const { boxes, scores, classIds } = this;
    this.boxes = new Float64Array(2 * boxes.length);
    this.boxes.set(boxes);
    this.scores = new Float64Array(2 * scores.length);
    this.scores.set(scores);
    this.classIds = new Int32Array(2 * classIds.length);
    this.classIds.set(classIds);
  }
}

/** The logistic function. */
export function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}
