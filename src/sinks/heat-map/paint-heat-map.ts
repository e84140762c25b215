/** Lays a heat map over a picture, with a scale. In RGB and only once a run, so that it can be plain code. */
import type { HeatMapSnapshot } from '../../contract/events.js';
import { createLabelFont, type LabelFont } from '../draw/label-font.js';
import { phaseOf } from '../draw/label-text.js';

/** rgb24 rows. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray;
}

type Rgb = readonly [number, number, number];

/** From little time to much. */
const RAMP: readonly Rgb[] = [
  [48, 18, 100],
  [126, 28, 138],
  [212, 56, 96],
  [248, 128, 44],
  [252, 206, 62],
  [255, 250, 190],
];
const WHITE: Rgb = [255, 255, 255];
const MOST_OPAQUE = 0.86;
/** Of the picture's brightness: what is under the map should be seen and not compete with it. */
const DIMMED = 0.62;

/**
 * Paints into `image`, which loses its colours. Colour and opacity follow the square root of time: a parked car does not make
 * everything else invisible. Times are smoothed over neighbouring cells.
 */
export function paintHeatMap(image: RgbImage, heat: HeatMapSnapshot): void {
  dim(image);
  const { columns, rows } = heat;
  const cells = smooth(heat);
  const most = cells.reduce((best, value) => Math.max(best, value), 0);
  const { width, height, data } = image;
  if (most > 0)
    for (let y = 0; y < height; y++) {
      const row = ((y + 0.5) * rows) / height - 0.5;
      for (let x = 0; x < width; x++) {
        const value = between(cells, columns, rows, ((x + 0.5) * columns) / width - 0.5, row);
        const share = Math.sqrt(value / most);
        if (share > 0.02) blend(data, 3 * (y * width + x), colourOf(share), opacityOf(share));
      }
    }
  drawScale(
    image,
    most,
    (x, y) => cells[Math.floor((y * rows) / height) * columns + Math.floor((x * columns) / width)]!,
  );
}

function dim({ data }: RgbImage): void {
  for (let at = 0; at < data.length; at += 3) {
    const grey = DIMMED * (0.3 * data[at]! + 0.59 * data[at + 1]! + 0.11 * data[at + 2]!);
    data.fill(grey, at, at + 3);
  }
}

/** Weights 1, 2, 1 in both directions; cells beyond the border count as their neighbour. */
function smooth({ columns, rows, seconds }: HeatMapSnapshot): Float64Array {
  const at = (column: number, row: number): number =>
    seconds[Math.min(rows - 1, Math.max(0, row)) * columns + Math.min(columns - 1, Math.max(0, column))]!;
  const across = (column: number, row: number): number =>
    (at(column - 1, row) + 2 * at(column, row) + at(column + 1, row)) / 4;
  return Float64Array.from({ length: columns * rows }, (_, cell) => {
    const [column, row] = [cell % columns, Math.floor(cell / columns)];
    return (across(column, row - 1) + 2 * across(column, row) + across(column, row + 1)) / 4;
  });
}

/** Bilinear; `x` and `y` count cells from the centre of the first. */
function between(cells: Float64Array, columns: number, rows: number, x: number, y: number): number {
  const [left, top] = [Math.max(0, Math.floor(x)), Math.max(0, Math.floor(y))];
  const [right, bottom] = [Math.min(columns - 1, left + 1), Math.min(rows - 1, top + 1)];
  const [across, down] = [Math.max(0, x - left), Math.max(0, y - top)];
  const above = cells[top * columns + left]! * (1 - across) + cells[top * columns + right]! * across;
  const below = cells[bottom * columns + left]! * (1 - across) + cells[bottom * columns + right]! * across;
  return above * (1 - down) + below * down;
}

