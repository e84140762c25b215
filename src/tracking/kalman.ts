/** Standard deviation of a position, as a share of the box height: of a measurement, and of one nominal interval. */
const POSITION_SHARE = 1 / 20;
/** Standard deviation that a velocity gains in one nominal interval, as a share of the box height. */
const VELOCITY_SHARE = 1 / 160;
const ASPECT_MEASUREMENT_STD = 0.1;
const ASPECT_STD = 1e-2;
const ASPECT_VELOCITY_STD = 1e-5;
/** A prediction never shrinks height or aspect below this share: over a long gap the straight line would cross zero. */
const LEAST_SHRINK = 0.1;
/** Below this height in pixels the noise stays constant, so that no variance underflows to zero. */
const LEAST_HEIGHT = 1e-6;

const COORDINATES = 4;
const ASPECT = 2;
const HEIGHT = 3;

/**
 * Kalman filters of many boxes, one per slot: centre x, centre y, aspect (width / height), height, and their velocities,
 * with the noise of SORT's successor DeepSORT as ByteTrack uses it (Wojke et al. 2017, arXiv:1703.07402).
 *
 * Transition, noise and start of that filter never mix the four coordinates, so its 8 × 8 covariance stays zero outside
 * the pairs (coordinate, its velocity): it is four filters of two states, and they are kept as such.
 *
 * Media time: the published filter takes one step a frame, `P ← F P Fᵀ + diag(q, s)` with `F = [1 1; 0 1]`. Taking n
 * steps adds `Σ Fᵏ diag(q, s) (Fᵏ)ᵀ`, k = 0 … n−1, which is the noise
 *     position n·q + s·n(n−1)(2n−1)/6,  covariance s·n(n−1)/2,  velocity n·s.
 * These are polynomials in n, so they hold for fractions too: `predict(r)` is r steps of the published filter at once, equal to
 * it at r = 1, and r₁ then r₂ equals r₁ + r₂ (the height in the noise being the one at the start of each call).
 * Velocities are per nominal interval.
 */
export class KalmanBank {
  /** Four values a slot: centre x, centre y, aspect, height. Read by slot; owned and changed by this class. */
  position: Float64Array;
  /** Four values a slot, per nominal interval. */
  velocity: Float64Array;
  /** Variances of position, covariances of position and velocity, variances of velocity: four values a slot each. */
  positionVariance: Float64Array;
  covariance: Float64Array;
  velocityVariance: Float64Array;

  constructor(capacity: number) {
    const size = capacity * COORDINATES;
    this.position = new Float64Array(size);
    this.velocity = new Float64Array(size);
    this.positionVariance = new Float64Array(size);
    this.covariance = new Float64Array(size);
    this.velocityVariance = new Float64Array(size);
  }

  /** Makes room for `capacity` slots; what is there stays. */
  grow(capacity: number): void {
    const size = capacity * COORDINATES;
    this.position = grown(this.position, size);
    this.velocity = grown(this.velocity, size);
    this.positionVariance = grown(this.positionVariance, size);
    this.covariance = grown(this.covariance, size);
    this.velocityVariance = grown(this.velocityVariance, size);
  }

  /** Starts the filter of `slot` at a first measurement, standing still and unsure about it. */
  start(slot: number, x: number, y: number, aspect: number, height: number): void {
    const base = slot * COORDINATES;
    const position = (2 * POSITION_SHARE * noiseHeight(height)) ** 2;
    const velocity = (10 * VELOCITY_SHARE * noiseHeight(height)) ** 2;
    this.position[base] = x;
    this.position[base + 1] = y;
    this.position[base + ASPECT] = aspect;
    this.position[base + HEIGHT] = height;
    for (let c = 0; c < COORDINATES; c++) {
      this.velocity[base + c] = 0;
      this.positionVariance[base + c] = c === ASPECT ? ASPECT_STD ** 2 : position;
      this.covariance[base + c] = 0;
      this.velocityVariance[base + c] = c === ASPECT ? ASPECT_VELOCITY_STD ** 2 : velocity;
    }
  }

  /** Moves the filter of `slot` on by `steps` nominal intervals, any number from 0. */
  predict(slot: number, steps: number): void {
    const base = slot * COORDINATES;
    const height = noiseHeight(this.position[base + HEIGHT]!);
    const q = (POSITION_SHARE * height) ** 2;
    const s = (VELOCITY_SHARE * height) ** 2;
    const covarianceShare = (steps * (steps - 1)) / 2;
    const positionShare = (covarianceShare * (2 * steps - 1)) / 3;
    for (let c = 0; c < COORDINATES; c++) {
      const i = base + c;
      const positionNoise = c === ASPECT ? ASPECT_STD ** 2 : q;
      const velocityNoise = c === ASPECT ? ASPECT_VELOCITY_STD ** 2 : s;
      const covariance = this.covariance[i]!;
      const velocityVariance = this.velocityVariance[i]!;
      const before = this.position[i]!;
      const after = before + steps * this.velocity[i]!;
      this.position[i] = c >= ASPECT ? Math.max(after, LEAST_SHRINK * before) : after;
      this.positionVariance[i]! +=
        steps * (2 * covariance + steps * velocityVariance) +
        steps * positionNoise +
        positionShare * velocityNoise;
      this.covariance[i] = covariance + steps * velocityVariance + covarianceShare * velocityNoise;
      this.velocityVariance[i] = velocityVariance + steps * velocityNoise;
    }
  }

  /** Takes the height's velocity away: an unseen object keeps its size. */
  holdHeight(slot: number): void {
    this.velocity[slot * COORDINATES + HEIGHT] = 0;
  }

  /** Corrects the filter of `slot` with a measurement. */
  correct(slot: number, x: number, y: number, aspect: number, height: number): void {
    const base = slot * COORDINATES;
    const noise = (POSITION_SHARE * noiseHeight(this.position[base + HEIGHT]!)) ** 2;
    this.correctOne(base, x, noise);
    this.correctOne(base + 1, y, noise);
    this.correctOne(base + ASPECT, aspect, ASPECT_MEASUREMENT_STD ** 2);
    this.correctOne(base + HEIGHT, height, noise);
  }

  private correctOne(i: number, measured: number, noise: number): void {
    const variance = this.positionVariance[i]!;
    const covariance = this.covariance[i]!;
    const total = variance + noise;
    const surprise = measured - this.position[i]!;
    this.position[i]! += (variance / total) * surprise;
    this.velocity[i]! += (covariance / total) * surprise;
    // Written as products and not as differences: the position's variance cannot turn negative by rounding.
    this.positionVariance[i] = (variance * noise) / total;
    this.covariance[i] = (covariance * noise) / total;
    this.velocityVariance[i]! -= (covariance * covariance) / total;
  }
}

function noiseHeight(height: number): number {
  return height > LEAST_HEIGHT ? height : LEAST_HEIGHT;
}

function grown(values: Float64Array, size: number): Float64Array {
  const larger = new Float64Array(size);
  larger.set(values);
  return larger;
}
