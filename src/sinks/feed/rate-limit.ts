/**
 * Lets so many pass per second of the monotonic clock, on average: what comes in one go, such as the results of a batch,
 * passes together as long as it is no more than a second's worth. The schedule, not the last one that passed, says when the
 * next is due, so that 10 per second out of 12.5 frames per second are 10 and not 6.25; a quarter of an interval of
 * slack keeps jitter from costing a turn.
 */
export class RateLimit {
  readonly #intervalMs: number;
  readonly #aheadMs: number;
  #nextMs = -Infinity;

  constructor(perSecond: number) {
    this.#intervalMs = 1000 / perSecond;
    this.#aheadMs = Math.max(0, 1000 - this.#intervalMs) + this.#intervalMs / 4;
  }

  /** Whether one may pass now. */
  isDue(nowMs: number): boolean {
    return nowMs >= this.#nextMs - this.#aheadMs;
  }

  /** Notes that one has passed. */
  take(nowMs: number): void {
    this.#nextMs = Math.max(nowMs, this.#nextMs) + this.#intervalMs;
  }
}
