import type { ColourInfo } from '../../contract/picture.js';
import { lumaWeights } from '../pixels/luma-weights.js';

/** A colour as the picture stores it, 8 bits each. */
export interface YuvColour {
  readonly y: number;
  readonly u: number;
  readonly v: number;
}

/** What one object is drawn in. */
export interface Ink {
  readonly box: YuvColour;
  /** Black or white, whichever reads better on `box`. */
  readonly text: YuvColour;
}

/** Red, green and blue with sRGB's transfer curve, 0 to 1. */
export type Rgb = readonly [number, number, number];

/**
 * A fixed set of inks, far apart for neighbouring numbers: hues a golden angle apart, so that any few in a row are spread
 * over the circle, in three lightnesses.
 * @param toYuv how the picture stores colours.
 */
export function createPalette(toYuv: (rgb: Rgb) => YuvColour): (index: number) => Ink {
  const black = toYuv([0, 0, 0]);
  const white = toYuv([1, 1, 1]);
  const inks = Array.from({ length: PALETTE_SIZE }, (_, index): Ink => {
    const hue = (FIRST_HUE + index * GOLDEN_ANGLE) % 360;
    const rgb = oklchToRgb(LIGHTNESS[index % LIGHTNESS.length]!, CHROMA, hue);
    return { box: toYuv(rgb), text: isBright(rgb) ? black : white };
  });
  return (index) => inks[index % PALETTE_SIZE]!;
}

const PALETTE_SIZE = 48;
const GOLDEN_ANGLE = 137.50776405003785;
const FIRST_HUE = 10;
const LIGHTNESS = [0.82, 0.74, 0.67] as const;
const CHROMA = 0.2;

/**
 * How a picture with these tags stores colours.
 * @param height of the picture, for what the tags leave open.
 */
export function rgbToYuv(colour: ColourInfo, height: number): (rgb: Rgb) => YuvColour {
  const [kr, kb] = lumaWeights(colour.space, height);
  const full = colour.range === 'pc';
  const [offset, lumaScale, chromaScale] = full ? [0, 255, 255] : [16, 219, 224];
  return ([r, g, b]) => {
    const luma = kr * r + (1 - kr - kb) * g + kb * b;
    return {
      y: toByte(offset + lumaScale * luma),
      u: toByte(128 + (chromaScale * (b - luma)) / (2 * (1 - kb))),
      v: toByte(128 + (chromaScale * (r - luma)) / (2 * (1 - kr))),
    };
  };
}

/**
 * A colour of the OKLCH space, its chroma lowered until sRGB can show it.
 * Constants: Björn Ottosson, https://bottosson.github.io/posts/oklab/
 */
function oklchToRgb(lightness: number, chroma: number, hueDegrees: number): Rgb {
  const hue = (hueDegrees * Math.PI) / 180;
  for (let c = chroma; c > 0; c -= 0.005) {
    const linear = oklabToLinear(lightness, c * Math.cos(hue), c * Math.sin(hue));
    if (linear.every((part) => part >= 0 && part <= 1)) return linear.map(toSrgb) as unknown as Rgb;
  }
  const grey = toSrgb(lightness ** 3);
  return [grey, grey, grey];
}

function oklabToLinear(lightness: number, a: number, b: number): [number, number, number] {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
}

function toSrgb(linear: number): number {
  return linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055;
}

/** Whether black text has the higher contrast: relative luminance of WCAG 2, whose two ratios are equal near 0.18. */
function isBright(rgb: Rgb): boolean {
  const [r, g, b] = rgb.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b! > 0.18;
}

function toByte(value: number): number {
  return Math.min(255, Math.max(0, Math.round(value)));
}
