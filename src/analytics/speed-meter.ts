/**
 * The speed of one object: the slope of its place on the ground over the last second or so, by the median of the slopes
 * of all pairs (Theil 1950, Sen 1968, doi:10.1080/01621459.1968.10480934), which one wrong box in four does not move.
 */
import type { Speed } from '../contract/events.js';
import { hundredths } from '../geometry/box.js';
import { groundPoint } from './homography.js';
import type { Point } from './geometry.js';
import type { SpeedRule } from './rules.js';

interface GroundSample {
  readonly us: number;
  readonly x: number;
  readonly y: number;
}

/** Samples in one window; more would add cost and no accuracy. */
const SAMPLES = 10;
/** Kept however old they are, as slow frame rates need them. */
const LEAST_SAMPLES = 3;
/** A pair nearer in time than this share of the window says more about jitter than about speed. */
const LEAST_SPACING = 1 / (2 * SAMPLES);
const KMH = 3.6;

/** Follows one object. Holds a bounded number of samples. */
export class SpeedMeter {
  readonly #rule: SpeedRule;
  #samples: GroundSample[] = [];
  #current: number | undefined;
  #max = 0;
  #sum = 0;
  #count = 0;

  constructor(rule: SpeedRule) {
    this.#rule = rule;
  }

  /** Takes a sighting; times must not go back. Points at and above the horizon are left out. */
  add(us: number, place: Point): void {
    const { toGround, windowUs } = this.#rule;
    const last = this.#samples.at(-1);
    if (last !== undefined && us - last.us < windowUs / SAMPLES) return;
    const ground = groundPoint(toGround, place);
    if (ground === undefined) return;
    this.#samples.push({ us, ...ground });
    while (this.#samples.length > LEAST_SAMPLES && us - this.#samples[0]!.us > windowUs)
      this.#samples.shift();
    this.#measure();
  }

  /** The present speed; undefined before there were enough sightings. */
  get current(): Speed | undefined {
    return this.#current === undefined ? undefined : this.#inUnit(this.#current);
  }

  /** Mean and greatest speed so far. */
  summary(): { mean: number; max: number; unit: Speed['unit'] } | undefined {
    if (this.#count === 0) return undefined;
    const { value: mean, unit } = this.#inUnit(this.#sum / this.#count);
    return { mean, max: this.#inUnit(this.#max).value, unit };
  }

  #measure(): void {
    const samples = this.#samples;
    const span = samples.length < 2 ? 0 : samples.at(-1)!.us - samples[0]!.us;
    if (samples.length < LEAST_SAMPLES || span < this.#rule.windowUs / 2) return;
    const metresPerSecond = Math.hypot(
      this.#slope((sample) => sample.x),
      this.#slope((sample) => sample.y),
    );
    this.#current = metresPerSecond;
    this.#max = Math.max(this.#max, metresPerSecond);
    this.#sum += metresPerSecond;
    this.#count++;
  }

  #slope(valueOf: (sample: GroundSample) => number): number {
    const slopes: number[] = [];
    this.#samples.forEach((later, i) => {
      for (let k = 0; k < i; k++) {
        const earlier = this.#samples[k]!;
        const us = later.us - earlier.us;
        if (us < this.#rule.windowUs * LEAST_SPACING) continue;
        slopes.push(((valueOf(later) - valueOf(earlier)) / us) * 1e6);
      }
    });
    slopes.sort((one, other) => one - other);
    const middle = slopes.length >> 1;
    return slopes.length % 2 === 1 ? slopes[middle]! : (slopes[middle - 1]! + slopes[middle]!) / 2;
  }

  #inUnit(metresPerSecond: number): Speed {
    const { unit } = this.#rule;
    return { value: hundredths(unit === 'km/h' ? metresPerSecond * KMH : metresPerSecond), unit };
  }
}
