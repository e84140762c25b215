/** What is remembered of one track for its `track_end`: its best sighting and its path, in bounded memory. */
import type { TrackEndEvent } from '../contract/events.js';
import { hundredths } from '../geometry/box.js';
import type { Anchor } from './options.js';
import { distanceBetween } from './geometry.js';
import { boundPath, type PathPoint } from './simplify-path.js';
import type { SpeedMeter } from './speed-meter.js';
import type { Sighting } from './sighting.js';

/** Points of a finished path, at most. */
const PATH_POINTS = 64;
/** Points while it grows; each thinning has to pay for itself. */
const WORKING_POINTS = 256;
/** Share of the picture's diagonal that a simplified path may be off. */
const PATH_TOLERANCE = 0.002;
/** Share of the picture's width or height within which a box counts as cut off by the edge. */
const EDGE_MARGIN = 0.01;
/** What a box at the edge is worth against one that is whole. */
const EDGE_WORTH = 0.05;

/** Size of the source in pixels. */
export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** One track from its first sighting on. */
export class TrackJournal {
  /** Whether `track_start` was told. */
  started = false;
  /** The track of which this one is the continuation. */
  continues: number | undefined;
  readonly trackId: number;
  /** Time with the anchor point inside of each zone, in the order of the rules. */
  readonly zoneUs: number[] = [];
  last: Sighting;
  #best: Sighting;
  #bestWorth = -1;
  #path: PathPoint[] = [];
  #distance = 0;
  #measuredFrom: PathPoint | undefined;
  readonly #tolerance: number;

  constructor(
    sighting: Sighting,
    readonly firstUs: number,
    readonly speed: SpeedMeter | undefined,
    private readonly picture: PictureSize,
    private readonly anchor: Anchor,
  ) {
    this.trackId = sighting.trackId;
    this.last = sighting;
    this.#best = sighting;
    this.#tolerance = PATH_TOLERANCE * Math.hypot(picture.width, picture.height);
    this.see(sighting);
  }

  /** Takes a sighting; times must not go back. */
  see(sighting: Sighting): void {
    this.last = sighting;
    const worth = worthOf(sighting, this.picture);
    if (worth > this.#bestWorth) {
      this.#best = sighting;
      this.#bestWorth = worth;
    }
    const point: PathPoint = { ...sighting.anchor(this.anchor), us: sighting.us };
    this.speed?.add(point.us, point);
    this.#measuredFrom ??= point;
    const step = distanceBetween(this.#measuredFrom, point);
    if (step > this.#tolerance) {
      this.#distance += step;
      this.#measuredFrom = point;
    }
    this.#path.push(point);
    if (this.#path.length > WORKING_POINTS) this.#path = boundPath(this.#path, this.#tolerance, PATH_POINTS);
  }

  /** All that `track_end` tells, but its head. */
  summary(
    zones: readonly { readonly name: string }[],
  ): Pick<TrackEndEvent, 'startUs' | 'best' | 'path' | 'distance' | 'zones' | 'speed'> {
    const { us, frame, confidence, box } = this.#best;
    const path = boundPath(this.#path, this.#tolerance, PATH_POINTS);
    const speed = this.speed?.summary();
    return {
      startUs: this.firstUs,
      best: {
        ptsUs: us,
        frame,
        confidence: Math.round(confidence * 1e4) / 1e4,
        box: [hundredths(box.x1), hundredths(box.y1), hundredths(box.x2), hundredths(box.y2)],
      },
      path: path.map((point) => [hundredths(point.x), hundredths(point.y), point.us]),
      distance: hundredths(this.#distance),
      zones: zones.flatMap(({ name }, i) => {
        const dwellUs = this.zoneUs[i] ?? 0;
        return dwellUs > 0 ? [{ name, dwellUs }] : [];
      }),
      ...(speed !== undefined && { speed }),
    };
  }
}

/** Whether a box is cut off by the edge of the picture. */
export function isAtEdge({ box }: Sighting, { width, height }: PictureSize): boolean {
  const { x1, y1, x2, y2 } = box;
  return (
    x1 < EDGE_MARGIN * width ||
    y1 < EDGE_MARGIN * height ||
    x2 > (1 - EDGE_MARGIN) * width ||
    y2 > (1 - EDGE_MARGIN) * height
  );
}

function worthOf(sighting: Sighting, picture: PictureSize): number {
  const whole = isAtEdge(sighting, picture) ? EDGE_WORTH : 1;
  return sighting.size ** 2 * sighting.confidence * whole;
}
