/**
 * Which new tracks continue lost ones. A lost object is found again near the place where it was last seen, or where it
 * would be by now, at about the same size. One that left or came in over the edge of the picture is another one.
 */
import { distanceBetween } from './geometry.js';
import { isAtEdge, type PictureSize } from './track-journal.js';
import type { Sighting } from './sighting.js';

/** A track that is not seen at the moment. */
export interface LostTrack {
  readonly trackId: number;
  readonly last: Sighting;
  /** Pixels per second when it was last seen. */
  readonly velocity: { readonly x: number; readonly y: number };
}

/** A new track and the lost one that it continues. */
export interface Continuation {
  readonly newId: number;
  readonly lostId: number;
}

/** A width or height may be this many times the other. */
const LIKE_SIZE = 2;

/**
 * Pairs each new track with at most one lost one, nearest first; the answer does not depend on the order of the lists.
 * @param reach how far apart they may be, in sizes of the box; @param picture size of the source.
 */
export function findContinuations(
  fresh: readonly Sighting[],
  lost: readonly LostTrack[],
  withinUs: number,
  reach: number,
  picture: PictureSize,
): readonly Continuation[] {
  const pairs: (Continuation & { readonly distance: number })[] = [];
  for (const sighting of fresh) {
    if (isAtEdge(sighting, picture)) continue;
    for (const track of lost) {
      const gapUs = sighting.us - track.last.us;
      if (gapUs <= 0 || gapUs > withinUs || isAtEdge(track.last, picture)) continue;
      const distance = distanceInSizes(sighting, track, gapUs);
      if (distance > reach || !isLike(sighting, track.last)) continue;
      pairs.push({ newId: sighting.trackId, lostId: track.trackId, distance });
    }
  }
  pairs.sort((a, b) => a.distance - b.distance || a.newId - b.newId || a.lostId - b.lostId);
  const taken = new Set<number>();
  return pairs.filter(({ newId, lostId }) => {
    if (taken.has(newId) || taken.has(lostId)) return false;
    taken.add(newId).add(lostId);
    return true;
  });
}

function distanceInSizes(sighting: Sighting, { last, velocity }: LostTrack, gapUs: number): number {
  const centre = sighting.anchor('centre');
  const before = last.anchor('centre');
  const seconds = gapUs / 1e6;
  const expected = { x: before.x + velocity.x * seconds, y: before.y + velocity.y * seconds };
  const distance = Math.min(distanceBetween(centre, before), distanceBetween(centre, expected));
  return distance / ((sighting.size + last.size) / 2);
}

function isLike(a: Sighting, b: Sighting): boolean {
  const widths = (a.box.x2 - a.box.x1) / (b.box.x2 - b.box.x1);
  const heights = (a.box.y2 - a.box.y1) / (b.box.y2 - b.box.y1);
  return [widths, heights].every((ratio) => ratio <= LIKE_SIZE && ratio >= 1 / LIKE_SIZE);
}
