import { escapeXml } from './escape.js';

/** One line of a chart. */
export interface ChartSeries {
  readonly name: string;
  /** Values of x, ascending, with as many of y; both 0 to 1. */
  readonly x: readonly number[];
  readonly y: readonly number[];
}

/** What a chart says. */
export interface Chart {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly ChartSeries[];
}

const WIDTH = 560;
const HEIGHT = 380;
const PLOT = { left: 52, top: 34, width: 350, height: 296 };
/** Colours that people with colour-blindness can tell apart: Okabe and Ito, jfly.uni-koeln.de/color. */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000', '#999999'];
const TICKS = [0, 0.2, 0.4, 0.6, 0.8, 1];

/** A line chart over 0 to 1 on both axes, as a whole SVG document that can also stand inside of HTML. */
export function lineChart({ title, xLabel, yLabel, series }: Chart): string {
  const { left, top, width, height } = PLOT;
  const x = (value: number): string => (left + value * width).toFixed(1);
  const y = (value: number): string => (top + (1 - value) * height).toFixed(1);
  const grid = TICKS.map(
    (tick) =>
      `<path d="M${x(tick)} ${y(0)}V${y(1)}M${x(0)} ${y(tick)}H${x(1)}" stroke="#ddd"/>` +
      `<text x="${x(tick)}" y="${top + height + 16}" text-anchor="middle">${tick}</text>` +
      `<text x="${left - 6}" y="${y(tick)}" dy="4" text-anchor="end">${tick}</text>`,
  );
  const lines = series.map((line, index) => {
    const points = line.x.map((value, at) => `${x(value)},${y(line.y[at]!)}`).join(' ');
    const colour = COLOURS[index % COLOURS.length]!;
    const dash = index >= COLOURS.length ? ' stroke-dasharray="5 3"' : '';
    const at = top + 8 + 17 * index;
    return (
      `<polyline points="${points}" fill="none" stroke="${colour}" stroke-width="2"${dash}/>` +
      `<path d="M${left + width + 12} ${at}h18" stroke="${colour}" stroke-width="2"${dash}/>` +
      `<text x="${left + width + 34}" y="${at}" dy="4">${escapeXml(line.name)}</text>`
    );
  });
  const tall = Math.max(HEIGHT, top + 17 * series.length + 20);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${tall}" width="${WIDTH}" height="${tall}" font-family="sans-serif" font-size="12">`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    `<text x="${left}" y="20" font-size="14" font-weight="bold">${escapeXml(title)}</text>`,
    ...grid,
    `<text x="${left + width / 2}" y="${top + height + 36}" text-anchor="middle">${escapeXml(xLabel)}</text>`,
    `<text transform="translate(14 ${top + height / 2}) rotate(-90)" text-anchor="middle">${escapeXml(yLabel)}</text>`,
    ...lines,
    `</svg>\n`,
  ].join('\n');
}
