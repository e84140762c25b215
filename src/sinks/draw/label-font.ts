import { inflateRawSync } from 'node:zlib';
import { LABEL_FONT } from './label-font-data.js';

/** A character at its drawn size: `alpha` holds `width × height` values from 0 to 255, from `left`, `top` of the pen. */
export interface Glyph {
  readonly left: number;
  /** Rows below the baseline; negative above it. */
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly alpha: Uint8Array;
}

/** A font at one size. */
export interface LabelFont {
  /** Height of a capital letter in pixels. */
  readonly capHeight: number;
  /** Distance to the next pen position in pixels, not rounded. */
  advance(code: number): number;
  /**
   * @param phase where in its pixel the pen stands, in quarters from 0 to 3: letters keep their distances at small sizes.
   */
  glyph(code: number, phase: number): Glyph;
}

/** Quarters of a pixel at which the pen can stand. */
export const PEN_PHASES = 4;

/**
 * Scales the font of the labels, DejaVu Sans Condensed Bold. Characters that it lacks are shown as a question mark.
 * @param emPixels wanted size; taken to the nearest one whose small letters are a whole number of pixels high, which
 * keeps small text sharp.
 */
export function createLabelFont(emPixels: number): LabelFont {
  const source = readSource();
  const scale =
    Math.max(4, Math.round(emPixels * LABEL_FONT.xHeight)) / LABEL_FONT.xHeight / LABEL_FONT.emPixels;
  const scaled = new Map<number, Glyph>();
  const find = (code: number): SourceGlyph => source.get(code) ?? source.get(QUESTION_MARK)!;
  return {
    capHeight: LABEL_FONT.capHeight * LABEL_FONT.emPixels * scale,
    advance: (code) => find(code).advance * scale,
    glyph(code, phase) {
      const key = code * PEN_PHASES + phase;
      let glyph = scaled.get(key);
      if (glyph === undefined) {
        glyph = scaleGlyph(find(code), scale, phase / PEN_PHASES);
        // Only what the font has is kept, or a label of odd characters could grow this map without end.
        if (source.has(code)) scaled.set(key, glyph);
      }
      return glyph;
    },
  };
}

/** Those of `names` that hold a character which the font lacks, each once; they are drawn with question marks. */
export function namesNotWritten(names: readonly string[]): string[] {
  const source = readSource();
  const lacks = (name: string): boolean =>
    Array.from(name).some((letter) => !source.has(letter.codePointAt(0)!));
  return [...new Set(names)].filter(lacks);
}

const QUESTION_MARK = 0x3f;
const RECORD_VALUES = 6;

interface SourceGlyph extends Glyph {
  readonly advance: number;
}

/**
 * Unpacks the glyph pictures: for each glyph six signed 16-bit little-endian numbers (code, left, top, width, height,
 * advance in 1/64 pixel), then the alpha values of all.
 */
function readSource(): ReadonlyMap<number, SourceGlyph> {
  const bytes = inflateRawSync(Buffer.from(LABEL_FONT.deflatedBase64, 'base64'));
  const glyphs = new Map<number, SourceGlyph>();
  let pixels = LABEL_FONT.glyphs * RECORD_VALUES * 2;
  for (let index = 0; index < LABEL_FONT.glyphs; index++) {
    const value = (field: number): number => bytes.readInt16LE((index * RECORD_VALUES + field) * 2);
    const [width, height] = [value(3), value(4)];
    const alpha = bytes.subarray(pixels, pixels + width * height);
    pixels += width * height;
    glyphs.set(value(0), { left: value(1), top: value(2), width, height, alpha, advance: value(5) / 64 });
  }
  return glyphs;
}

/** Area averaging: each pixel of the result is the mean of the part of the source that it covers. */
function scaleGlyph(source: SourceGlyph, scale: number, shift: number): Glyph {
  const left = Math.floor(source.left * scale + shift);
  const right = Math.ceil((source.left + source.width) * scale + shift);
  const top = Math.floor(source.top * scale);
  const bottom = Math.ceil((source.top + source.height) * scale);
  const width = source.width === 0 ? 0 : right - left;
  const height = source.height === 0 ? 0 : bottom - top;
  const alpha = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const y0 = (top + y) / scale - source.top;
    for (let x = 0; x < width; x++) {
      const x0 = (left + x - shift) / scale - source.left;
      const sum = sumOver(source, x0, y0, x0 + 1 / scale, y0 + 1 / scale);
      alpha[y * width + x] = Math.round(sum * scale * scale);
    }
  }
  return { left, top, width, height, alpha };
}

/** The integral of a glyph over a rectangle; it is 0 outside its picture. */
function sumOver({ alpha, width, height }: Glyph, x0: number, y0: number, x1: number, y1: number): number {
  let sum = 0;
  for (let y = Math.max(0, Math.floor(y0)); y < Math.min(height, y1); y++) {
    const rowShare = Math.min(y + 1, y1) - Math.max(y, y0);
    for (let x = Math.max(0, Math.floor(x0)); x < Math.min(width, x1); x++)
      sum += alpha[y * width + x]! * rowShare * (Math.min(x + 1, x1) - Math.max(x, x0));
  }
  return sum;
}
