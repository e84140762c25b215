import type { ColourInfo } from '../../contract/picture.js';
import { lumaWeights } from './luma-weights.js';

/** Turns yuv420p pictures of one size into small RGB ones. */
export interface RgbScaler {
  readonly width: number;
  readonly height: number;
  /**
   * @param image the three planes one after another, without padding; only read during the call.
   * @returns rgb24 that belongs to the scaler and is overwritten by the next call.
   */
  scale(image: Uint8Array): Uint8ClampedArray;
}

/**
 * Prepares the tables for one picture size. The result keeps the shape, fits into a square of `longestSide`, and is never
 * larger than the picture.
 *
 * Brightness is interpolated between neighbours when shrinking by less than 2 and averaged over 2 × 2 or 3 × 3 samples
 * beyond; colour, which 4:2:0 and JPEG both keep at half size, is taken from the nearest sample.
 */
export function createRgbScaler(
  image: { readonly width: number; readonly height: number; readonly colour: ColourInfo },
  longestSide: number,
): RgbScaler {
  const shrink = Math.max(1, Math.max(image.width, image.height) / longestSide);
  const width = Math.max(1, Math.round(image.width / shrink));
  const height = Math.max(1, Math.round(image.height / shrink));
  const fillLuma = shrink < 2 ? interpolator(image, width, height) : averager(image, width, height, shrink);
  const chromaWidth = (image.width + 1) >> 1;
  const chromaHeight = (image.height + 1) >> 1;
  const chromaColumns = nearest(width, chromaWidth);
  const chromaRows = nearest(height, chromaHeight);
  const tables = colourTables(image.colour, image.height);
  const luma = new Uint8Array(width);
  const rgb = new Uint8ClampedArray(width * height * 3);

  return {
    width,
    height,
    scale(planes) {
      const uStart = image.width * image.height;
      const vStart = uStart + chromaWidth * chromaHeight;
      let out = 0;
      for (let row = 0; row < height; row++) {
        fillLuma(planes, row, luma);
        const chromaRow = chromaRows[row]! * chromaWidth;
        for (let column = 0; column < width; column++) {
          const chroma = chromaRow + chromaColumns[column]!;
          const u = planes[uStart + chroma]!;
          const v = planes[vStart + chroma]!;
          const y = tables.luma[luma[column]!]!;
          rgb[out] = (y + tables.redOfV[v]!) >> 16;
          rgb[out + 1] = (y + tables.greenOfU[u]! + tables.greenOfV[v]!) >> 16;
          rgb[out + 2] = (y + tables.blueOfU[u]!) >> 16;
          out += 3;
        }
      }
      return rgb;
    },
  };
}

type FillRow = (planes: Uint8Array, row: number, into: Uint8Array) => void;

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Bilinear between the four nearest samples, in 1/256. */
function interpolator(image: Size, width: number, height: number): FillRow {
  const columns = between(width, image.width);
  const rows = between(height, image.height);
  const last = image.width - 1;
  return (planes, row, into) => {
    const top = rows.first[row]! * image.width;
    const bottom = Math.min(rows.first[row]! + 1, image.height - 1) * image.width;
    const down = rows.share[row]!;
    for (let column = 0; column < width; column++) {
      const left = columns.first[column]!;
      const right = left < last ? left + 1 : last;
      const across = columns.share[column]!;
      const above = planes[top + left]! * (256 - across) + planes[top + right]! * across;
      const below = planes[bottom + left]! * (256 - across) + planes[bottom + right]! * across;
      into[column] = (above * (256 - down) + below * down + 32768) >> 16;
    }
  };
}

/** Mean of a grid of samples that are spread over the area of one output pixel. */
function averager(image: Size, width: number, height: number, shrink: number): FillRow {
  const taps = shrink < 3 ? 2 : 3;
  const columns = nearest(width * taps, image.width);
  const rows = nearest(height * taps, image.height);
  const sums = new Uint16Array(width);
  // 1 / taps² in 1/65536, rounded up so that 255 stays 255.
  const scale = Math.ceil(65536 / (taps * taps));
  return (planes, row, into) => {
    sums.fill(0);
    for (let tapRow = 0; tapRow < taps; tapRow++) {
      const start = rows[row * taps + tapRow]! * image.width;
      for (let column = 0, tap = 0; column < width; column++) {
        let sum = sums[column]!;
        for (let end = tap + taps; tap < end; tap++) sum += planes[start + columns[tap]!]!;
        sums[column] = sum;
      }
    }
    for (let column = 0; column < width; column++) into[column] = (sums[column]! * scale) >> 16;
  };
}

/** For each of `count` output positions, the sample of `size` under its centre. */
function nearest(count: number, size: number): Int32Array {
  return Int32Array.from({ length: count }, (_, at) =>
    Math.min(size - 1, Math.floor(((at + 0.5) * size) / count)),
  );
}

/** For each output position, the sample before its centre and the share of the one after, in 1/256. */
function between(count: number, size: number): { first: Int32Array; share: Int32Array } {
  const centre = (at: number): number => Math.max(0, ((at + 0.5) * size) / count - 0.5);
  return {
    first: Int32Array.from({ length: count }, (_, at) => Math.min(size - 1, Math.floor(centre(at)))),
    share: Int32Array.from({ length: count }, (_, at) => Math.round((centre(at) % 1) * 256)),
  };
}

interface ColourTables {
  readonly luma: Int32Array;
  readonly redOfV: Int32Array;
  readonly greenOfU: Int32Array;
  readonly greenOfV: Int32Array;
  readonly blueOfU: Int32Array;
}

/** The terms of Y′CbCr → R′G′B′ in 1/65536: ITU-T H.273, equations 38 to 47. */
function colourTables({ space, range }: ColourInfo, height: number): ColourTables {
  const [kr, kb] = lumaWeights(space, height);
  const kg = 1 - kr - kb;
  const [black, lumaScale, chromaScale] = range === 'pc' ? [0, 1, 1] : [16, 255 / 219, 255 / 224];
  const table = (factor: number, zero: number, rounding = 0): Int32Array =>
    Int32Array.from({ length: 256 }, (_, value) => Math.round((value - zero) * factor * 65536) + rounding);
  return {
    luma: table(lumaScale, black, 32768),
    redOfV: table(2 * (1 - kr) * chromaScale, 128),
    greenOfU: table((-2 * kb * (1 - kb) * chromaScale) / kg, 128),
    greenOfV: table((-2 * kr * (1 - kr) * chromaScale) / kg, 128),
    blueOfU: table(2 * (1 - kb) * chromaScale, 128),
  };
}
