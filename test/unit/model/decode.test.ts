import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HeadTensor } from '../../../src/model/backends/backend.js';
import { sourceTransformOf, type BoxTransform } from '../../../src/geometry/letterbox.js';
import { Yolov3Decoder, type Yolov3DecoderOptions } from '../../../src/model/decode/yolov3-decoder.js';
import { letterboxOf } from '../../../src/geometry/letterbox.js';

// A small network: input 64 × 32, two heads of 1 × 2 and 2 × 4 cells, two anchors each, three classes.
const SETTINGS: Yolov3DecoderOptions = {
  anchors: [
    [8, 6],
    [16, 12],
    [20, 30],
    [40, 25],
  ],
  anchorMask: [
    [2, 3],
    [0, 1],
  ],
  inputWidth: 64,
  inputHeight: 32,
  thresholds: Float64Array.of(0.3, 0.3, 0.3),
  clip: true,
};
const CHANNELS = 16;
const SHAPES = [
  [1, 2],
  [2, 4],
] as const;
const SIZES = SHAPES.map(([height, width]) => height * width * CHANNELS);
/** The source has the network's size: network pixels are source pixels. */
const AS_IS = sourceTransformOf(letterboxOf(64, 32, 64, 32));

describe('Yolov3Decoder', () => {
  it('puts a box where the formulas say', () => {
    const heads = emptyHeads();
    // Head 1, row 1, column 2, anchor 0 (8 × 6): centre (2.5 · 16, 1.5 · 16), size 8e⁰ × 6e^ln2.
    put(heads, 1, 1, 2, 0, [0, 0, 0, Math.log(2), 2, -9, 3, -9]);
    const found = rows(new Yolov3Decoder(SETTINGS).decode(heads, 0, AS_IS));
    expect(found).toHaveLength(1);
    const [x1, y1, x2, y2, score, classId] = found[0]!;
    expect([x1, y1, x2, y2]).toEqual([36, 18, 44, 30].map((value) => expect.closeTo(value, 4) as unknown));
    expect(score).toBeCloseTo(sigmoid(2) * sigmoid(3), 9);
    expect(classId).toBe(1);
  });

  it('takes a score that just reaches its threshold', () => {
    const heads = emptyHeads();
    put(heads, 1, 1, 2, 0, [0, 0, 0, 0, 2, -9, 3, -9]);
    const score = rows(new Yolov3Decoder(SETTINGS).decode(heads, 0, AS_IS))[0]![4]!;
    const countAt = (threshold: number): number =>
      new Yolov3Decoder({ ...SETTINGS, thresholds: Float64Array.of(1, threshold, 1) }).decode(heads, 0, AS_IS)
        .count;
    expect([score, score + 1e-12].map(countAt)).toEqual([1, 0]);
  });

  it('takes a box out of the letterbox', () => {
    const heads = emptyHeads();
    put(heads, 1, 1, 2, 0, [0, 0, 0, 0, 9, 9, -9, -9]);
    // 40 × 20 fits 64 × 32 by 1.6, without a border: 36…44 × 21…27 there is 22.5…27.5 × 13.125…16.875 here.
    const found = rows(
      new Yolov3Decoder(SETTINGS).decode(heads, 0, sourceTransformOf(letterboxOf(40, 20, 64, 32))),
    );
    expect(found[0]!.slice(0, 4)).toEqual(
      [22.5, 13.125, 27.5, 16.875].map((v) => expect.closeTo(v, 4) as unknown),
    );
    // 10 × 20 fits by 1.6 too, as 16 × 32 at x = 24.
    const beside = rows(
      new Yolov3Decoder(SETTINGS).decode(heads, 0, sourceTransformOf(letterboxOf(10, 20, 64, 32))),
    );
    expect(beside[0]!.slice(0, 4)).toEqual(
      [7.5, 13.125, 10, 16.875].map((v) => expect.closeTo(v, 4) as unknown),
    );
  });

  it('gives one candidate for each class that reaches its own threshold', () => {
    const heads = emptyHeads();
    put(heads, 0, 0, 1, 1, [0, 0, -2, -2, 20, 0, 1, 2]);
    const thresholds = Float64Array.of(0.5, 0.74, 0.8);
    // σ(0) = 0.5, σ(1) = 0.731, σ(2) = 0.881; σ(20) is just below 1, and so the first is just missed.
    const found = rows(new Yolov3Decoder({ ...SETTINGS, thresholds }).decode(heads, 0, AS_IS));
    expect(found.map((r) => r[5])).toEqual([2]);
    thresholds[1] = 0.73;
    thresholds[0] = 0.4999;
    expect(
      rows(new Yolov3Decoder({ ...SETTINGS, thresholds }).decode(heads, 0, AS_IS)).map((r) => r[5]),
    ).toEqual([0, 1, 2]);
  });

  it('leaves out classes whose threshold is infinite, and finds nothing if all are', () => {
    const heads = emptyHeads();
    put(heads, 0, 0, 0, 0, [0, 0, -2, -2, 9, 9, 9, 9]);
    const only = (...values: number[]): number[] =>
      rows(
        new Yolov3Decoder({ ...SETTINGS, thresholds: Float64Array.from(values) }).decode(heads, 0, AS_IS),
      ).map((r) => r[5]!);
    expect(only(Infinity, 0.3, Infinity)).toEqual([1]);
    expect(only(Infinity, Infinity, Infinity)).toEqual([]);
  });

  it.each([
    ['tx', 0, NaN],
    ['ty', 1, Infinity],
    ['tw', 2, -Infinity],
    ['th', 3, NaN],
    ['objectness', 4, NaN],
    ['objectness', 4, Infinity],
    ['objectness', 4, -Infinity],
    ['the class that wins', 5, Infinity],
    ['a class that loses', 6, NaN],
    ['a width whose exponential overflows float32', 2, 90],
    ['a height whose exponential overflows', 3, 1000],
  ])('counts an anchor with a bad value as invalid: %s', (_, channel, value) => {
    const heads = emptyHeads();
    const anchor = [0, 0, -2, -2, 9, 9, -9, -9];
    put(heads, 1, 0, 0, 0, anchor);
    anchor[channel] = value;
    put(heads, 1, 0, 1, 1, anchor);
    const found = new Yolov3Decoder(SETTINGS).decode(heads, 0, AS_IS);
    expect([found.count, found.invalid]).toEqual([1, 1]);
  });

  it('does not count what an earlier picture held', () => {
    const heads = emptyHeads();
    put(heads, 1, 0, 0, 0, [NaN, 0, 0, 0, 9, 9, 9, 9]);
    const decoder = new Yolov3Decoder(SETTINGS);
    decoder.decode(heads, 0, AS_IS);
    const again = decoder.decode(emptyHeads(), 0, AS_IS);
    expect([again.count, again.invalid]).toEqual([0, 0]);
  });

  it('drops boxes without area, and those outside the picture, without calling them invalid', () => {
    const heads = emptyHeads();
    put(heads, 0, 0, 0, 0, [0, 0, -800, 0, 9, 9, -9, -9]);
    // The centre lies in the border left of a picture that is 16 network pixels wide, in the middle.
    put(heads, 1, 0, 0, 0, [0, 0, 0, 0, 9, 9, -9, -9]);
    const found = new Yolov3Decoder(SETTINGS).decode(
      heads,
      0,
      sourceTransformOf(letterboxOf(10, 20, 64, 32)),
    );
    expect([found.count, found.invalid]).toEqual([0, 0]);
  });

  it('finds the same as a naive decoder, in both layouts and any picture of a batch', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ min: -6, max: 6, noNaN: true }), {
          minLength: sum(SIZES) * 2,
          maxLength: sum(SIZES) * 2,
        }),
        fc.array(fc.constantFrom(0, 0.05, 0.3, 0.7, 1, Infinity), { minLength: 3, maxLength: 3 }),
        fc.integer({ min: 0, max: 1 }),
        fc.boolean(),
        fc.constantFrom([64, 32], [40, 20], [10, 20], [1921, 37]),
        (values, thresholds, index, clip, [width, height]) => {
          const settings = { ...SETTINGS, clip, thresholds: Float64Array.from(thresholds) };
          const transform = sourceTransformOf(letterboxOf(width, height, 64, 32));
          const heads = headsOf(values);
          const expected = naive(heads, index, settings, transform);
          const decoder = new Yolov3Decoder(settings);
          for (const variant of [heads, heads.map(toPlanes)]) {
            const found = decoder.decode(variant, index, transform);
            expect(found.invalid).toBe(0);
            expect(rows(found).sort(byAll)).toEqual(expected.sort(byAll));
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('keeps clipped boxes inside the picture, with area left after rounding to 1/100 pixel', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ min: -12, max: 12, noNaN: true }), {
          minLength: sum(SIZES),
          maxLength: sum(SIZES),
        }),
        fc.integer({ min: 1, max: 4000 }),
        fc.integer({ min: 1, max: 4000 }),
        (values, width, height) => {
          const settings = { ...SETTINGS, thresholds: new Float64Array(3) };
          const found = new Yolov3Decoder(settings).decode(
            headsOf(values),
            0,
            sourceTransformOf(letterboxOf(width, height, 64, 32)),
          );
          const bad = rows(found).filter(([x1, y1, x2, y2]) => {
            const inside = x1! >= 0 && y1! >= 0 && x2! <= width && y2! <= height;
            const hundredths = [x1!, y1!, x2!, y2!].map((value) => Math.round(100 * value)) as [number, number, number, number]; // prettier-ignore
            return !(inside && hundredths[0] < hundredths[2] && hundredths[1] < hundredths[3]);
          });
          expect(bad).toEqual([]);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('grows without losing candidates: every anchor and class of a full head', () => {
    const side = 40;
    const data = new Float32Array(side * side * CHANNELS).fill(1);
    const head = { data, height: side, width: side, channels: CHANNELS, layout: 'nchw' } as const;
    const settings = { ...SETTINGS, anchorMask: [[0, 1]], thresholds: new Float64Array(3), clip: false };
    const decoder = new Yolov3Decoder(settings);
    const first = decoder.decode([head], 0, AS_IS);
    expect(first.count).toBe(side * side * 2 * 3);
    const { boxes, scores, classIds } = first;
    expect(rows(first).every((r) => r[4]! > 0.5 && r[2]! > r[0]!)).toBe(true);
    // The next picture is decoded into the same memory.
    const next = decoder.decode([head], 0, AS_IS);
    expect([next.boxes === boxes, next.scores === scores, next.classIds === classIds]).toEqual([
      true,
      true,
      true,
    ]);
  });

  it.each([
    ['a head too few', () => emptyHeads().slice(1)],
    ['other classes', () => emptyHeads().map((head) => ({ ...head, channels: CHANNELS + 2 }))],
    ['a picture too few', () => emptyHeads().map((head) => ({ ...head, data: head.data.subarray(1) }))],
  ])('refuses heads of another model: %s', (_, heads) => {
    expect(() => new Yolov3Decoder(SETTINGS).decode(heads(), 0, AS_IS)).toThrow(
      expect.objectContaining({ code: 'ERR_MODEL_INVALID' }),
    );
  });

  it('refuses a mask that names no anchor', () => {
    expect(() => new Yolov3Decoder({ ...SETTINGS, anchorMask: [[0, 9]] })).toThrow(/anchor 9.*4 anchors/);
  });
});

