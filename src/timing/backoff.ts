/** How long to wait between attempts. */
export interface BackoffLimits {
  /** Before the first attempt after a success, in milliseconds. */
  readonly firstMs: number;
  /** The wait doubles with each failure, up to this. */
  readonly longestMs: number;
}

/**
 * Waits that grow: the n-th failure in a row waits between half and all of `firstMs · 2ⁿ⁻¹`, at most `longestMs`. The
 * random half keeps cameras that went away together, as when a switch restarts, from coming back all at one moment.
 */
export class Backoff {
  /** Failures in a row. */
  failures = 0;
  readonly #limits: BackoffLimits;
  readonly #random: () => number;

  /** @param random gives numbers from 0 up to 1. */
  constructor(limits: BackoffLimits, random: () => number = Math.random) {
    this.#limits = limits;
    this.#random = random;
  }

  /** One more failure. @returns the milliseconds to wait before the next attempt. */
  failed(): number {
    const { firstMs, longestMs } = this.#limits;
    const whole = Math.min(longestMs, firstMs * 2 ** this.failures++);
    return whole * (0.5 + 0.5 * this.#random());
  }

  /** The next attempt has succeeded: waits begin anew. */
  succeeded(): void {
    this.failures = 0;
  }
}
