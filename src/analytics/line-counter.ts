/**
 * Counts the crossings of one line. A crossing is pending from the moment of the cut until the object has been the
 * hysteresis away from the line and some time has passed; a cut back in the meantime takes it back. Both are looked
 * for on the straight path between two sightings and not at the sightings only, so the rate of frames does not matter.
 */
import { Boundary } from './boundary.js';
import { type Point, pointBetween } from './geometry.js';
import type { LineRule } from './rules.js';
import type { Known, Move } from './sighting.js';

/** What one object has to do with one line at the moment. */
export interface LineState {
  /** Cuts from left to right less those from right to left since the last count. */
  net: number;
  /** Whether the object has been the hysteresis away since the last cut. */
  far: boolean;
  cutUs: number;
  cutAt: Point;
}

/** A counted crossing. */
export interface LineCrossing {
  readonly ptsUs: number;
  readonly at: Point;
  readonly direction: string;
}

/** One line and its rules; the state of each object is kept with the object. */
export class LineCounter {
  readonly #boundary: Boundary;

  constructor(readonly rule: LineRule) {
    this.#boundary = Boundary.ofLine(rule.points);
  }

  /** The state of an object of which nothing is known. */
  start(): LineState {
    return { net: 0, far: false, cutUs: 0, cutAt: { x: 0, y: 0 } };
  }

  /** Takes the way from one sighting to the next. @returns what was counted; empty nearly always. */
  move(state: LineState, subject: Known, move: Move): readonly LineCrossing[] {
    const from = move.from(this.rule.anchor);
    const to = move.to(this.rule.anchor);
    const pieces = this.#boundary.pieces(from, to);
    if (pieces.length === 1 && state.net === 0) return [];
    const counted: LineCrossing[] = [];
    let at = 0;
    for (const piece of pieces) {
      const us = move.usAt(piece.fraction);
      if (state.net !== 0) {
        state.far ||=
          this.#boundary.leaves(from, to, move.reach(this.rule), at, piece.fraction) !== undefined;
        if (us - state.cutUs >= this.rule.settleUs) counted.push(...this.#settle(state, subject, us));
      }
      if (piece.sign !== 0) cut(state, piece.sign, us, pointBetween(from, to, piece.fraction));
      at = piece.fraction;
    }
    return counted;
  }

  /** The object will not be seen again: it never came back, so what it had crossed for good counts. */
  end(state: LineState, subject: Known): readonly LineCrossing[] {
    return this.#settle(state, subject, subject.last.us);
  }

  #settle(state: LineState, subject: Known, us: number): readonly LineCrossing[] {
    const { net, cutUs, cutAt } = state;
    if (net === 0 || !state.far || us - subject.firstUs < this.rule.minAgeUs) return [];
    state.net = 0;
    state.far = false;
    if (!this.rule.accepts(subject.last.label)) return [];
    return [{ ptsUs: cutUs, at: cutAt, direction: net > 0 ? this.rule.forward : this.rule.backward }];
  }
}

/** Several cuts in one direction without having been far in between count once: the object only went round the end. */
function cut(state: LineState, sign: 1 | -1, us: number, at: Point): void {
  state.net = Math.max(-1, Math.min(1, state.net + sign));
  state.far = false;
  state.cutUs = us;
  state.cutAt = at;
}
