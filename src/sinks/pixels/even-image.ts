import { SightlineError } from '../../errors.js';
import type { PixelBuffer } from '../../contract/picture.js';

/** A new picture of at least this size with an even width and height, which encoders of 4:2:0 need. */
export function evenImage(width: number, height: number): PixelBuffer {
  const [evenWidth, evenHeight] = [width + (width % 2), height + (height % 2)];
  const data = new Uint8Array((evenWidth * evenHeight * 3) / 2);
  return { format: 'yuv420p', width: evenWidth, height: evenHeight, data };
}

/**
 * Copies a picture into one made by `evenImage` for its size. The column and row that make an odd picture even repeat
 * the last ones, so that no dark edge bleeds in; chroma covers them already.
 * @throws SightlineError ERR_SINK_FAILED if the sizes do not fit.
 */
export function copyImage(from: PixelBuffer, to: PixelBuffer): void {
  const { width, height } = from;
  if (from.data.length === to.data.length && width === to.width) {
    to.data.set(from.data);
    return;
  }
  if (width + (width % 2) !== to.width || height + (height % 2) !== to.height)
    throw new SightlineError(
      'ERR_SINK_FAILED',
      `the picture changed its size to ${width} × ${height}, and a video file has one size; the frames before it are kept`,
    );
  for (let row = 0; row < to.height; row++) {
    const source = Math.min(row, height - 1) * width;
    const target = row * to.width;
    to.data.set(from.data.subarray(source, source + width), target);
    if (to.width > width) to.data[target + width] = from.data[source + width - 1]!;
  }
  to.data.set(from.data.subarray(width * height), to.width * to.height);
}
