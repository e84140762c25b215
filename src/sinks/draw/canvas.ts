import type { PixelBuffer } from '../../contract/picture.js';
import type { YuvColour } from './colours.js';
import type { Glyph } from './label-font.js';

/** Full opacity. */
export const OPAQUE = 256;

/** One plane of a picture. */
interface Plane {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/**
 * Draws into the three planes of a yuv420p picture, in place and without allocating. Everything is clipped at the
 * picture's edges. Chroma has half the resolution, so edges on even coordinates are sharp and others bleed by a pixel.
 */
export class Canvas {
  readonly width: number;
  readonly height: number;
  readonly #y: Plane;
  readonly #u: Plane;
  readonly #v: Plane;

  /** @param image yuv420p; its pixels are changed by drawing. */
  constructor(image: PixelBuffer) {
    const { width, height, data } = image;
    const [chromaWidth, chromaHeight] = [Math.ceil(width / 2), Math.ceil(height / 2)];
    const [luma, chroma] = [width * height, chromaWidth * chromaHeight];
    if (image.format !== 'yuv420p' || data.length !== luma + 2 * chroma)
      throw new RangeError(
        `a yuv420p picture of ${luma + 2 * chroma} bytes was expected but ${data.length} bytes of ${image.format} were given`,
      );
    this.width = width;
    this.height = height;
    this.#y = { data: data.subarray(0, luma), width, height };
    this.#u = { data: data.subarray(luma, luma + chroma), width: chromaWidth, height: chromaHeight };
    this.#v = { data: data.subarray(luma + chroma), width: chromaWidth, height: chromaHeight };
  }

