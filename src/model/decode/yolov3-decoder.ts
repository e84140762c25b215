/**
 * From raw heads of YOLOv3 to candidate boxes in source pixels.
 *
 * YOLOv3's formulas (Redmon and Farhadi 2018, §2.1), as bubbliiiing/efficientnet-yolo3-keras uses them:
 * x = (σ(tx) + cell x) / grid width, w = exp(tw) · anchor width / input width, score = σ(objectness) · σ(class). An anchor
 * gives one candidate for each class whose score reaches that class's threshold.
 */
import { SightlineError } from '../../errors.js';
import type { BoxTransform } from '../../geometry/letterbox.js';
import type { HeadTensor } from '../backends/backend.js';
import { CandidateBuffer, type Candidates, FLOAT32_MAX, type OutputDecoder, sigmoid } from './candidates.js';
import { type AnchorSet, anchorsOfHeads } from './head-anchors.js';

/** What a decoder has to know about the network and the wishes of the user. */
export interface Yolov3DecoderOptions extends AnchorSet {
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

/** Decodes one picture at a time into buffers that it keeps, so that a call allocates nothing once they are large enough. */
export class Yolov3Decoder implements OutputDecoder {
  readonly #options: Yolov3DecoderOptions;
  readonly #anchors: readonly Float64Array[];
  /** Logits below which neither the objectness nor the class probability alone can reach the threshold. */
  readonly #classCut: Float64Array;
  readonly #objectnessCut: number;
  readonly #found: CandidateBuffer;

  constructor(options: Yolov3DecoderOptions) {
    this.#options = options;
    this.#found = new CandidateBuffer(options.clip);
    this.#anchors = anchorsOfHeads(options);
    this.#classCut = options.thresholds.map(cutOf);
    this.#objectnessCut = this.#classCut.reduce((least, cut) => Math.min(least, cut), Infinity);
  }

  /** @param heads coarse to fine. Anchors whose objectness is too low are passed over after that one value. */
  decode(heads: readonly HeadTensor[], index: number, transform: BoxTransform): Candidates {
    this.#found.clear();
    if (heads.length !== this.#anchors.length) {
      throw new SightlineError(
        'ERR_MODEL_INVALID',
        `the network has ${heads.length} heads, its anchor mask ${this.#anchors.length}`,
      );
    }
    for (let head = 0; head < heads.length; head++) {
      this.#decodeHead(heads[head]!, this.#anchors[head]!, index, transform);
    }
    return this.#found;
  }

  #decodeHead(head: HeadTensor, anchors: Float64Array, index: number, transform: BoxTransform): void {
    const values = BOX_VALUES + this.#classCut.length;
    const cells = head.height * head.width;
    const base = index * cells * head.channels;
    checkShape(head, (anchors.length / 2) * values, base + cells * head.channels);
    // Both layouts are walked by the same loop: planes of one channel, or channels of one cell, lie side by side.
    const cellStride = head.layout === 'nchw' ? 1 : head.channels;
    const channelStride = head.layout === 'nchw' ? cells : 1;
    this.#found.outputs += cells * (anchors.length / 2);
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
        this.#found.invalid++;
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
    if (!this.#found.place(x, y, halfWidth, halfHeight, transform)) return;

    const objectness = sigmoid(data[first + OBJECTNESS * stride]!);
    for (let classId = 0; classId < classes; classId++) {
      const logit = data[first + (BOX_VALUES + classId) * stride]!;
      if (logit < this.#classCut[classId]!) continue;
      const score = objectness * sigmoid(logit);
      if (score >= thresholds[classId]!) this.#found.add(score, classId);
    }
  }
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
