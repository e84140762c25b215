/**
 * From raw heads to candidate boxes in source pixels: the one place where coordinates leave the letterbox.
 *
 * YOLOv3's formulas (Redmon and Farhadi 2018, §2.1), as bubbliiiing/efficientnet-yolo3-keras uses them:
 * x = (σ(tx) + cell x) / grid width, w = exp(tw) · anchor width / input width, score = σ(objectness) · σ(class). An anchor
 * gives one candidate for each class whose score reaches that class's threshold.
 */
import { SightlineError } from '../../../errors.js';
import { type AnchorSet, anchorsOfHeads } from './head-anchors.js';
import type { HeadTensor } from '../../backends/backend.js';
import type { BoxTransform } from '../../../geometry/letterbox.js';

/** Boxes before suppression. The arrays belong to the decoder, are longer than `count` and change with its next call. */
export interface Candidates {
  readonly count: number;
  /** x1, y1, x2, y2 in source pixels for each candidate. */
  readonly boxes: Float64Array;
  readonly scores: Float64Array;
  readonly classIds: Int32Array;
  /** Anchors thrown away because a value that was needed was NaN or infinite, or the box overflowed. */
  readonly invalid: number;
}

/** What a decoder has to know about the network and the wishes of the user. */
export interface DecoderOptions extends AnchorSet {
  /** Size of the network's input in pixels. */
  readonly inputWidth: number;
  readonly inputHeight: number;
  /** Least score for each class id; Infinity leaves a class out. */
  readonly thresholds: Float64Array;
  /** Whether boxes end at the border of the picture; what has less than 1/50 pixel left inside is then dropped. */
  readonly clip: boolean;
}

/** Values of an anchor before its class logits: tx, ty, tw, th, objectness. */
const BOX_VALUES = 5;
const OBJECTNESS = 4;
/** float32's largest number; the network's own arithmetic overflows past it. */
const FLOAT32_MAX = 3.4028234663852886e38;
/** Detections are told to 1/100 pixel: a thinner box might have no area left. */
const LEAST_SIZE = 0.02;

/** Decodes one picture at a time into buffers that it keeps, so that a call allocates nothing once they are large enough. */
export class Decoder implements Candidates {
  count = 0;
  invalid = 0;
  boxes = new Float64Array(4 * 256);
  scores = new Float64Array(256);
  classIds = new Int32Array(256);

  readonly #options: DecoderOptions;
  readonly #anchors: readonly Float64Array[];
  /** Logits below which neither the objectness nor the class probability alone can reach the threshold. */
  readonly #classCut: Float64Array;
  readonly #objectnessCut: number;
  readonly #box = new Float64Array(4);

  constructor(options: DecoderOptions) {
    this.#options = options;
    this.#anchors = anchorsOfHeads(options);
    this.#classCut = options.thresholds.map(cutOf);
    this.#objectnessCut = this.#classCut.reduce((least, cut) => Math.min(least, cut), Infinity);
  }

  /**
   * Decodes picture `index` of a batch. Anchors whose objectness is too low are passed over after that one value.
   * @param heads as the backend gave them, coarse to fine, for the whole batch.
   * @returns this decoder's buffers, valid until the next call.
   * @throws SightlineError ERR_MODEL_INVALID if the heads are not those of this model.
   */
  decode(heads: readonly HeadTensor[], index: number, transform: BoxTransform): Candidates {
    this.count = 0;
    this.invalid = 0;
    if (heads.length !== this.#anchors.length) {
      throw new SightlineError(
        'ERR_MODEL_INVALID',
        `the network has ${heads.length} heads, its anchor mask ${this.#anchors.length}`,
      );
    }
    for (let head = 0; head < heads.length; head++) {
      this.#decodeHead(heads[head]!, this.#anchors[head]!, index, transform);
    }
    return this;
  }

