import { SightlineError } from './errors.js';
import type { Letterbox, Rational } from './types.js';

/**
 * Where a picture of `sourceWidth` × `sourceHeight` stored pixels goes in a network input of `modelWidth` ×
 * `modelHeight`: as large as it fits with its shape kept, in the middle, odd remainders to the right and bottom.
 *
 * Sizes are cut to whole pixels, never rounded up, as the reference does it (bubbliiiing/efficientnet-yolo3-keras,
 * `resize_image`: `int(iw * scale)`, `(w - nw) // 2`), at least one pixel wide and high.
 * @param pixelAspect shape of a stored pixel, width : height. The network sees square pixels. A number that is not
 * positive means that the file does not know; such pixels are taken as square.
 * @throws SightlineError ERR_USAGE if a size is not a whole number from 1.
 */
export function letterboxOf(
  sourceWidth: number,
  sourceHeight: number,
  modelWidth: number,
  modelHeight: number,
  pixelAspect: Rational = { num: 1, den: 1 },
): Letterbox {
  for (const size of [sourceWidth, sourceHeight, modelWidth, modelHeight]) {
    if (!Number.isSafeInteger(size) || size < 1) {
      throw new SightlineError(
        'ERR_USAGE',
        `a picture of ${sourceWidth}x${sourceHeight} cannot be put into ${modelWidth}x${modelHeight}: sizes are whole numbers from 1`,
      );
    }
  }
  const known = pixelAspect.num > 0 && pixelAspect.den > 0;
  const shownWidth = known ? (sourceWidth * pixelAspect.num) / pixelAspect.den : sourceWidth;
  const scale = Math.min(modelWidth / shownWidth, modelHeight / sourceHeight);
  const width = Math.max(1, Math.trunc(shownWidth * scale));
  const height = Math.max(1, Math.trunc(sourceHeight * scale));
  return {
    modelWidth,
    modelHeight,
    x: Math.floor((modelWidth - width) / 2),
    y: Math.floor((modelHeight - height) / 2),
    width,
    height,
    sourceWidth,
    sourceHeight,
  };
}