/** The formulas word for word, one anchor after another, no cuts and no buffers. */
function naive(
  heads: readonly HeadTensor[],
  index: number,
  settings: Yolov3DecoderOptions,
  t: BoxTransform,
): number[][] {
  const found: number[][] = [];
  for (const [h, head] of heads.entries()) {
    for (let row = 0; row < head.height; row++) {
      for (let column = 0; column < head.width; column++) {
        for (const [slot, anchor] of settings.anchorMask[h]!.entries()) {
          const at = ((index * head.height + row) * head.width + column) * head.channels + slot * 8;
          const [tx, ty, tw, th, objectness, ...classes] = head.data.subarray(
            at,
            at + 8,
          ) as unknown as number[];
          const [anchorWidth, anchorHeight] = settings.anchors[anchor]!;
          const x = ((sigmoid(tx!) + column) / head.width) * settings.inputWidth;
          const y = ((sigmoid(ty!) + row) / head.height) * settings.inputHeight;
          const halfWidth = (Math.exp(tw!) * anchorWidth) / 2;
          const halfHeight = (Math.exp(th!) * anchorHeight) / 2;
          let box = [
            (x - halfWidth) * t.scaleX + t.offsetX,
            (y - halfHeight) * t.scaleY + t.offsetY,
            (x + halfWidth) * t.scaleX + t.offsetX,
            (y + halfHeight) * t.scaleY + t.offsetY,
          ];
          if (settings.clip) {
            box = box.map((value, k) => Math.max(0, Math.min(value, k % 2 === 0 ? t.width : t.height)));
            if (box[2]! - box[0]! < 0.02 || box[3]! - box[1]! < 0.02) continue;
          }
          for (const [classId, logit] of classes.entries()) {
            const score = sigmoid(objectness!) * sigmoid(logit);
            if (score >= settings.thresholds[classId]!) found.push([...box, score, classId]);
          }
        }
      }
    }
  }
  return found;
}