  #decodeHead(head: HeadTensor, anchors: Float64Array, index: number, transform: BoxTransform): void {
    const values = BOX_VALUES + this.#classCut.length;
    const cells = head.height * head.width;
    const base = index * cells * head.channels;
    checkShape(head, (anchors.length / 2) * values, base + cells * head.channels);
    // Both layouts are walked by the same loop: planes of one channel, or channels of one cell, lie side by side.
    const cellStride = head.layout === 'nchw' ? 1 : head.channels;
    const channelStride = head.layout === 'nchw' ? cells : 1;
    const cut = this.#objectnessCut;
    const { data } = head;
    for (let anchor = 0; anchor < anchors.length / 2; anchor++) {
      const first = base + anchor * values * channelStride;
      let at = first + OBJECTNESS * channelStride;
      for (let cell = 0; cell < cells; cell++, at += cellStride) {
        const objectness = data[at]!;
        // Written so that NaN and both infinities go on to be counted.
        if (objectness < cut && objectness >= -FLOAT32_MAX) continue;
        this.#decodeAnchor(head, first + cell * cellStride, channelStride, cell, anchors, anchor, transform);
      }
    }
  }

  #decodeAnchor(
    { data, width, height }: HeadTensor,
    first: number,
    stride: number,
    cell: number,
    anchors: Float64Array,
    anchor: number,
    transform: BoxTransform,
  ): void {
    const classes = this.#classCut.length;
    let hopeful = false;
    for (let channel = 0; channel < BOX_VALUES + classes; channel++) {
      const value = data[first + channel * stride]!;
      if (!Number.isFinite(value)) {
        this.invalid++;
        return;
      }
      if (channel >= BOX_VALUES && value >= this.#classCut[channel - BOX_VALUES]!) hopeful = true;
    }
    if (!hopeful) return;

    const { inputWidth, inputHeight, thresholds } = this.#options;
    const x = ((sigmoid(data[first]!) + (cell % width)) / width) * inputWidth;
    const y = ((sigmoid(data[first + stride]!) + Math.floor(cell / width)) / height) * inputHeight;
    const halfWidth = (Math.exp(data[first + 2 * stride]!) * anchors[2 * anchor]!) / 2;
    const halfHeight = (Math.exp(data[first + 3 * stride]!) * anchors[2 * anchor + 1]!) / 2;
    const fate = this.#place(x, y, halfWidth, halfHeight, transform);
    if (fate === 'overflow') this.invalid++;
    if (fate !== 'kept') return;

    const objectness = sigmoid(data[first + OBJECTNESS * stride]!);
    for (let classId = 0; classId < classes; classId++) {
      const logit = data[first + (BOX_VALUES + classId) * stride]!;
      if (logit < this.#classCut[classId]!) continue;
      const score = objectness * sigmoid(logit);
      if (score >= thresholds[classId]!) this.#add(score, classId);
    }
  }

  /** Puts a box of the network's pixels into source pixels, in `#box`. */
  #place(
    x: number,
    y: number,
    halfWidth: number,
    halfHeight: number,
    transform: BoxTransform,
  ): 'kept' | 'empty' | 'overflow' {
    const box = this.#box;
    const { scaleX, scaleY, offsetX, offsetY } = transform;
    box[0] = (x - halfWidth) * scaleX + offsetX;
    box[1] = (y - halfHeight) * scaleY + offsetY;
    box[2] = (x + halfWidth) * scaleX + offsetX;
    box[3] = (y + halfHeight) * scaleY + offsetY;
    const reach = Math.max(-box[0], -box[1], box[2], box[3]);
    // Also false when `reach` is NaN.
    if (!(reach <= FLOAT32_MAX)) return 'overflow';
    if (!this.#options.clip) return box[2] > box[0] && box[3] > box[1] ? 'kept' : 'empty';
    box[0] = Math.max(box[0], 0);
    box[1] = Math.max(box[1], 0);
    box[2] = Math.min(box[2], transform.width);
    box[3] = Math.min(box[3], transform.height);
    return box[2] - box[0] >= LEAST_SIZE && box[3] - box[1] >= LEAST_SIZE ? 'kept' : 'empty';
  }

  #add(score: number, classId: number): void {
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

function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}

/**
 * A logit that is safely below every one whose probability reaches `threshold`: only a first sieve, the exact comparison
 * follows. Probabilities near 1 are held away from the infinite logit, which a rounded sigmoid of 1 would have.
 */
function cutOf(threshold: number): number {
  if (threshold > 1) return Infinity;
  const probability = Math.min(threshold, 1 - 1e-9);
  return Math.log(probability / (1 - probability)) - 1e-3;
}

function checkShape(head: HeadTensor, channels: number, length: number): void {
  if (head.channels === channels && head.data.length >= length) return;
  throw new SightlineError(
    'ERR_MODEL_INVALID',
    `a head has ${head.data.length} values, ${head.channels} channels; its anchors and classes need ${length} values, ` +
      `${channels} channels: model.json is not of these weights`,
  );
}
