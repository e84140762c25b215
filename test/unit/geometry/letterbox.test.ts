import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { letterboxFor, letterboxOf, sourceTransformOf } from '../../../src/geometry/letterbox.js';

const side = fc.integer({ min: 1, max: 8192 });
const modelSide = fc.integer({ min: 1, max: 64 }).map((n) => 32 * n);

describe('letterboxOf', () => {
  // x, y, width, height as the reference's Python gives them: nw = int(iw * scale), (w - nw) // 2.
  it.each([
    ['16 : 9', 1280, 720, 416, 416, [0, 91, 416, 234]],
    ['an odd rest goes below', 768, 577, 416, 416, [0, 52, 416, 312]],
    ['upright', 333, 1000, 416, 416, [139, 0, 138, 416]],
    ['already of that size', 416, 416, 416, 416, [0, 0, 416, 416]],
    ['smaller pictures are enlarged', 13, 13, 416, 416, [0, 0, 416, 416]],
    ['int() cuts 415.99999999999994', 23, 23, 416, 416, [0, 0, 415, 415]],
    ['never thinner than a pixel', 1, 8000, 416, 416, [207, 0, 1, 416]],
    ['not square', 768, 576, 544, 320, [59, 0, 426, 320]],
  ])('%s', (_, sourceWidth, sourceHeight, inputWidth, inputHeight, [x, y, width, height]) => {
    expect(letterboxOf(sourceWidth, sourceHeight, inputWidth, inputHeight)).toEqual({
      inputWidth,
      inputHeight,
      x,
      y,
      width,
      height,
      sourceWidth,
      sourceHeight,
    });
  });

  it('shows pixels that are not square in their true shape', () => {
    // PAL DV: 720 × 576 stored, 64 : 45 pixels, shown as 1024 × 576.
    expect(letterboxOf(720, 576, 416, 416, { num: 64, den: 45 })).toMatchObject({
      width: 416,
      height: 234,
      y: 91,
    });
    expect(letterboxOf(720, 576, 416, 416, { num: 0, den: 1 })).toEqual(letterboxOf(720, 576, 416, 416));
  });

  it('lies inside the canvas, touches it on two sides to a pixel, and keeps the shape to a pixel', () => {
    fc.assert(
      fc.property(side, side, modelSide, modelSide, (w, h, inputWidth, inputHeight) => {
        const { x, y, width, height } = letterboxOf(w, h, inputWidth, inputHeight);
        expect([x, y, width, height].every(Number.isInteger)).toBe(true);
        expect(Math.min(x, y)).toBeGreaterThanOrEqual(0);
        expect(x + width).toBeLessThanOrEqual(inputWidth);
        expect(y + height).toBeLessThanOrEqual(inputHeight);
        expect(Math.min(inputWidth - width, inputHeight - height)).toBeLessThanOrEqual(1);
        const scale = Math.min(inputWidth / w, inputHeight / h);
        expect(Math.abs(w * scale - width)).toBeLessThanOrEqual(1);
        expect(Math.abs(h * scale - height)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it.each([
    [0, 10],
    [10, -1],
    [1.5, 10],
    [NaN, 10],
  ])('refuses %d × %d', (width, height) => {
    expect(() => letterboxOf(width, height, 416, 416)).toThrow(
      expect.objectContaining({ code: 'ERR_USAGE' }),
    );
  });
});

describe('letterboxFor', () => {
  const size = { width: 416, height: 320 };
  const PAL = { num: 64, den: 45 };

  it.each([
    ['in the middle if nothing is said', {}, [0, 43, 416, 234]],
    ['in the top left corner', { placement: 'top-left' }, [0, 0, 416, 234]],
    ['all over the input', { fit: 'stretch' }, [0, 0, 416, 320]],
    ['all over the input wherever it should lie', { fit: 'stretch', placement: 'centre' }, [0, 0, 416, 320]],
  ] as const)('puts a picture %s', (_, wishes, [x, y, width, height]) => {
    const letterbox = letterboxFor({ ...size, ...wishes }, 720, 576, PAL);
    expect(letterbox).toMatchObject({ x, y, width, height, sourceWidth: 720, sourceHeight: 576 });
    const { scaleX, scaleY, offsetX, offsetY } = sourceTransformOf(letterbox);
    expect([x * scaleX + offsetX, y * scaleY + offsetY]).toEqual([0, 0]);
    expect((x + width) * scaleX + offsetX).toBeCloseTo(720, 9);
    expect((y + height) * scaleY + offsetY).toBeCloseTo(576, 9);
  });
});

describe('sourceTransformOf', () => {
  it('maps the corners of the shown picture to the corners of the source, whatever the pixel shape', () => {
    fc.assert(
      fc.property(
        side,
        side,
        modelSide,
        modelSide,
        fc.constantFrom(1, 64 / 45, 0.5),
        (w, h, mw, mh, aspect) => {
          const letterbox = letterboxOf(w, h, mw, mh, { num: aspect, den: 1 });
          const t = sourceTransformOf(letterbox);
          expect(letterbox.x * t.scaleX + t.offsetX).toBeCloseTo(0, 6);
          expect(letterbox.y * t.scaleY + t.offsetY).toBeCloseTo(0, 6);
          expect((letterbox.x + letterbox.width) * t.scaleX + t.offsetX).toBeCloseTo(w, 6);
          expect((letterbox.y + letterbox.height) * t.scaleY + t.offsetY).toBeCloseTo(h, 6);
        },
      ),
    );
  });
});
