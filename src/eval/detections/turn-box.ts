import type { Bbox } from '../labels.js';

/** Width and height in pixels. */
interface Size {
  readonly width: number;
  readonly height: number;
}

/** Orientations that undo each other; the others undo themselves. */
const UNDONE: Readonly<Record<number, number>> = { 6: 8, 8: 6 };

/** The orientation that takes an upright picture back to how it is stored. */
export function undo(orientation: number): number {
  return UNDONE[orientation] ?? orientation;
}

/**
 * Where a box of a stored picture lies in the upright one (Exif 2.32, tag 274).
 * @param orientation 1 to 8.
 * @param stored size of the picture that the box lies in.
 */
export function turnBox([x, y, w, h]: Bbox, orientation: number, stored: Size): Bbox {
  const right = stored.width - x - w;
  const below = stored.height - y - h;
  switch (orientation) {
    case 2:
      return [right, y, w, h];
    case 3:
      return [right, below, w, h];
    case 4:
      return [x, below, w, h];
    case 5:
      return [y, x, h, w];
    case 6:
      return [below, x, h, w];
    case 7:
      return [below, right, h, w];
    case 8:
      return [y, right, h, w];
    default:
      return [x, y, w, h];
  }
}
