import type { AnalyticsTotals, LineTotals, ZoneTotals } from '../../contract/events.js';
import { type Canvas, OPAQUE } from './canvas.js';
import type { YuvColour } from './colours.js';
import type { LabelFont } from './label-font.js';
import type { LabelLayout, Rect } from './label-layout.js';
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
const RIM_ALPHA = 0.3 * OPAQUE;
const LABEL_ALPHA = 0.9 * OPAQUE;

/** Draws the lines and the borders of zones. */
export function drawScene(canvas: Canvas, { lines, zones }: AnalyticsTotals, pen: ScenePen): void {
  for (const { polygon, holes } of zones) {
    drawOutline(canvas, polygon, pen);
    for (const hole of holes) drawOutline(canvas, hole, pen);
  }
  for (const { points } of lines) drawPath(canvas, points, pen);
}

/**
 * Labels zones with how many are in them and lines with what crossed them, each at its highest point that has room.
 * @param layout where labels of the frame stand; those of the scene should be the first, as they do not move.
 */
export function labelScene(
  canvas: Canvas,
  { lines, zones }: AnalyticsTotals,
  pen: ScenePen,
  layout: LabelLayout,
): void {
  for (const zone of zones) drawLabel(canvas, zone.polygon, zoneText(zone), pen, layout);
  for (const line of lines) drawLabel(canvas, line.points, lineText(line), pen, layout);
}

function zoneText({ name, occupancy, entered }: ZoneTotals): string {
  return `${name}: ${occupancy} inside, ${entered} entered`;
}

function lineText({ name, directions }: LineTotals): string {
  return `${name}: ${directions.map(({ direction, count }) => `${direction} ${count}`).join(', ')}`;
}

function drawOutline(canvas: Canvas, polygon: readonly Place[], pen: ScenePen): void {
  const [first] = polygon;
  if (first !== undefined) drawPath(canvas, [...polygon, first], pen);
}

/** Each piece is longer by half its thickness at both ends, so that corners are whole. */
function drawPath(canvas: Canvas, points: readonly Place[], { line, colour, text }: ScenePen): void {
  for (let at = 1; at < points.length; at++) {
    const [from, to] = [points[at - 1]!, points[at]!];
    const length = Math.hypot(to.x - from.x, to.y - from.y);
    if (length === 0) continue;
    const [x, y] = [((to.x - from.x) / length) * (line / 2), ((to.y - from.y) / length) * (line / 2)];
    const [x0, y0, x1, y1] = [from.x - x, from.y - y, to.x + x, to.y + y];
    // A dark rim on both sides sets the line off from what is as bright.
    canvas.strokeLine(x0, y0, x1, y1, 2 * line, text, RIM_ALPHA);
    canvas.strokeLine(x0, y0, x1, y1, line, colour, SHAPE_ALPHA);
  }
}

function drawLabel(
  canvas: Canvas,
  points: readonly Place[],
  text: string,
  pen: ScenePen,
  layout: LabelLayout,
): void {
  const { font, padding, labelHeight } = pen;
  const codes = Array.from(text, (letter) => letter.codePointAt(0)!);
  const inner = codes.reduce((sum, code) => sum + font.advance(code), 0);
  const width = 2 * Math.ceil((inner + 2 * padding) / 2);
  const fromTop = points.toSorted((one, other) => one.y - other.y || one.x - other.x);
  const anchors = fromTop.map(({ x, y }) => ({
    x0: evenNear(x),
    y0: evenNear(y),
    x1: evenNear(x),
    y1: evenNear(y),
  }));
  const label: Rect = { x0: 0, y0: 0, x1: 0, y1: 0 };
  layout.placeAtOneOf(anchors, width, labelHeight, label);
  canvas.fillRect(label.x0, label.y0, label.x1, label.y1, pen.colour, LABEL_ALPHA);
  const baseline = label.y0 + Math.round((labelHeight + font.capHeight) / 2);
  let at = label.x0 + padding;
  for (const code of codes) {
    canvas.drawGlyph(font.glyph(code, phaseOf(at)), Math.floor(at), baseline, pen.text);
    at += font.advance(code);
  }
}

function evenNear(value: number): number {
  return 2 * Math.round(value / 2);
}
