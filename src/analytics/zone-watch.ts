/**
 * Who is in one zone. An object is in once its anchor point has been inside for the settling time; it is out once it
 * has been outside for as long and the hysteresis away from the border. So one that stands on the border and jitters
 * comes in once at most, and narrow zones work. Times are those of the cuts of the border.
 */
import { Boundary } from './boundary.js';
import type { ZoneRule } from './rules.js';
import type { Known, Move, Sighting } from './sighting.js';

/** What one object has to do with one zone at the moment. */
export interface ZoneState {
  /** Whether the anchor point is inside. */
  inside: boolean;
  /** Since when `inside` has its value. */
  cutUs: number;
  /** Whether the object was the hysteresis away since it was outside. */
  far: boolean;
  /** How it came inside. */
  how: 'crossed' | 'appeared';
  /** The visit, if it is in. */
  visit: { readonly sinceUs: number; readonly label: string; loitered: boolean } | undefined;
  /** Time with the anchor point inside, in total. */
  insideUs: number;
}

/** Something that happened in a zone. */
export type ZoneChange =
  | { readonly type: 'zone_enter'; readonly ptsUs: number; readonly how: 'crossed' | 'appeared' }
  | {
      readonly type: 'zone_exit';
      readonly ptsUs: number;
      readonly how: 'crossed' | 'vanished' | 'unfinished';
      readonly dwellUs: number;
      /** The class with which it came in. */
      readonly label: string;
    }
  | { readonly type: 'loitering'; readonly ptsUs: number; readonly sinceUs: number };

/** One zone and its rules; the state of each object is kept with the object. */
export class ZoneWatch {
  readonly #boundary: Boundary;

  constructor(readonly rule: ZoneRule) {
    this.#boundary = Boundary.ofRings([rule.polygon, ...rule.holes]);
  }

  /** The state of an object at its first sighting. */
  start(sighting: Sighting): ZoneState {
    const inside = this.#boundary.contains(sighting.anchor(this.rule.anchor));
    return { inside, cutUs: sighting.us, far: false, how: 'appeared', visit: undefined, insideUs: 0 };
  }

  /** Takes the way from one sighting to the next. @returns what happened; empty nearly always. */
  move(state: ZoneState, subject: Known, move: Move): readonly ZoneChange[] {
    const from = move.from(this.rule.anchor);
    const to = move.to(this.rule.anchor);
    const pieces = this.#boundary.pieces(from, to);
    if (pieces.length === 1 && !state.inside && state.visit === undefined) return [];
    const changes: ZoneChange[] = [];
    let at = 0;
    for (const piece of pieces) {
      const us = move.usAt(piece.fraction);
      if (state.inside) state.insideUs += us - move.usAt(at);
      else if (state.visit !== undefined) {
        state.far ||=
          this.#boundary.leaves(from, to, move.reach(this.rule), at, piece.fraction) !== undefined;
      }
      // A path that only touches a corner is inside for no time at all.
      if (us > state.cutUs && us - state.cutUs >= this.rule.settleUs)
        this.#settle(state, subject, us, changes);
      if (piece.sign !== 0) {
        state.inside = piece.sign > 0;
        state.cutUs = us;
        state.far = false;
        state.how = 'crossed';
      }
      at = piece.fraction;
    }
    if (state.inside) this.#loiter(state, move.usAt(1), changes);
    return changes;
  }

  /** The object will not be seen again, or not by this run (`unfinished`). */
  end(state: ZoneState, subject: Known, unfinished: boolean): readonly ZoneChange[] {
    const changes: ZoneChange[] = [];
    if (state.visit === undefined) return changes;
    if (!state.inside) this.#exit(state, state.cutUs, 'crossed', changes);
    else this.#exit(state, subject.last.us, unfinished ? 'unfinished' : 'vanished', changes);
    return changes;
  }

  #settle(state: ZoneState, subject: Known, us: number, changes: ZoneChange[]): void {
    const { inside, visit, cutUs, far, how } = state;
    if (inside && visit === undefined) {
      const { label } = subject.last;
      if (us - subject.firstUs < this.rule.minAgeUs || !this.rule.accepts(label)) return;
      state.visit = { sinceUs: cutUs, label, loitered: false };
      changes.push({ type: 'zone_enter', ptsUs: cutUs, how });
    } else if (!inside && visit !== undefined && far) {
      this.#exit(state, cutUs, 'crossed', changes);
    }
  }

  #exit(
    state: ZoneState,
    ptsUs: number,
    how: 'crossed' | 'vanished' | 'unfinished',
    changes: ZoneChange[],
  ): void {
    const visit = state.visit!;
    this.#loiter(state, ptsUs, changes);
    state.visit = undefined;
    changes.push({ type: 'zone_exit', ptsUs, how, dwellUs: ptsUs - visit.sinceUs, label: visit.label });
  }

  #loiter(state: ZoneState, untilUs: number, changes: ZoneChange[]): void {
    const { visit } = state;
    const { loiterUs } = this.rule;
    if (visit === undefined || visit.loitered || untilUs - visit.sinceUs < loiterUs) return;
    visit.loitered = true;
    changes.push({ type: 'loitering', ptsUs: visit.sinceUs + loiterUs, sinceUs: visit.sinceUs });
  }
}
