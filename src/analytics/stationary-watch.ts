/**
 * Who stands still. The place is where the object was when it last came to be more than the radius from the place
 * before; it has stayed there since. A wrong box for less than the settling time does not count as having left.
 */
import { distanceBetween, type Point } from './geometry.js';
import type { StationaryRule } from './rules.js';
import { type Known, reachOfJitter, type Sighting } from './sighting.js';

/** What one object has to do with one rule at the moment. */
export interface StationaryState {
  place: Point;
  sinceUs: number;
  /** Since when it has been outside of the radius. */
  awayUs: number | undefined;
  announced: boolean;
}

/** Whether an object is in a zone. */
interface Inside {
  readonly inside: boolean;
}

/** Something that happened. */
export interface StationaryChange {
  readonly type: 'stationary' | 'stationary_end';
  readonly ptsUs: number;
  readonly sinceUs: number;
  readonly at: Point;
}

/** One rule; the state of each object is kept with the object. */
export class StationaryWatch {
  constructor(readonly rule: StationaryRule) {}

  /** The state of an object at its first sighting. */
  start(sighting: Sighting): StationaryState {
    const place = sighting.anchor(this.rule.anchor);
    return { place, sinceUs: sighting.us, awayUs: undefined, announced: false };
  }

  /** Takes the next sighting and where it is in or out of. @returns what happened, if anything. */
  see(
    state: StationaryState,
    subject: Pick<Known, 'jitter'>,
    sighting: Sighting,
    zones: readonly Inside[],
  ): readonly StationaryChange[] {
    const { us } = sighting;
    const point = sighting.anchor(this.rule.anchor);
    const { size } = sighting;
    const { radiusPixels, radius: sizes, anchor } = this.rule;
    const jitter = reachOfJitter(subject.jitter.get(anchor)?.deviation ?? 0, size);
    const radius = Math.max(radiusPixels ?? sizes * size, jitter);
    const changes: StationaryChange[] = [];
    if (!this.#isWhereItMatters(zones)) {
      if (state.announced) changes.push(ending(state, us));
      restart(state, point, us);
      return changes;
    }
    if (distanceBetween(point, state.place) <= radius) state.awayUs = undefined;
    else {
      state.awayUs ??= us;
      if (us - state.awayUs >= this.rule.settleUs || !state.announced) {
        if (state.announced) changes.push(ending(state, state.awayUs));
        restart(state, point, us);
      }
    }
    const ptsUs = state.sinceUs + this.rule.afterUs;
    if (!state.announced && us >= ptsUs && this.rule.accepts(sighting.label)) {
      state.announced = true;
      changes.push({ type: 'stationary', ptsUs, sinceUs: state.sinceUs, at: state.place });
    }
    return changes;
  }

  /** The object will not be seen again. */
  end(state: StationaryState, subject: Known): readonly StationaryChange[] {
    return state.announced ? [ending(state, state.awayUs ?? subject.last.us)] : [];
  }

  #isWhereItMatters(zones: readonly Inside[]): boolean {
    return this.rule.zone === undefined || zones[this.rule.zone]!.inside;
  }
}

function ending({ sinceUs, place }: StationaryState, ptsUs: number): StationaryChange {
  return { type: 'stationary_end', ptsUs, sinceUs, at: place };
}

function restart(state: StationaryState, place: Point, us: number): void {
  state.place = place;
  state.sinceUs = us;
  state.awayUs = undefined;
  state.announced = false;
}
