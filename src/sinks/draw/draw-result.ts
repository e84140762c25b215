import type { ColourInfo, PixelBuffer } from '../../contract/picture.js';
import type { FrameResult } from '../../contract/result.js';
import { createPainter } from './painter.js';

/**
 * Draws the boxes and labels of one result into a picture, for a snapshot. For the frames of a video keep a painter
 * (`createPainter`): it draws trails too, and prepares fonts and colours once.
 * @param image yuv420p at the size of the source, for instance a copy of `frame.image`; changed in place.
 * @param colour how the picture stores colours, as `SourceInfo` says it.
 */
export function drawResult(image: PixelBuffer, result: FrameResult, colour: ColourInfo = {}): void {
  const { width, height } = image;
  const boxes = result.tracks.length > 0 ? 'tracks' : 'detections';
  createPainter({ width, height, colour, boxes, trailSeconds: 0 }).draw(image, result);
}
