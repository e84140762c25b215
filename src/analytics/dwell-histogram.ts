import type { DwellSummary } from '../contract/events.js';

/** Largest relative error of a percentile. */
const ACCURACY = 0.01;
const GROWTH = (1 + ACCURACY) / (1 - ACCURACY);
/** Shorter visits than this are counted as this long. */
const LEAST_US = 1000;
/** Reaches beyond a year. */
const BUCKETS = Math.ceil(Math.log(4e13 / LEAST_US) / Math.log(GROWTH));

/**
 * Percentiles of any number of visits in fixed memory: buckets whose bounds grow by a factor hold each percentile to
 * one per cent (the DDSketch of Masson, Rim and Lee 2019, arXiv:1908.10693).
 */
export class DwellHistogram {
  readonly #buckets = new Float64Array(BUCKETS);
  #count = 0;
  #sumUs = 0;
  #maxUs = 0;

  add(us: number): void {
    const bucket = Math.ceil(Math.log(Math.max(us, LEAST_US) / LEAST_US) / Math.log(GROWTH));
    this.#buckets[Math.min(BUCKETS - 1, bucket)]! += 1;
    this.#count++;
    this.#sumUs += us;
    this.#maxUs = Math.max(this.#maxUs, us);
  }

  /** Undefined before the first visit has ended. */
  summary(): DwellSummary | undefined {
    if (this.#count === 0) return undefined;
    return {
      count: this.#count,
      meanUs: Math.round(this.#sumUs / this.#count),
      p50Us: this.#percentile(0.5),
      p90Us: this.#percentile(0.9),
      p95Us: this.#percentile(0.95),
      maxUs: this.#maxUs,
    };
  }

  /** The least value that `share` of all visits do not exceed. */
  #percentile(share: number): number {
    const rank = Math.ceil(share * this.#count);
    let seen = 0;
    let bucket = 0;
    for (; bucket < BUCKETS - 1; bucket++) {
      seen += this.#buckets[bucket]!;
      if (seen >= rank) break;
    }
    const middle = (2 * LEAST_US * GROWTH ** bucket) / (1 + GROWTH);
    return Math.min(this.#maxUs, Math.round(middle));
  }
}
