import { SightlineError } from '../errors.js';
import type { InputGeometry } from '../contract/frame.js';
import type { Letterbox, Rational } from '../contract/picture.js';

/** What decides where a picture goes in a network's input. */
export type InputFit = Pick<InputGeometry, 'width' | 'height' | 'fit' | 'placement'>;

/**
 * Where a picture of `sourceWidth` × `sourceHeight` stored pixels goes in a network's input: as large as it fits with its
 * shape kept, in the middle (odd remainders to the right and bottom) or in the top left corner; or, stretched, all over it.
 *
 * Sizes are cut to whole pixels, never rounded up, as the reference does it (bubbliiiing/efficientnet-yolo3-keras,
 * `resize_image`: `int(iw * scale)`, `(w - nw) // 2`), at least one pixel wide and high.
 * @param pixelAspect shape of a stored pixel, width : height. The network sees square pixels. A number that is not
 * positive means that the file does not know; such pixels are taken as square.
 * @throws SightlineError ERR_USAGE if a size is not a whole number from 1.
 */
export function letterboxFor(
  { width: inputWidth, height: inputHeight, fit = 'letterbox', placement = 'centre' }: InputFit,
  sourceWidth: number,
  sourceHeight: number,
  pixelAspect: Rational = { num: 1, den: 1 },
): Letterbox {
  for (const size of [sourceWidth, sourceHeight, inputWidth, inputHeight]) {
    if (!Number.isSafeInteger(size) || size < 1) {
      throw new SightlineError(
        'ERR_USAGE',
        `a picture of ${sourceWidth}x${sourceHeight} cannot be put into ${inputWidth}x${inputHeight}: sizes are whole numbers from 1`,
      );
    }
  }
  const sizes = { inputWidth, inputHeight, sourceWidth, sourceHeight };
  if (fit === 'stretch') return { ...sizes, x: 0, y: 0, width: inputWidth, height: inputHeight };
  const known = pixelAspect.num > 0 && pixelAspect.den > 0;
  const shownWidth = known ? (sourceWidth * pixelAspect.num) / pixelAspect.den : sourceWidth;
  const scale = Math.min(inputWidth / shownWidth, inputHeight / sourceHeight);
  const width = Math.max(1, Math.trunc(shownWidth * scale));
  const height = Math.max(1, Math.trunc(sourceHeight * scale));
  const corner = placement === 'top-left';
  const x = corner ? 0 : Math.floor((inputWidth - width) / 2);
  const y = corner ? 0 : Math.floor((inputHeight - height) / 2);
  return { ...sizes, x, y, width, height };
}

/** {@link letterboxFor} with the picture in the middle, for who knows no more than the two sizes. */
export function letterboxOf(
  sourceWidth: number,
  sourceHeight: number,
  inputWidth: number,
  inputHeight: number,
  pixelAspect?: Rational,
): Letterbox {
  return letterboxFor({ width: inputWidth, height: inputHeight }, sourceWidth, sourceHeight, pixelAspect);
}

/**
 * The way back from network pixels to source pixels, one axis at a time: `source = network * scale + offset`.
 */
export interface BoxTransform {
  readonly scaleX: number;
  readonly scaleY: number;
  readonly offsetX: number;
  readonly offsetY: number;
  /** Size of the source picture. */
  readonly width: number;
  readonly height: number;
}

/** Undoes a letterbox, to the pixel: it uses the size that the picture has in the canvas, not the one it should have. */
export function sourceTransformOf(letterbox: Letterbox): BoxTransform {
  const scaleX = letterbox.sourceWidth / letterbox.width;
  const scaleY = letterbox.sourceHeight / letterbox.height;
  return {
    scaleX,
    scaleY,
    offsetX: -letterbox.x * scaleX,
    offsetY: -letterbox.y * scaleY,
    width: letterbox.sourceWidth,
    height: letterbox.sourceHeight,
  };
}
