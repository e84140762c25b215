import type { AnalyticsTotals, LineTotals, ZoneTotals } from '../../events.js';
import { type Canvas, OPAQUE } from './canvas.js';
import type { YuvColour } from './colours.js';
import type { LabelFont } from './label-font.js';
import { phaseOf } from './label-text.js';

/** Colours and sizes that a scene is drawn in. */
export interface ScenePen {
  readonly line: number;
  readonly padding: number;
  readonly labelHeight: number;
  readonly font: LabelFont;
  readonly colour: YuvColour;
  readonly text: YuvColour;
}

interface Place {
  readonly x: number;
  readonly y: number;
}

const SHAPE_ALPHA = 0.9 * OPAQUE;
const LABEL_ALPHA = 0.8 * OPAQUE;

/** Draws lines with what crossed them, and zones with how many are in them. */
export function drawScene(canvas: Canvas, { lines, zones }: AnalyticsTotals, pen: ScenePen): void {
  for (const { polygon, holes } of zones) {
    drawOutline(canvas, polygon, pen);
    for (const hole of holes) drawOutline(canvas, hole, pen);
  }
  for (const { points } of lines) drawPath(canvas, points, pen);
  for (const zone of zones) drawLabel(canvas, topOf(zone.polygon), zoneText(zone), pen);
  for (const line of lines) drawLabel(canvas, topOf(line.points), lineText(line), pen);
}

function zoneText({ name, occupancy, entered }: ZoneTotals): string {
  return `${name}: ${occupancy} in, ${entered} entered`;
}

function lineText({ name, directions }: LineTotals): string {
  return `${name}: ${directions.map(({ direction, count }) => `${direction} ${count}`).join(', ')}`;
}

function drawOutline(canvas: Canvas, polygon: readonly Place[], pen: ScenePen): void {
  const [first] = polygon;
  if (first !== undefined) drawPath(canvas, [...polygon, first], pen);
}

function drawPath(canvas: Canvas, points: readonly Place[], { line, colour }: ScenePen): void {
  for (let at = 1; at < points.length; at++) {
    const [from, to] = [points[at - 1]!, points[at]!];
    canvas.strokeLine(from.x, from.y, to.x, to.y, line, colour, SHAPE_ALPHA);
  }
}

/** The highest of the points, the leftmost of several. */
function topOf(points: readonly Place[]): Place {
  return points.reduce((best, point) =>
    point.y < best.y || (point.y === best.y && point.x < best.x) ? point : best,
  );
}

/** Above the place if there is room, and always within the picture. */
function drawLabel(canvas: Canvas, { x, y }: Place, text: string, pen: ScenePen): void {
  const { font, padding, labelHeight, line } = pen;
  const codes = Array.from(text, (letter) => letter.codePointAt(0)!);
  const inner = codes.reduce((sum, code) => sum + font.advance(code), 0);
  const width = even(inner + 2 * padding + 1);
  const left = clamp(even(x), canvas.width - width);
  const top = clamp(even(y - labelHeight - line), canvas.height - labelHeight);
  canvas.fillRect(left, top, left + width, top + labelHeight, pen.colour, LABEL_ALPHA);
  const baseline = top + Math.round((labelHeight + font.capHeight) / 2);
  let at = left + padding;
  for (const code of codes) {
    canvas.drawGlyph(font.glyph(code, phaseOf(at)), Math.floor(at), baseline, pen.text);
    at += font.advance(code);
  }
}

function clamp(value: number, most: number): number {
  return Math.max(0, Math.min(value, even(most)));
}

function even(value: number): number {
  return 2 * Math.floor(value / 2);
}
