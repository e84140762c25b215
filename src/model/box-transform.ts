import type { Letterbox } from '../types.js';

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
