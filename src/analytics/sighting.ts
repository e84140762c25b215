import type { Box } from '../contract/picture.js';
import type { Track } from '../contract/tracker.js';
import type { Anchor } from './options.js';
import type { Point } from './geometry.js';
import type { NoiseMeter } from './noise-meter.js';
import type { CrossingRule } from './rules.js';

/** How much each anchor of an object jitters. */
export type Jitter = ReadonlyMap<Anchor, NoiseMeter>;

type ReachRule = Pick<CrossingRule, 'anchor' | 'hysteresis' | 'hysteresisPixels'>;

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

/** So many standard deviations away from a line an object that stands on it is not seen by chance, not even for minutes. */
const SURE_DEVIATIONS = 5;
/** Jitter moves nothing further than this, in sizes of the box: larger deviations are ways that wind. */
const MOST_JITTER = 0.5;

/** How far an object must get that its jitter is not taken for its way, in pixels. @param size of its box */
export function reachOfJitter(deviation: number, size: number): number {
  return Math.min(SURE_DEVIATIONS * deviation, MOST_JITTER * size);
}

/** The straight way between two sightings of a subject. */
export class Move {
  /** @param jitter the noise of the place of each anchor that rules use. */
  constructor(
    private readonly before: Sighting,
    private readonly after: Sighting,
    private readonly jitter: Jitter,
  ) {}

  /**
   * The distance to keep before a crossing is final, in pixels: what the rule asks for, and more than jitter.
   */
  reach({ anchor, hysteresis, hysteresisPixels }: ReachRule): number {
    const { size } = this.after;
    const asked = hysteresisPixels ?? hysteresis * size;
    return Math.max(asked, reachOfJitter(this.jitter.get(anchor)?.deviation ?? 0, size));
  }

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
}

/** What rules ask about an object beyond its way. */
export interface Known {
  readonly jitter: Jitter;
  /** First sighting, be it under another track id. */
  readonly firstUs: number;
  readonly last: Sighting;
}
