/**
 * Lets at most so many pass per second of the monotonic clock. The schedule, not the last one that passed, says when the
 * next is due, so that 10 per second out of 12.5 frames per second are 10 and not 6.25; a quarter of an interval of
 * slack keeps jitter from costing a turn.
 */
export class RateLimit {
  readonly #intervalMs: number;
  #nextMs = -Infinity;

  constructor(perSecond: number) {
    this.#intervalMs = 1000 / perSecond;
  }

  /** Whether one may pass now. */
  isDue(nowMs: number): boolean {
    return nowMs >= this.#nextMs - this.#intervalMs / 4;
  }

  /** Notes that one has passed. */
  take(nowMs: number): void {
    const late = nowMs - this.#nextMs > this.#intervalMs;
    this.#nextMs = (late ? nowMs : this.#nextMs) + this.#intervalMs;
  }
}
