import type { Detection } from '../../contract/detector.js';
import type { Box, ColourInfo, PixelBuffer } from '../../contract/picture.js';
import type { FrameResult } from '../../contract/result.js';
import type { Track } from '../../contract/tracker.js';
import { Canvas, OPAQUE } from './canvas.js';
import { createPalette, type Ink, rgbToYuv, type YuvColour } from './colours.js';
import { createLabelFont, type LabelFont } from './label-font.js';
import { LabelLayout, type Rect } from './label-layout.js';
import { LabelText, phaseOf } from './label-text.js';
import { drawScene, labelScene, type ScenePen } from './scene-painter.js';
import { type Trail, TrackMemory } from './trails.js';

/** How results are drawn. */
export interface PainterOptions {
  /** Size of the pictures. */
  readonly width: number;
  readonly height: number;
  /** How the pictures store colours, as `SourceInfo` says it. */
  readonly colour: ColourInfo;
  /** Media time that trails cover, 1.5 if not given; 0 for none. */
  readonly trailSeconds?: number;
  /** What gets boxes: tracks, if not given; detections where nothing is tracked. */
  readonly boxes?: 'tracks' | 'detections';
}

/** Draws the results of one source. */
export interface Painter {
  /**
   * Draws boxes, labels and trails into a picture.
   * @param image yuv420p in the size of the options; changed in place.
   * @param result frames must come in their order, as trails are remembered.
   */
  draw(image: PixelBuffer, result: FrameResult): void;
}

const DEFAULT_TRAIL_SECONDS = 1.5;

/**
 * Makes a painter. Line and letter sizes follow the picture's size, so that boxes read the same from 240 lines to 4K;
 * a track keeps its colour.
 */
export function createPainter(options: PainterOptions): Painter {
  return new ResultPainter(options);
}

class ResultPainter implements Painter {
  readonly #boxes: 'tracks' | 'detections';
  readonly #ink: (index: number) => Ink;
  readonly #black: YuvColour;
  readonly #font: LabelFont;
  readonly #line: number;
  readonly #padding: number;
  readonly #labelHeight: number;
  readonly #layout: LabelLayout;
  readonly #memory: TrackMemory;
  readonly #trailUs: number;
  readonly #scenePen: ScenePen;
  readonly #canvases = new WeakMap<Uint8Array, Canvas>();
  readonly #text = new LabelText();
  readonly #outer: Rect = { x0: 0, y0: 0, x1: 0, y1: 0 };
  readonly #label: Rect = { x0: 0, y0: 0, x1: 0, y1: 0 };

