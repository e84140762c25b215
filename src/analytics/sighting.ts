import type { Box } from '../contract/picture.js';
import type { Track } from '../contract/tracker.js';
import type { Anchor } from './options.js';
import type { Point } from './geometry.js';

/** A track seen in one frame. */
export class Sighting {
  readonly trackId: number;
  readonly classId: number;
  readonly label: string;
  readonly confidence: number;
  /** In source pixels. */
  readonly box: Box;

  /** @param box of the track, scaled to the size of the source. */
  constructor(
    track: Track,
    box: Box,
    readonly us: number,
    readonly frame: number,
  ) {
    this.trackId = track.trackId;
    this.classId = track.classId;
    this.label = track.label;
    this.confidence = track.confidence;
    this.box = box;
  }

  /** The point that stands for the object. */
  anchor(anchor: Anchor): Point {
    const { x1, y1, x2, y2 } = this.box;
    return {
      x: anchor === 'left' ? x1 : anchor === 'right' ? x2 : (x1 + x2) / 2,
      y: anchor === 'top' ? y1 : anchor === 'bottom' ? y2 : (y1 + y2) / 2,
    };
  }

  /** Square root of the area of the box, in pixels. */
  get size(): number {
    return Math.sqrt((this.box.x2 - this.box.x1) * (this.box.y2 - this.box.y1));
  }
}

/** The straight way between two sightings of a subject. */
export class Move {
  constructor(
    private readonly before: Sighting,
    private readonly after: Sighting,
  ) {}

  from(anchor: Anchor): Point {
    return this.before.anchor(anchor);
  }

  to(anchor: Anchor): Point {
    return this.after.anchor(anchor);
  }

  /** Media time at a fraction of the way, in whole microseconds. */
  usAt(fraction: number): number {
    return Math.round(this.before.us + (this.after.us - this.before.us) * fraction);
  }

  /** Size of the box at the end, in pixels. */
  get size(): number {
    return this.after.size;
  }
}

/** What rules ask about an object beyond its way. */
export interface Known {
  /** First sighting, be it under another track id. */
  readonly firstUs: number;
  readonly last: Sighting;
}