function colourOf(share: number): Rgb {
  const place = Math.min(1, share) * (RAMP.length - 1);
  const from = Math.min(RAMP.length - 2, Math.floor(place));
  const [one, other] = [RAMP[from]!, RAMP[from + 1]!];
  const part = place - from;
  return [0, 1, 2].map((i) => one[i]! + (other[i]! - one[i]!) * part) as unknown as Rgb;
}

function opacityOf(share: number): number {
  return MOST_OPAQUE * Math.min(1, 2.2 * share);
}

function blend(data: Uint8ClampedArray, at: number, colour: Rgb, opacity: number): void {
  for (let i = 0; i < 3; i++) data[at + i] = data[at + i]! * (1 - opacity) + colour[i]! * opacity;
}

/**
 * A bar of the colours and the times that they stand for, in the corner where it hides least. Left out of pictures that are too
 * small for it.
 */
function drawScale(image: RgbImage, most: number, heatAt: (x: number, y: number) => number): void {
  const { width, height, data } = image;
  const font = createLabelFont(Math.max(11, Math.min(width, height) * 0.018 + 4));
  const gap = Math.round(font.capHeight);
  const bar = Math.round(Math.min(width * 0.35, 26 * gap));
  const title = 'object-seconds in a cell';
  if (Math.max(bar, widthOf(font, title)) + 4 * gap > width || 8 * gap > height) return;
  const panel = {
    width: Math.max(bar, Math.ceil(widthOf(font, title))) + 2 * gap,
    height: Math.round(6.4 * gap),
  };
  const corners = [height - gap - panel.height, gap].flatMap((top) =>
    [gap, width - gap - panel.width].map((left) => ({ left, top, hidden: 0 })),
  );
  for (const corner of corners)
    for (let y = corner.top; y < corner.top + panel.height; y++)
      for (let x = corner.left; x < corner.left + panel.width; x++) corner.hidden += heatAt(x, y);
  const { left, top } = corners.reduce((best, corner) => (corner.hidden < best.hidden ? corner : best));
  for (let y = top; y < top + panel.height; y++)
    for (let x = left; x < left + panel.width; x++) blend(data, 3 * (y * width + x), [0, 0, 0], 0.55);
  const [x0, y0] = [left + gap, top + gap];
  write(image, font, title, x0, y0 + gap);
  for (let y = y0 + Math.round(1.7 * gap); y < y0 + Math.round(2.7 * gap); y++)
    for (let x = 0; x < bar; x++) {
      const share = (x + 0.5) / bar;
      blend(data, 3 * (y * width + x0 + x), colourOf(share), Math.max(0.25, opacityOf(share)));
    }
  const baseline = y0 + Math.round(4.4 * gap);
  for (const [share, seconds] of [
    [0, 0],
    [0.5, most / 4],
    [1, most],
  ] as const) {
    const text = most === 0 && share > 0 ? '' : timeText(seconds);
    write(image, font, text, x0 + share * (bar - widthOf(font, text)), baseline);
  }
}

/** Two digits that count, and no more of them than a person reads. */
function timeText(seconds: number): string {
  if (seconds === 0) return '0';
  return seconds >= 10 ? String(Math.round(seconds)) : String(Number(seconds.toPrecision(2)));
}

function widthOf(font: LabelFont, text: string): number {
  return Array.from(text).reduce((sum, letter) => sum + font.advance(letter.codePointAt(0)!), 0);
}

function write({ data, width }: RgbImage, font: LabelFont, text: string, x: number, baseline: number): void {
  let pen = x;
  for (const letter of text) {
    const code = letter.codePointAt(0)!;
    const glyph = font.glyph(code, phaseOf(pen));
    for (let row = 0; row < glyph.height; row++)
      for (let column = 0; column < glyph.width; column++) {
        const at = (baseline + glyph.top + row) * width + Math.floor(pen) + glyph.left + column;
        blend(data, 3 * at, WHITE, glyph.alpha[row * glyph.width + column]! / 255);
      }
    pen += font.advance(code);
  }
}
