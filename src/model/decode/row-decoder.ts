/** Decodes outputs in which each box has a row of its own: its place, then a value for each class. */
import { SightlineError } from '../../errors.js';
import type { BoxTransform } from '../../geometry/letterbox.js';
import type { HeadTensor } from '../backends/backend.js';
import { CandidateBuffer, type Candidates, FLOAT32_MAX, type OutputDecoder, sigmoid } from './candidates.js';

/** Where things stand in a row, and what they mean. */
export interface RowOptions {
  /** Channels of each output. */
  readonly channels: readonly number[];
  /** Output and channel of the first class value. */
  readonly classes: readonly [output: number, channel: number];
  /** Output and channel of the box: centre x, centre y, width, height. */
  readonly boxes: readonly [output: number, channel: number];
  /** Channel of a probability that all class values are multiplied with, in the output of the classes. */
  readonly objectness?: number | undefined;
  /**
   * `probability`: the best class counts. `softmax`: logits with one more at the end, for nothing; the best class counts.
   * `sigmoid`: logits; each class that reaches its threshold counts.
   */
  readonly values: 'probability' | 'softmax' | 'sigmoid';
  /** Turns a box, which it may change, into pixels of the network's input. */
  readonly toPixels: (box: Float64Array, row: number, rows: number) => void;
  /** Least score for each class id; Infinity leaves a class out. */
  readonly thresholds: Float64Array;
}

/** A column of an output: where its first value is, and how far its rows lie apart. */
interface View {
  readonly data: Float32Array;
  readonly first: number;
  readonly rowStride: number;
  readonly channelStride: number;
}

/** Decodes one picture at a time into buffers that it keeps. */
export class RowDecoder implements OutputDecoder {
  readonly #options: RowOptions;
  readonly #found = new CandidateBuffer(true);
  readonly #least: number;
  readonly #box = new Float64Array(4);
  #rows = 0;
  /** Best value and class of each row. */
  #best = new Float64Array(0);
  #bestClass = new Int32Array(0);

  constructor(options: RowOptions) {
    this.#options = options;
    this.#least = options.thresholds.reduce((least, value) => Math.min(least, value), Infinity);
  }

  decode(heads: readonly HeadTensor[], index: number, transform: BoxTransform): Candidates {
    const { channels, classes, boxes, values } = this.#options;
    const rows = checkRows(heads, channels);
    this.#found.clear(rows);
    this.#rows = rows;
    const scores = viewOf(heads[classes[0]]!, index, classes[1]);
    const places = viewOf(heads[boxes[0]]!, index, boxes[1]);
    if (values === 'sigmoid') this.#eachClass(scores, places, rows, transform);
    else this.#bestClasses(scores, places, rows, index, heads, transform);
    return this.#found;
  }

