/** Draws a picture with the boxes of its record and with lines and zones as they stand. */
import type { FrameRecord, Place, Scene, Track } from './messages.js';

const AMBER = 'rgb(255 200 40)';
const DARK = '#101214';

interface Pen {
  readonly context: CanvasRenderingContext2D;
  /** Canvas pixels per pixel of the frame. */
  readonly scale: number;
  /** From a place of the scene to the canvas: frames may have another size than when lines and zones were laid. */
  readonly place: (place: Place) => Place;
  /** Of letters. */
  readonly size: number;
  readonly line: number;
  /** Labels of this picture. */
  readonly taken: Rect[];
}

interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** @param scene of the same source; nothing is drawn of it if there is none. */
export function draw(
  canvas: HTMLCanvasElement,
  picture: ImageBitmap,
  { width, height, tracks }: FrameRecord,
  scene: Scene | undefined,
): void {
  const shown = Math.min(2, devicePixelRatio) * canvas.clientWidth;
  const scale = Math.max(picture.width, shown) / width;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext('2d')!;
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  // Letters are never smaller than 12 pixels of the page, however small the picture is shown.
  const ratio = canvas.width / Math.max(1, canvas.clientWidth);
  const size = Math.round(Math.max(12 * ratio, Math.min(canvas.width, canvas.height) / 34));
  const [across, down] = [canvas.width / (scene?.width ?? width), canvas.height / (scene?.height ?? height)];
  const place = ({ x, y }: Place): Place => ({ x: x * across, y: y * down });
  const pen = {
    context,
    scale,
    place,
    size,
    line: Math.max(1.5 * ratio, Math.min(canvas.width, canvas.height) / 220),
    taken: [],
  };
  context.font = `600 ${size}px system-ui, sans-serif`;
  context.lineJoin = 'round';
  if (scene !== undefined) drawShapes(pen, scene);
  for (const track of tracks) drawBox(pen, track);
  // After the boxes, so that none runs through a label; those of the scene first, as they do not move.
  if (scene !== undefined) drawCounts(pen, scene);
  for (const track of tracks) if (track.state !== 'lost') drawName(pen, track);
}

function drawShapes(pen: Pen, { lines, zones }: Scene): void {
  const { context, line } = pen;
  context.setLineDash([]);
  const path = new Path2D();
  for (const { polygon, holes } of zones)
    for (const ring of [polygon, ...holes]) path.addPath(pathOf(pen, ring, true));
  context.fillStyle = 'rgb(255 200 40 / 8%)';
  context.fill(path, 'evenodd');
  for (const { points } of lines) path.addPath(pathOf(pen, points, false));
  // A dark rim sets the lines off from what is as bright.
  for (const [style, width] of [
    ['rgb(0 0 0 / 30%)', 2 * line],
    [AMBER, line],
  ] as const) {
    context.strokeStyle = style;
    context.lineWidth = width;
    context.stroke(path);
  }
}

function pathOf({ place }: Pen, points: readonly Place[], closed: boolean): Path2D {
  const path = new Path2D();
  for (const { x, y } of points.map(place)) path.lineTo(x, y);
  if (closed) path.closePath();
  return path;
}

function drawCounts(pen: Pen, { lines, zones }: Scene): void {
  const atPoints = (points: readonly Place[], text: string): void => {
    const ends = points.map(pen.place).sort((one, other) => one.y - other.y || one.x - other.x);
    const places = (height: number): Place[] =>
      ends.flatMap(({ x, y }) => [
        { x, y: y - height },
        { x, y },
      ]);
    drawLabel(pen, places, text, AMBER);
  };
  for (const { name, polygon, occupancy, entered } of zones)
    atPoints(polygon, `${name}: ${occupancy} inside, ${entered} entered`);
  for (const { name, points, directions } of lines)
    atPoints(
      points,
      `${name}: ${directions.map(({ direction, count }) => `${direction} ${count}`).join(', ')}`,
    );
}

/** Steps of the golden angle keep neighbouring ids far apart in hue. */
function colourOf(id: number): string {
  return `hsl(${(id * 137.508) % 360} 80% 62%)`;
}

function drawBox({ context, scale, line }: Pen, { id, state, box }: Track): void {
  const [x1, y1, x2, y2] = box.map((value) => value * scale) as [number, number, number, number];
  context.strokeStyle = colourOf(id);
  context.lineWidth = line;
  context.setLineDash(state === 'lost' ? [6, 6] : []);
  context.strokeRect(x1, y1, x2 - x1, y2 - y1);
}

function drawName(pen: Pen, { id, class: name, confidence, box }: Track): void {
  const [x, y1, , y2] = box.map((value) => value * pen.scale) as [number, number, number, number];
  const places = (height: number): Place[] => [
    { x, y: y1 - height },
    { x, y: Math.max(0, y1) },
    { x, y: y2 },
  ];
  drawLabel(pen, places, `${name} ${id} ${confidence.toFixed(2)}`, colourOf(id));
}

/**
 * Draws a label at the first of the places where it is whole and hides no other, or else moved so that it is, or at the first.
 * @param placesFor a label of this height.
 */
function drawLabel(
  { context, size, taken }: Pen,
  placesFor: (height: number) => readonly Place[],
  text: string,
  colour: string,
): void {
  const { width: canvasWidth, height: canvasHeight } = context.canvas;
  const most = canvasWidth - size * 0.6;
  const lines = linesOf(context, text, most);
  const widest = Math.max(...lines.map((line) => context.measureText(line).width));
  const width = Math.min(most, widest) + size * 0.6;
  const height = size * (1.2 * lines.length + 0.2);
  const places = placesFor(height);
  const rects = places.map(({ x, y }) => ({
    x: Math.max(0, Math.min(x, canvasWidth - width)),
    y: Math.max(0, Math.min(y, canvasHeight - height)),
    width,
    height,
  }));
  const free = rects.filter((rect) => !taken.some((other) => overlap(rect, other)));
  const rect = free.find((one) => places.some(({ y }) => y === one.y)) ?? free[0] ?? rects[0];
  if (rect === undefined) return;
  taken.push(rect);
  context.fillStyle = colour;
  context.fillRect(rect.x, rect.y, width, height);
  context.fillStyle = DARK;
  // Letters of a word that is wider than the picture move together.
  for (const [at, line] of lines.entries())
    context.fillText(line, rect.x + size * 0.3, rect.y + size * (1.05 + 1.2 * at), most);
}

/** A text that is wider than the picture, as on a phone, goes on below. */
function linesOf(context: CanvasRenderingContext2D, text: string, most: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const longer = `${lines.at(-1) ?? ''} ${word}`;
    if (lines.length > 0 && context.measureText(longer).width <= most) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

function overlap(one: Rect, other: Rect): boolean {
  return (
    Math.abs(one.x + one.width / 2 - other.x - other.width / 2) < (one.width + other.width) / 2 &&
    Math.abs(one.y + one.height / 2 - other.y - other.height / 2) < (one.height + other.height) / 2
  );
}
