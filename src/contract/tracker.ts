/** Trackers: what follows objects from frame to frame. */
import type { Detection } from './detector.js';
import type { Frame } from './frame.js';

/** An object followed over time. */
export interface Track extends Detection {
  /** From 1, unique within its source for the whole run. */
  readonly trackId: number;
  readonly state: 'tentative' | 'confirmed' | 'lost';
  /** Media time since the track's first frame. */
  readonly ageUs: number;
  /** Velocity of the box centre in source pixels per second of media time. */
  readonly velocity: { readonly x: number; readonly y: number };
}

/** What follows the objects of a run. */
export interface TrackingInfo {
  readonly tracker: string;
  /** Under the names of docs/tracking.md; what is not named has its default. */
  readonly parameters: Readonly<Record<string, number | boolean | string>>;
}

/** What a tracker makes of one frame. */
export interface TrackerUpdate {
  /** Confirmed tracks first, then lost ones at their predicted place. */
  readonly tracks: readonly Track[];
  readonly ended: readonly Track[];
}

/** Follows objects through one source. Pure: the same calls give the same answers. */
export interface Tracker {
  /** Whether `update` makes use of a picture. */
  readonly usesPixels: boolean;
  /**
   * @param ptsUs media time of the frame; must not go backwards (call `flush` where an epoch ends).
   * @param picture the network's input and where the picture lies in it; only read during the call.
   */
  update(
    detections: readonly Detection[],
    ptsUs: number,
    picture?: Pick<Frame, 'input' | 'letterbox'>,
  ): TrackerUpdate;
  /** Ends all tracks. Times may start anew afterwards; ids go on and are never given again. @returns the tracks that ended. */
  flush(): readonly Track[];
}