  constructor({ width, height, colour, trailSeconds, boxes }: PainterOptions) {
    const size = Math.min(width, height);
    const toYuv = rgbToYuv(colour, height);
    this.#boxes = boxes ?? 'tracks';
    this.#ink = createPalette(toYuv);
    this.#black = toYuv([0, 0, 0]);
    this.#line = Math.max(2, 2 * Math.round(size / 500));
    this.#font = createLabelFont(Math.max(11, size * 0.018 + 5));
    this.#padding = Math.round(this.#font.capHeight * 0.42);
    this.#labelHeight = evenUp(Math.round(this.#font.capHeight) + 2 * this.#padding);
    this.#scenePen = {
      line: this.#line,
      padding: this.#padding,
      labelHeight: this.#labelHeight,
      font: this.#font,
      colour: toYuv(SCENE_COLOUR),
      text: this.#black,
    };
    this.#layout = new LabelLayout(evenUp(width), evenUp(height));
    this.#trailUs = (trailSeconds ?? DEFAULT_TRAIL_SECONDS) * 1e6;
    this.#memory = new TrackMemory(this.#trailUs);
  }

  draw(image: PixelBuffer, { frame, tracks, detections, ended, totals }: FrameResult): void {
    const canvas = this.#canvasOf(image);
    this.#layout.clear();
    if (totals !== undefined) drawScene(canvas, totals, this.#scenePen);
    if (this.#boxes === 'detections') {
      for (const found of detections) this.#drawBox(canvas, found.box, this.#ink(found.classId));
      if (totals !== undefined) labelScene(canvas, totals, this.#scenePen, this.#layout);
      for (const found of detections) this.#drawLabel(canvas, found, this.#ink(found.classId), undefined);
      return;
    }
    this.#memory.update(tracks, ended, frame.ptsUs);
    for (const track of tracks) this.#drawTrail(canvas, track, frame.ptsUs);
    for (const track of tracks) {
      if (track.state === 'lost') this.#drawDashes(canvas, track.box, this.#ink(track.trackId));
      else this.#drawBox(canvas, track.box, this.#ink(track.trackId));
    }
    // After all boxes, so that none runs through a label. A lost track has none: nothing is there to be read about.
    if (totals !== undefined) labelScene(canvas, totals, this.#scenePen, this.#layout);
    for (const track of tracks)
      if (track.state !== 'lost') this.#drawLabel(canvas, track, this.#ink(track.trackId), track.trackId);
  }

  #canvasOf(image: PixelBuffer): Canvas {
    let canvas = this.#canvases.get(image.data);
    if (canvas === undefined) this.#canvases.set(image.data, (canvas = new Canvas(image)));
    return canvas;
  }

  /** The outer edge of the frame around `box`, on even coordinates and never thinner than the frame itself. */
  #outline({ x1, y1, x2, y2 }: Box): Rect {
    const half = this.#line / 2;
    const outer = this.#outer;
    outer.x0 = evenNear(x1 - half);
    outer.y0 = evenNear(y1 - half);
    outer.x1 = Math.max(evenNear(x2 + half), outer.x0 + 2 * this.#line);
    outer.y1 = Math.max(evenNear(y2 + half), outer.y0 + 2 * this.#line);
    return outer;
  }

  #drawBox(canvas: Canvas, box: Box, { box: colour }: Ink): void {
    const { x0, y0, x1, y1 } = this.#outline(box);
    const line = this.#line;
    // A soft dark rim of half a line on both sides sets the frame off from a background of its own colour.
    const rim = line / 2;
    this.#shadeFrame(canvas, x0 - rim, y0 - rim, x1 + rim, y1 + rim, rim);
    this.#shadeFrame(canvas, x0 + line, y0 + line, x1 - line, y1 - line, rim);
    canvas.fillRect(x0, y0, x1, y0 + line, colour);
    canvas.fillRect(x0, y1 - line, x1, y1, colour);
    canvas.fillRect(x0, y0 + line, x0 + line, y1 - line, colour);
    canvas.fillRect(x1 - line, y0 + line, x1, y1 - line, colour);
  }

  #shadeFrame(canvas: Canvas, x0: number, y0: number, x1: number, y1: number, rim: number): void {
    if (x1 - x0 < 2 * rim || y1 - y0 < 2 * rim) return;
    const { y } = this.#black;
    canvas.shadeRect(x0, y0, x1, y0 + rim, y, RIM_ALPHA);
    canvas.shadeRect(x0, y1 - rim, x1, y1, y, RIM_ALPHA);
    canvas.shadeRect(x0, y0 + rim, x0 + rim, y1 - rim, y, RIM_ALPHA);
    canvas.shadeRect(x1 - rim, y0 + rim, x1, y1 - rim, y, RIM_ALPHA);
  }

  #drawDashes(canvas: Canvas, box: Box, { box: colour }: Ink): void {
    const { x0, y0, x1, y1 } = this.#outline(box);
    const line = Math.max(2, evenNear(this.#line / 2));
    const dash = 4 * this.#line;
    for (let x = x0; x < x1; x += 2 * dash) {
      const end = Math.min(x + dash, x1);
      canvas.fillRect(x, y0, end, y0 + line, colour, LOST_ALPHA);
      canvas.fillRect(x, y1 - line, end, y1, colour, LOST_ALPHA);
    }
    for (let y = y0 + line; y < y1 - line; y += 2 * dash) {
      const end = Math.min(y + dash, y1 - line);
      canvas.fillRect(x0, y, x0 + line, end, colour, LOST_ALPHA);
      canvas.fillRect(x1 - line, y, x1, end, colour, LOST_ALPHA);
    }
  }

  #drawTrail(canvas: Canvas, { trackId }: Track, us: number): void {
    const trail = this.#memory.get(trackId)?.trail;
    if (trail === undefined) return;
    const { box: colour } = this.#ink(trackId);
    for (let index = 1; index < trail.count; index++) {
      const [from, to] = [trail.at(index - 1), trail.at(index)];
      const alpha = this.#fade(trail, to, us);
      canvas.strokeLine(
        trail.x[from]!,
        trail.y[from]!,
        trail.x[to]!,
        trail.y[to]!,
        this.#line,
        colour,
        alpha,
      );
    }
  }

  #fade(trail: Trail, place: number, us: number): number {
    const age = (us - trail.us[place]!) / this.#trailUs;
    return Math.round(TRAIL_ALPHA * Math.max(0, 1 - age));
  }

  #drawLabel(canvas: Canvas, found: Detection, ink: Ink, trackId: number | undefined): void {
    const text = this.#text.set(found.label, trackId, found.confidence);
    const width = evenUp(Math.ceil(text.widthIn(this.#font)) + 2 * this.#padding);
    const memory = trackId === undefined ? undefined : this.#memory.get(trackId);
    const label = this.#label;
    const outline = this.#outline(found.box);
    const place = this.#layout.place(outline, width, this.#labelHeight, memory?.place, label);
    if (memory !== undefined) memory.place = place;
    canvas.fillRect(label.x0, label.y0, label.x1, label.y1, ink.box);
    const baseline = label.y0 + Math.round((this.#labelHeight + this.#font.capHeight) / 2);
    let pen = label.x0 + this.#padding;
    for (let at = 0; at < text.length; at++) {
      const code = text.codes[at]!;
      canvas.drawGlyph(this.#font.glyph(code, phaseOf(pen)), Math.floor(pen), baseline, ink.text);
      pen += this.#font.advance(code);
    }
  }
}

/** Amber: none of the palette's colours. */
const SCENE_COLOUR = [255, 200, 40] as const;
const RIM_ALPHA = 0.35 * OPAQUE;
const LOST_ALPHA = 0.5 * OPAQUE;
const TRAIL_ALPHA = 0.85 * OPAQUE;

function evenNear(value: number): number {
  return 2 * Math.round(value / 2);
}

function evenUp(value: number): number {
  return 2 * Math.ceil(value / 2);
}