  #eachClass(scores: View, places: View, rows: number, transform: BoxTransform): void {
    const { thresholds } = this.#options;
    for (let row = 0; row < rows; row++) {
      let placed: boolean | undefined;
      for (let classId = 0; classId < thresholds.length; classId++) {
        const logit = scores.data[scores.first + row * scores.rowStride + classId * scores.channelStride]!;
        if (!Number.isFinite(logit)) {
          this.#found.invalid++;
          break;
        }
        const score = sigmoid(logit);
        if (score < thresholds[classId]!) continue;
        placed ??= this.#place(places, row, transform);
        if (placed) this.#found.add(score, classId);
      }
    }
  }

  #bestClasses(
    scores: View,
    places: View,
    rows: number,
    index: number,
    heads: readonly HeadTensor[],
    transform: BoxTransform,
  ): void {
    const { thresholds, objectness, values, classes } = this.#options;
    if (this.#best.length < rows) {
      this.#best = new Float64Array(rows);
      this.#bestClass = new Int32Array(rows);
    }
    const weights = objectness === undefined ? undefined : viewOf(heads[classes[0]]!, index, objectness);
    if (values === 'softmax') this.#softmax(scores, rows);
    else this.#findBest(scores, rows, weights);
    for (let row = 0; row < rows; row++) {
      const classId = this.#bestClass[row]!;
      const weight = weights === undefined ? 1 : weights.data[weights.first + row * weights.rowStride]!;
      const score = weight * this.#best[row]!;
      // Also true when the score is NaN or infinite, which is counted.
      if (!(score <= FLOAT32_MAX)) this.#found.invalid++;
      else if (score >= thresholds[classId]! && this.#place(places, row, transform)) {
        this.#found.add(score, classId);
      }
    }
  }

  /** The best value of each row, NaN where one is not finite. Values are walked in the order in which they lie. */
  #findBest({ data, first, rowStride, channelStride }: View, rows: number, weights: View | undefined): void {
    const best = this.#best;
    const bestClass = this.#bestClass;
    const classes = this.#options.thresholds.length;
    best.fill(-FLOAT32_MAX, 0, rows);
    bestClass.fill(0, 0, rows);
    const look = (row: number, classId: number): void => {
      const value = data[first + row * rowStride + classId * channelStride]!;
      if (value > best[row]!) {
        best[row] = value;
        bestClass[row] = classId;
      } else if (!(value >= -FLOAT32_MAX)) best[row] = NaN;
    };
    if (rowStride === 1) {
      for (let classId = 0; classId < classes; classId++)
        for (let row = 0; row < rows; row++) look(row, classId);
      return;
    }
    for (let row = 0; row < rows; row++) {
      const weight = weights === undefined ? 1 : weights.data[weights.first + row * weights.rowStride]!;
      // What is almost certainly nothing is passed over after one value; NaN and infinities go on to be counted.
      if (weight < this.#least && weight >= -FLOAT32_MAX) best[row] = 0;
      else for (let classId = 0; classId < classes; classId++) look(row, classId);
    }
  }

  #softmax({ data, first, rowStride, channelStride }: View, rows: number): void {
    const classes = this.#options.thresholds.length;
    for (let row = 0; row < rows; row++) {
      const start = first + row * rowStride;
      const nothing = data[start + classes * channelStride]!;
      let most = -Infinity;
      let classId = 0;
      let finite = Number.isFinite(nothing);
      for (let at = 0; at < classes; at++) {
        const logit = data[start + at * channelStride]!;
        if (logit > most) {
          most = logit;
          classId = at;
        }
        finite &&= Number.isFinite(logit);
      }
      const top = Math.max(most, nothing);
      let sum = Math.exp(nothing - top);
      for (let at = 0; at < classes; at++) sum += Math.exp(data[start + at * channelStride]! - top);
      this.#best[row] = finite ? Math.exp(most - top) / sum : NaN;
      this.#bestClass[row] = classId;
    }
  }

  #place({ data, first, rowStride, channelStride }: View, row: number, transform: BoxTransform): boolean {
    const box = this.#box;
    const start = first + row * rowStride;
    for (let at = 0; at < 4; at++) box[at] = data[start + at * channelStride]!;
    this.#options.toPixels(box, row, this.#rows);
    return this.#found.place(box[0]!, box[1]!, box[2]! / 2, box[3]! / 2, transform);
  }
}

/** @returns how many rows the outputs have. @throws SightlineError ERR_MODEL_INVALID if they are not as expected. */
export function checkRows(heads: readonly HeadTensor[], channels: readonly number[]): number {
  const rows = (heads[0]?.width ?? 0) * (heads[0]?.height ?? 0);
  const fits = heads.every((head, at) => head.channels === channels[at] && head.width * head.height === rows);
  if (fits && heads.length === channels.length) return rows;
  throw new SightlineError(
    'ERR_MODEL_INVALID',
    `the outputs have ${heads.map((head) => `${head.width * head.height} rows of ${head.channels}`).join(' and ')} values; ` +
      `model.json asks for ${channels.join(' and ')} values a row: it is not of this file`,
  );
}

function viewOf({ data, width, height, channels, layout }: HeadTensor, index: number, channel: number): View {
  const rows = width * height;
  const base = index * rows * channels;
  return layout === 'nhwc'
    ? { data, first: base + channel, rowStride: channels, channelStride: 1 }
    : { data, first: base + channel * rows, rowStride: 1, channelStride: rows };
}
