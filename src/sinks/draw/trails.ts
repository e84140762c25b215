import type { Track } from '../../contract/tracker.js';
import type { LabelPlace } from './label-layout.js';

/** Points kept of one track; the newest is always exact, older ones are spaced over the trail's time. */
const POINTS = 48;

/** Where the feet of one object were: the middle of the lower edge of its box, oldest first. */
export class Trail {
  readonly x = new Float32Array(POINTS);
  readonly y = new Float32Array(POINTS);
  readonly us = new Float64Array(POINTS);
  #first = 0;
  #count = 0;

  /** Points that there are. */
  get count(): number {
    return this.#count;
  }

  /** Place in the arrays of the `index`-th point, counted from the oldest. */
  at(index: number): number {
    return (this.#first + index) % POINTS;
  }

  /** Adds a point and forgets those older than `spanUs`. */
  add(x: number, y: number, us: number, spanUs: number): void {
    this.expire(us - spanUs);
    const spacing = spanUs / (POINTS - 2);
    const crowded = this.#count >= 2 && us - this.us[this.at(this.#count - 2)]! < spacing;
    if (!crowded) {
      if (this.#count === POINTS) this.#drop();
      this.#count++;
    }
    const place = this.at(this.#count - 1);
    this.x[place] = x;
    this.y[place] = y;
    this.us[place] = us;
  }

  /** Forgets points before `us`. */
  expire(us: number): void {
    while (this.#count > 0 && this.us[this.#first]! < us) this.#drop();
  }

  #drop(): void {
    this.#first = (this.#first + 1) % POINTS;
    this.#count--;
  }
}

/** What is remembered of one track. */
export interface Remembered {
  readonly trail: Trail;
  /** Where its label stood. */
  place: LabelPlace | undefined;
  seenUs: number;
}

/** A track that is not seen for so long is forgotten, said to have ended or not. */
const FORGET_AFTER_US = 2e6;

/** Remembers the tracks that are in the picture. */
export class TrackMemory {
  readonly #spanUs: number;
  readonly #tracks = new Map<number, Remembered>();
  #lastUs = -Infinity;

  /** @param spanUs media time that a trail covers. */
  constructor(spanUs: number) {
    this.#spanUs = spanUs;
  }

  /** Tracks that something is remembered of. */
  get size(): number {
    return this.#tracks.size;
  }

  /** Takes the tracks of the next frame. A clock that goes backwards starts afresh. */
  update(tracks: readonly Track[], ended: readonly Track[], us: number): void {
    if (us < this.#lastUs) this.#tracks.clear();
    this.#lastUs = us;
    for (const track of ended) this.#tracks.delete(track.trackId);
    for (const [id, { trail, seenUs }] of this.#tracks) {
      trail.expire(us - this.#spanUs);
      if (us - seenUs > FORGET_AFTER_US) this.#tracks.delete(id);
    }
    for (const { trackId, state, box } of tracks) {
      // A lost track stands where it is thought to be: no place that it has been seen at.
      if (state === 'lost') continue;
      let track = this.#tracks.get(trackId);
      if (track === undefined)
        this.#tracks.set(trackId, (track = { trail: new Trail(), place: undefined, seenUs: us }));
      track.seenUs = us;
      track.trail.add((box.x1 + box.x2) / 2, box.y2, us, this.#spanUs);
    }
  }

  /** What is remembered of a track, if it was seen lately. */
  get(trackId: number): Remembered | undefined {
    return this.#tracks.get(trackId);
  }
}
