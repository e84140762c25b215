import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { HeadTensor } from '../../../src/model/backends/backend.js';
import type { BoxTransform } from '../../../src/geometry/letterbox.js';
import { Yolov3Decoder } from '../../../src/model/decode/yolov3-decoder.js';
import { NonMaximumSuppression } from '../../../src/model/nms.js';

interface GoldenCase {
  readonly feats: string;
  /** Height, width, channels of p5, p4, p3. */
  readonly shapes: readonly [number, number, number][];
  /** Height, width. */
  readonly input: readonly [number, number];
  readonly image: readonly [number, number];
  readonly letterbox: boolean;
  readonly confidence: number;
  readonly iou: number;
  readonly max_boxes_per_class: number;
  readonly boxes_y1x1y2x2: readonly (readonly [number, number, number, number])[];
  readonly scores: readonly number[];
  readonly classes: readonly number[];
}

const golden = JSON.parse(readFileSync(fileOf('decode.json'), 'utf8')) as {
  readonly anchors: readonly [number, number][];
  readonly mask: readonly number[][];
  readonly classes: number;
  readonly cases: readonly GoldenCase[];
};

describe('the reference decoder', () => {
  it('has goldens with and without letterbox, square and not', () => {
    expect(golden.cases.map(({ letterbox, input }) => [letterbox, input[0] === input[1]])).toEqual([
      [true, true],
      [false, true],
      [true, true],
      [true, false],
      [true, true],
    ]);
  });

  describe.each(golden.cases)('$feats', (expected) => {
    // Picture 0 of the batch is a decoy: the golden is the second one.
    it.each(['nhwc', 'nchw'] as const)('finds the same boxes in the same order (%s)', (layout) => {
      const [inputHeight, inputWidth] = expected.input;
      const decoder = new Yolov3Decoder({
        anchors: golden.anchors,
        anchorMask: golden.mask,
        inputWidth,
        inputHeight,
        thresholds: new Float64Array(golden.classes).fill(expected.confidence),
        clip: false,
      });
      const candidates = decoder.decode(headsOf(expected, layout), 1, referenceTransform(expected));
      const suppressor = new NonMaximumSuppression({
        iou: expected.iou,
        agnostic: false,
        maxDetections: Infinity,
        maxPerClass: expected.max_boxes_per_class,
      });
      const count = suppressor.select(candidates);
      // Best first over all classes; the goldens go class by class, which a stable sort makes of it.
      const found = [...suppressor.kept.subarray(0, count)].sort(
        (a, b) => candidates.classIds[a]! - candidates.classIds[b]!,
      );

      expect(candidates.invalid).toBe(0);
      expect(found.map((i) => candidates.classIds[i])).toEqual(expected.classes);
      for (const [row, i] of found.entries()) {
        const [y1, x1, y2, x2] = expected.boxes_y1x1y2x2[row]!;
        const box = candidates.boxes.subarray(4 * i, 4 * i + 4);
        // The reference works in float32 and writes three decimals: 1e-6 of the largest coordinate on top of those.
        const reach = Math.max(...[x1, y1, x2, y2].map(Math.abs));
        for (const [k, value] of [x1, y1, x2, y2].entries()) {
          expect(Math.abs(box[k]! - value)).toBeLessThanOrEqual(0.0006 + 2e-6 * reach);
        }
        expect(candidates.scores[i]).toBeCloseTo(expected.scores[row]!, 5);
      }
    });
  });
});

/** `yolo_correct_boxes` of the reference: rounds the size of the letterboxed picture, keeps fractions of its offset. */
function referenceTransform({ image, input, letterbox }: GoldenCase): BoxTransform {
  const axis = (side: number): { scale: number; offset: number } => {
    const inputSide = input[side]!;
    const imageSide = image[side]!;
    if (!letterbox) return { scale: imageSide / inputSide, offset: 0 };
    const shown = Math.round(imageSide * Math.min(input[0] / image[0], input[1] / image[1]));
    const scale = imageSide / shown;
    return { scale, offset: (-(inputSide - shown) / 2) * scale };
  };
  const [y, x] = [axis(0), axis(1)];
  const [height, width] = image;
  return { scaleX: x.scale, scaleY: y.scale, offsetX: x.offset, offsetY: y.offset, width, height };
}

function headsOf({ feats, shapes }: GoldenCase, layout: HeadTensor['layout']): HeadTensor[] {
  const bytes = readFileSync(fileOf(feats));
  const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  let at = 0;
  return shapes.map(([height, width, channels]) => {
    const size = height * width * channels;
    const picture = values.subarray(at, at + size);
    at += size;
    const data = new Float32Array(2 * size).fill(9);
    for (let cell = 0; cell < height * width; cell++) {
      for (let channel = 0; channel < channels; channel++) {
        const to = layout === 'nhwc' ? cell * channels + channel : channel * height * width + cell;
        data[size + to] = picture[cell * channels + channel]!;
      }
    }
    return { data, height, width, channels, layout };
  });
}

function fileOf(name: string): URL {
  return new URL(`../../golden/${name}`, import.meta.url);
}
