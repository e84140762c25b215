/** How long to wait between attempts. */
export interface BackoffLimits {
  /** Before the first attempt after a success, in milliseconds. */
  readonly firstMs: number;
  /** The wait doubles with each failure, up to this. */
  readonly longestMs: number;
}

/**
 * The wait after a number of failures in a row, from 1: between half and all of `firstMs · 2ⁿ⁻¹`, at most `longestMs`. The random
 * half keeps those that failed together, as cameras do when a switch restarts, from trying again all at one moment.
 * @param random gives numbers from 0 up to 1.
 */
export function backoffMs(
  failures: number,
  { firstMs, longestMs }: BackoffLimits,
  random: () => number = Math.random,
): number {
  return Math.min(longestMs, firstMs * 2 ** (failures - 1)) * (0.5 + 0.5 * random());
}

/** Counts failures, and says how long to wait after each: see {@link backoffMs}. */
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
    return backoffMs(++this.failures, this.#limits, this.#random);
  }

  /** The next attempt has succeeded: waits begin anew. */
  succeeded(): void {
    this.failures = 0;
  }
}
