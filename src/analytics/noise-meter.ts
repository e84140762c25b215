/**
 * How much the place of one object jitters: boxes of detectors do by a few pixels, and an object that stands on a line would
 * cross it again and again. Measured is how far a sighting lies beside the straight way from the one before to the one
 * after it, all at least {@link SPACING_US} apart, so that neither speed nor the rate of frames counts as jitter.
 */
import type { Point } from './geometry.js';

interface Sample extends Point {
  readonly us: number;
}

/** Sightings that follow each other faster have errors in common, which would hide them: trackers smooth. */
const SPACING_US = 100_000;
/** Over a longer time the way of an object is no straight line. */
const LONGEST_US = 2_000_000;
/** Fewer say nothing about a spread. */
const LEAST_DEVIATIONS = 4;
/** About three seconds, so that the jitter is that of here and now. */
const MOST_DEVIATIONS = 32;
/** A median absolute deviation in standard deviations, for normal errors. */
const DEVIATIONS_PER_MEDIAN = 1.4826;

/** Follows one point of one object. Holds a bounded number of deviations. */
export class NoiseMeter {
  readonly #x: number[] = [];
  readonly #y: number[] = [];
  #before: Sample | undefined;
  #middle: Sample | undefined;
  #deviation: number | undefined;

  /** Takes a sighting; times must not go back. */
  see(us: number, { x, y }: Point): void {
    const [before, middle] = [this.#before, this.#middle];
    if (middle !== undefined && us - middle.us < SPACING_US) return;
    this.#before = middle;
    this.#middle = { us, x, y };
    if (before === undefined || middle === undefined || us - before.us > LONGEST_US) return;
    const share = (middle.us - before.us) / (us - before.us);
    // Of three independent errors of one size, the deviation has this many times the variance.
    const scale = Math.sqrt(1 + share * share + (1 - share) * (1 - share));
    this.#add(this.#x, (middle.x - before.x - share * (x - before.x)) / scale);
    this.#add(this.#y, (middle.y - before.y - share * (y - before.y)) / scale);
    this.#deviation = undefined;
  }

  /**
   * Standard deviation of the place in pixels, in the direction in which it is larger; 0 as long as nothing is known. By the
   * median, so neither turns nor wrong boxes change it as long as they are fewer than half.
   */
  get deviation(): number {
    this.#deviation ??= DEVIATIONS_PER_MEDIAN * Math.max(medianOf(this.#x), medianOf(this.#y));
    return this.#deviation;
  }

  #add(deviations: number[], value: number): void {
    deviations.push(Math.abs(value));
    if (deviations.length > MOST_DEVIATIONS) deviations.shift();
  }
}

function medianOf(values: readonly number[]): number {
  if (values.length < LEAST_DEVIATIONS) return 0;
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}
