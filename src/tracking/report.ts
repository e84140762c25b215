import { hundredths } from '../geometry/box.js';
import type { TrackerUpdate } from '../contract/tracker.js';
import type { Box } from '../contract/picture.js';
import type { Track } from '../contract/tracker.js';
import type { Corners } from './corners.js';
import { CONFIRMED, LOST, type TrackStore } from './byte-track/track-store.js';

/** Which box of a track that is seen is reported: the filter's, or the detected one. */
export type BoxChoice = 'filter' | 'detection';

/**
 * What a tracker tells of a frame: confirmed tracks seen in it, then lost ones at their predicted box; `ended` has each
 * removed track once, as it was when last seen. Boxes and velocities are rounded to 1/100 and not clipped to the picture.
 * @param perSecond nominal intervals in a second, the unit of the filter's velocities.
 */
export function report(
  store: TrackStore,
  ptsUs: number,
  perSecond: number,
  choice: BoxChoice,
): TrackerUpdate {
  const tracks: Track[] = [];
  for (const state of [CONFIRMED, LOST]) {
    for (let i = 0; i < store.count; i++) {
      const slot = store.order[i]!;
      if (store.state[slot] !== state) continue;
      const corners = state === CONFIRMED && choice === 'detection' ? store.observed : store.corners;
      const x = store.filter.velocity[slot * 4]! * perSecond;
      const y = store.filter.velocity[slot * 4 + 1]! * perSecond;
      const age = ptsUs - store.firstUs[slot]!;
      tracks.push(toTrack(store, slot, state === LOST, boxAt(corners, slot), x, y, age));
    }
  }
  return { tracks, ended: reportEnded(store, perSecond, choice) };
}

/** The part of `report` about tracks that ended. */
export function reportEnded(store: TrackStore, perSecond: number, choice: BoxChoice): Track[] {
  const ended: Track[] = [];
  for (let i = 0; i < store.endedCount; i++) {
    const slot = store.ended[i]!;
    const x = store.seenVelocityX[slot]! * perSecond;
    const y = store.seenVelocityY[slot]! * perSecond;
    const age = store.lastUs[slot]! - store.firstUs[slot]!;
    const corners = choice === 'detection' ? store.observed : store.seen;
    ended.push(toTrack(store, slot, true, boxAt(corners, slot), x, y, age));
  }
  return ended;
}

function toTrack(
  store: TrackStore,
  slot: number,
  lost: boolean,
  box: Box,
  x: number,
  y: number,
  ageUs: number,
): Track {
  const classSlot = store.classSlot[slot]!;
  return {
    trackId: store.id[slot]!,
    state: lost ? 'lost' : 'confirmed',
    box,
    classId: store.classes.classId(classSlot),
    label: store.classes.label(classSlot),
    confidence: store.score[slot]!,
    ageUs,
    velocity: { x: hundredths(x), y: hundredths(y) },
  };
}

/** Rounded outwards where rounding would leave nothing of a tiny box. */
function boxAt(corners: Corners, slot: number): Box {
  const x1 = hundredths(corners.x1[slot]!);
  const y1 = hundredths(corners.y1[slot]!);
  const x2 = hundredths(corners.x2[slot]!);
  const y2 = hundredths(corners.y2[slot]!);
  return { x1, y1, x2: x2 > x1 ? x2 : hundredths(x1 + 0.01), y2: y2 > y1 ? y2 : hundredths(y1 + 0.01) };
}