function headsOf(values: readonly number[]): HeadTensor[] {
  const pictures = values.length / sum(SIZES);
  let at = 0;
  return SHAPES.map(([height, width], i) => {
    const data = Float32Array.from(values.slice(at, (at += pictures * SIZES[i]!)));
    return { data, height, width, channels: CHANNELS, layout: 'nhwc' };
  });
}

function emptyHeads(): HeadTensor[] {
  return headsOf(new Array<number>(sum(SIZES)).fill(-9));
}

function put(
  heads: readonly HeadTensor[],
  head: number,
  row: number,
  column: number,
  slot: number,
  values: readonly number[],
): void {
  heads[head]!.data.set(values, (row * heads[head]!.width + column) * CHANNELS + slot * 8);
}

function toPlanes(head: HeadTensor): HeadTensor {
  const cells = head.height * head.width;
  const data = new Float32Array(head.data.length);
  for (let i = 0; i < data.length; i++) {
    const [cell, channel] = [Math.floor(i / CHANNELS), i % CHANNELS];
    const picture = Math.floor(cell / cells);
    data[(picture * CHANNELS + channel) * cells + (cell % cells)] = head.data[i]!;
  }
  return { ...head, data, layout: 'nchw' };
}

function rows({ boxes, scores, classIds, count }: ReturnType<Yolov3Decoder['decode']>): number[][] {
  return Array.from({ length: count }, (_, i) => [
    ...boxes.subarray(4 * i, 4 * i + 4),
    scores[i]!,
    classIds[i]!,
  ]);
}

function byAll(a: readonly number[], b: readonly number[]): number {
  return a.map((value, i) => value - b[i]!).find((difference) => difference !== 0) ?? 0;
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