  /** Fills a rectangle of whole, even coordinates, `x1` and `y1` excluded. @param alpha 0 to `OPAQUE`. */
  fillRect(x0: number, y0: number, x1: number, y1: number, colour: YuvColour, alpha = OPAQUE): void {
    fill(this.#y, x0, y0, x1, y1, colour.y, alpha);
    fill(this.#u, x0 >> 1, y0 >> 1, x1 >> 1, y1 >> 1, colour.u, alpha);
    fill(this.#v, x0 >> 1, y0 >> 1, x1 >> 1, y1 >> 1, colour.v, alpha);
  }

  /** Fills a rectangle in brightness only: a shade that leaves the colours of the picture as they are. */
  shadeRect(x0: number, y0: number, x1: number, y1: number, luma: number, alpha: number): void {
    fill(this.#y, x0, y0, x1, y1, luma, alpha);
  }

  /** Draws a straight line with soft edges, its end excluded, so that joined lines do not overlap. */
  strokeLine(
    x0: number,
    y0: number,
    x1: number,
    y1: number,
    thickness: number,
    colour: YuvColour,
    alpha: number,
  ): void {
    stroke(this.#y, x0, y0, x1, y1, thickness, colour.y, alpha);
    stroke(this.#u, x0 / 2, y0 / 2, x1 / 2, y1 / 2, thickness / 2, colour.u, alpha);
    stroke(this.#v, x0 / 2, y0 / 2, x1 / 2, y1 / 2, thickness / 2, colour.v, alpha);
  }

  /** Draws a character with its pen at whole pixel `x` on the baseline `y`. */
  drawGlyph(glyph: Glyph, x: number, y: number, colour: YuvColour): void {
    const [left, top] = [x + glyph.left, y + glyph.top];
    blendGlyph(this.#y, glyph, left, top, colour.y);
    blendGlyphHalved(this.#u, glyph, left, top, colour.u);
    blendGlyphHalved(this.#v, glyph, left, top, colour.v);
  }
}

function fill(
  plane: Plane,
  x0: number,
  y0: number,
  x1: number,
  y1: number,
  value: number,
  alpha: number,
): void {
  const { data, width } = plane;
  const left = Math.max(0, x0);
  const right = Math.min(width, x1);
  const bottom = Math.min(plane.height, y1);
  if (left >= right) return;
  for (let y = Math.max(0, y0); y < bottom; y++) {
    const row = y * width;
    if (alpha === OPAQUE) data.fill(value, row + left, row + right);
    else for (let x = left; x < right; x++) data[row + x] = mix(data[row + x]!, value, alpha);
  }
}

/**
 * Walks the longer axis one pixel at a time and covers a span across it. The span is as long as makes the line
 * `thickness` wide at right angles; its two ends are blended by how much of the pixel they cover.
 */
function stroke(
  plane: Plane,
  x0: number,
  y0: number,
  x1: number,
  y1: number,
  thickness: number,
  value: number,
  alpha: number,
): void {
  const flat = Math.abs(x1 - x0) >= Math.abs(y1 - y0);
  const [from, to, acrossFrom, acrossTo] = flat ? [x0, x1, y0, y1] : [y0, y1, x0, x1];
  if (from === to) return;
  const slope = (acrossTo - acrossFrom) / (to - from);
  const half = (thickness / 2) * Math.sqrt(1 + slope * slope);
  const length = flat ? plane.width : plane.height;
  const breadth = flat ? plane.height : plane.width;
  const step = flat ? 1 : plane.width;
  const stride = flat ? plane.width : 1;
  const first = Math.max(0, Math.ceil(Math.min(from, to) - 0.5));
  const last = Math.min(length, Math.ceil(Math.max(from, to) - 0.5));
  for (let along = first; along < last; along++) {
    const centre = acrossFrom + (along + 0.5 - from) * slope;
    const low = Math.max(0, centre - half);
    const high = Math.min(breadth, centre + half);
    for (let across = Math.floor(low); across < high; across++) {
      const covered = Math.min(across + 1, high) - Math.max(across, low);
      const at = along * step + across * stride;
      plane.data[at] = mix(plane.data[at]!, value, Math.round(alpha * covered));
    }
  }
}

function blendGlyph(plane: Plane, glyph: Glyph, left: number, top: number, value: number): void {
  const { data, width, height } = plane;
  const firstRow = Math.max(0, -top);
  const lastRow = Math.min(glyph.height, height - top);
  const firstColumn = Math.max(0, -left);
  const lastColumn = Math.min(glyph.width, width - left);
  for (let row = firstRow; row < lastRow; row++) {
    const at = (top + row) * width + left;
    for (let column = firstColumn; column < lastColumn; column++) {
      const alpha = glyph.alpha[row * glyph.width + column]!;
      if (alpha > 0) data[at + column] = mix(data[at + column]!, value, alpha + (alpha >> 7));
    }
  }
}

/** Blends a glyph given in luma pixels into a chroma plane, by its mean over each two by two pixels. */
function blendGlyphHalved(plane: Plane, glyph: Glyph, left: number, top: number, value: number): void {
  const { data, width, height } = plane;
  const right = Math.min(width, (left + glyph.width + 1) >> 1);
  const bottom = Math.min(height, (top + glyph.height + 1) >> 1);
  for (let y = Math.max(0, top >> 1); y < bottom; y++)
    for (let x = Math.max(0, left >> 1); x < right; x++) {
      const [column, row] = [2 * x - left, 2 * y - top];
      const sum =
        alphaOf(glyph, column, row) +
        alphaOf(glyph, column + 1, row) +
        alphaOf(glyph, column, row + 1) +
        alphaOf(glyph, column + 1, row + 1);
      const alpha = sum >> 2;
      const at = y * width + x;
      if (alpha > 0) data[at] = mix(data[at]!, value, alpha + (alpha >> 7));
    }
}

function alphaOf(glyph: Glyph, column: number, row: number): number {
  const inside = column >= 0 && row >= 0 && column < glyph.width && row < glyph.height;
  return inside ? glyph.alpha[row * glyph.width + column]! : 0;
}

/** @param alpha 0 to 256. */
function mix(under: number, over: number, alpha: number): number {
  return (under * (OPAQUE - alpha) + over * alpha + 128) >> 8;
}
