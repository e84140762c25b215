import { describe, expect, it } from 'vitest';
import type { AnalyticsTotals, LineTotals, ZoneTotals } from '../../../src/contract/events.js';
import { LabelLayout, type Rect } from '../../../src/sinks/draw/label-layout.js';
import { createPainter } from '../../../src/sinks/draw/painter.js';
import type { PixelBuffer } from '../../../src/contract/picture.js';
import { frameResult, track } from '../../support/results.js';
import { greyPicture } from '../../support/video-files.js';

const GREY = 96;

function line(points: readonly (readonly [number, number])[], name = 'gate'): LineTotals {
  const directions = ['in', 'out'].map((direction) => ({ direction, count: 3, byClass: {} }));
  return { name, points: points.map(([x, y]) => ({ x, y })), directions };
}

function zone(polygon: readonly (readonly [number, number])[], holes: ZoneTotals['holes'] = []): ZoneTotals {
  const counts = { occupancy: 1, peak: 2, entered: 3, exited: 2, enteredByClass: {}, dwell: undefined };
  return { name: 'yard', polygon: polygon.map(([x, y]) => ({ x, y })), holes, ...counts };
}

/** The picture after a scene without objects has been drawn into a grey one. */
function drawn(width: number, height: number, totals: Partial<AnalyticsTotals>): PixelBuffer {
  const picture = greyPicture(width, height, GREY);
  const painter = createPainter({ width, height, colour: {} });
  painter.draw(picture, frameResult(0, { picture, tracks: [], totals: { lines: [], zones: [], ...totals } }));
  return picture;
}

/** The smallest rectangle around the pixels that `change` accepts. */
function extent({ data, width, height }: PixelBuffer, change: (luma: number) => boolean): Rect | undefined {
  const found: Rect = { x0: width, y0: height, x1: 0, y1: 0 };
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      if (!change(data[y * width + x]!)) continue;
      found.x0 = Math.min(found.x0, x);
      found.y0 = Math.min(found.y0, y);
      found.x1 = Math.max(found.x1, x + 1);
      found.y1 = Math.max(found.y1, y + 1);
    }
  return found.x1 === 0 ? undefined : found;
}

function luma({ data, width }: PixelBuffer, x: number, y: number): number {
  return data[y * width + x]!;
}

describe('lines and zones in a picture', () => {
  it('lie where they were configured, in amber', () => {
    const picture = drawn(320, 240, {
      lines: [
        line([
          [100, 60],
          [100, 220],
        ]),
      ],
    });
    for (const y of [120, 170, 215]) {
      expect(luma(picture, 99, y)).toBeGreaterThan(150);
      expect(luma(picture, 100, y)).toBeGreaterThan(150);
      expect(luma(picture, 90, y)).toBe(GREY);
      expect(luma(picture, 110, y)).toBe(GREY);
    }
    const chroma = 160 * 120;
    const at = 320 * 240 + 70 * 160 + 50;
    expect(picture.data[at]).toBeLessThan(90);
    expect(picture.data[at + chroma]).toBeGreaterThan(130);
  });

  it('are drawn around the whole polygon and its holes, corners too', () => {
    const hole = [
      [120, 120],
      [160, 120],
      [140, 160],
    ].map(([x, y]) => ({ x: x!, y: y! }));
    const picture = drawn(320, 240, {
      zones: [
        zone(
          [
            [60, 80],
            [260, 80],
            [260, 220],
            [60, 220],
          ],
          [hole],
        ),
      ],
    });
    const places = [
      [60, 150],
      [260, 150],
      [160, 220],
      [200, 80],
      [140, 120],
      [60, 220],
      [260, 220],
    ];
    for (const [x, y] of places)
      expect(Math.max(luma(picture, x! - 1, y! - 1), luma(picture, x!, y!)), `${x} ${y}`).toBeGreaterThan(
        150,
      );
    expect(luma(picture, 200, 150)).toBe(GREY);
  });

  it('have their label above their highest point', () => {
    const picture = drawn(320, 240, {
      lines: [
        line([
          [100, 60],
          [100, 220],
        ]),
      ],
    });
    expect(luma(picture, 102, 58)).toBeGreaterThan(150);
    expect(extent(picture, (value) => value !== GREY)).toMatchObject({ y1: 221 });
    expect(extent(picture, (value) => value < 40)!.y0).toBeGreaterThan(40);
  });

  it.each([
    [
      'the top',
      [
        [100, 0],
        [100, 200],
      ],
    ],
    [
      'the bottom right corner',
      [
        [310, 239],
        [319, 239],
      ],
    ],
    [
      'the left',
      [
        [-40, 120],
        [40, 120],
      ],
    ],
    [
      'all of it',
      [
        [-500, -300],
        [900, 700],
      ],
    ],
  ] as const)('have their label within the picture at %s', (_name, points) => {
    const picture = drawn(320, 240, { lines: [line(points)] });
    const text = extent(picture, (value) => value < 40);
    expect(text).toBeDefined();
    // A whole label has its own colour on all sides of its text.
    expect(luma(picture, text!.x0 - 2, text!.y0 + 2)).toBeGreaterThan(150);
    expect(luma(picture, text!.x1 + 1, text!.y0 + 2)).toBeGreaterThan(150);
    expect(luma(picture, text!.x0 + 2, text!.y1)).toBeGreaterThan(150);
  });

  it.each([
    [1, 1],
    [3, 5],
    [17, 9],
    [321, 241],
  ])('can be drawn into a picture of %d × %d, whatever hangs out of it', (width, height) => {
    const name = 'a name that is far longer than the picture is wide 名前 🚗';
    expect(() =>
      drawn(width, height, {
        lines: [
          line(
            [
              [-1e5, -1e5],
              [1e5, 1e5],
            ],
            name,
          ),
          line([
            [5, 5],
            [5, 5],
          ]),
        ],
        zones: [
          zone([
            [-9, -9],
            [2 * width, 0],
            [width / 2, 1e4],
          ]),
        ],
      }),
    ).not.toThrow();
  });

  it('are the first to be placed: labels of objects keep off theirs', () => {
    const picture = greyPicture(320, 240, GREY);
    const totals = {
      lines: [],
      zones: [
        zone([
          [60, 80],
          [260, 80],
          [260, 220],
          [60, 220],
        ]),
      ],
    };
    const alone = drawn(320, 240, totals);
    const box = { x1: 60, y1: 80, x2: 140, y2: 200 };
    createPainter({ width: 320, height: 240, colour: {}, trailSeconds: 0 }).draw(
      picture,
      frameResult(0, { picture, tracks: [track({ box })], totals }),
    );
    // Every pixel of the text of the zone's label is as it is without the car.
    const text = extent(alone, (value) => value < 40)!;
    for (let y = text.y0; y < text.y1; y++)
      for (let x = text.x0; x < text.x1; x++) expect(luma(picture, x, y)).toBe(luma(alone, x, y));
  });
});

describe('a label with several places', () => {
  const at = (x: number, y: number): Rect => ({ x0: x, y0: y, x1: x, y1: y });
  const place = (layout: LabelLayout, ...anchors: Rect[]): Rect => {
    const out = at(0, 0);
    layout.placeAtOneOf(anchors, 60, 20, out);
    return out;
  };

  it('takes the first that is free and whole, and the least bad one if none is', () => {
    const layout = new LabelLayout(100, 100);
    expect(place(layout, at(10, 40), at(10, 80))).toEqual({ x0: 10, y0: 20, x1: 70, y1: 40 });
    expect(place(layout, at(10, 40), at(10, 80))).toEqual({ x0: 10, y0: 40, x1: 70, y1: 60 });
    expect(place(layout, at(10, 40), at(10, 80))).toEqual({ x0: 10, y0: 60, x1: 70, y1: 80 });
    expect(place(layout, at(10, 40))).toMatchObject({ x1: expect.any(Number) as number });
    layout.clear();
    expect(place(layout, at(10, 40))).toEqual({ x0: 10, y0: 20, x1: 70, y1: 40 });
  });
});
