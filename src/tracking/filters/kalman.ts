import type { Corners } from '../corners.js';
import type { BoxShape, KalmanNoise } from './kalman-noise.js';

/** A prediction never shrinks a size below this share: over a long gap the straight line would cross zero. */
const LEAST_SHRINK = 0.1;
/** Below this size in pixels the noise stays constant, so that no variance underflows to zero. */
const LEAST_SIZE = 1e-6;

const COORDINATES = 4;
const SIZE = 2;
const HEIGHT = 3;

/**
 * Kalman filters of many boxes, one per slot: centre x, centre y and two coordinates of size, and their velocities.
 *
 * Transition, noise and start of the filters used in tracking never mix the four coordinates, so the 8 × 8 covariance
 * stays zero outside the pairs (coordinate, its velocity): it is four filters of two states, and they are kept as such.
 *
 * Media time: the published filters take one step a frame, `P ← F P Fᵀ + diag(q, s)` with `F = [1 1; 0 1]`. Taking n
 * steps adds `Σ Fᵏ diag(q, s) (Fᵏ)ᵀ`, k = 0 … n−1, which is the noise
 *     position n·q + s·n(n−1)(2n−1)/6,  covariance s·n(n−1)/2,  velocity n·s.
 * These are polynomials in n, so they hold for fractions too: `predict(r)` is r steps of the published filter at once,
 * equal to it at r = 1, and r₁ then r₂ equals r₁ + r₂ (the size in the noise being the one at the start of each call).
 * Velocities are per nominal interval.
 */
export class KalmanBank {
  /** Four values a slot, in the shape of the noise. Read by slot; owned and changed by this class. */
  position: Float64Array;
  /** Four values a slot, per nominal interval. */
  velocity: Float64Array;
  /** Variances of position, covariances of position and velocity, variances of velocity: four values a slot each. */
  positionVariance: Float64Array;
  covariance: Float64Array;
  velocityVariance: Float64Array;
  private readonly shape: BoxShape;
  private readonly measured = new Float64Array(COORDINATES);

  constructor(
    capacity: number,
    private readonly noise: KalmanNoise,
  ) {
    const size = capacity * COORDINATES;
    this.shape = noise.shape;
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

  /** Starts the filter of `slot` at a first box, standing still and unsure about it. */
  start(slot: number, x1: number, y1: number, x2: number, y2: number): void {
    const base = slot * COORDINATES;
    this.measure(x1, y1, x2, y2);
    this.position.set(this.measured, base);
    const { startPosition, startVelocity } = this.noise;
    for (let c = 0; c < COORDINATES; c++) {
      const unit = this.unitOf(base, c);
      this.velocity[base + c] = 0;
      this.positionVariance[base + c] = (startPosition[c]! * unit) ** 2;
      this.covariance[base + c] = 0;
      this.velocityVariance[base + c] = (startVelocity[c]! * unit) ** 2;
    }
  }

  /** Moves the filter of `slot` on by `steps` nominal intervals, any number from 0. */
  predict(slot: number, steps: number): void {
    const base = slot * COORDINATES;
    const { noise, position, velocity, positionVariance, covariance, velocityVariance } = this;
    const covarianceShare = (steps * (steps - 1)) / 2;
    const positionShare = (covarianceShare * (2 * steps - 1)) / 3;
    // Sizes are the units of the noise: taken before they move.
    const widthUnit = clamped(position[base + SIZE]!);
    const heightUnit = clamped(position[base + HEIGHT]!);
    for (let c = 0; c < COORDINATES; c++) {
      const i = base + c;
      const scale = noise.scale[c]!;
      const unit = scale === HEIGHT ? heightUnit : scale === SIZE ? widthUnit : 1;
      const q = noise.position[c]! * unit;
      const s = noise.velocity[c]! * unit;
      const velocityNoise = s * s;
      const shared = covariance[i]!;
      const velocitySpread = velocityVariance[i]!;
      const before = position[i]!;
      const after = before + steps * velocity[i]!;
      position[i] = c >= SIZE ? this.keepSize(i, before, after) : after;
      positionVariance[i]! +=
        steps * (2 * shared + steps * velocitySpread) + steps * q * q + positionShare * velocityNoise;
      covariance[i] = shared + steps * velocitySpread + covarianceShare * velocityNoise;
      velocityVariance[i] = velocitySpread + steps * velocityNoise;
    }
  }

  /** Takes the velocity of the height away: an unseen object keeps its size. */
  holdHeight(slot: number): void {
    this.velocity[slot * COORDINATES + HEIGHT] = 0;
  }

  /**
   * Carries the filter of `slot` along with the picture: x' = a·x − b·y + tx, y' = b·x + a·y + ty. Sizes grow by the
   * scale; variances too, but they are not rotated: between two frames a camera turns by a degree at most.
   */
  move(slot: number, a: number, b: number, tx: number, ty: number): void {
    const base = slot * COORDINATES;
    const scale = Math.sqrt(a * a + b * b);
    const { position, velocity } = this;
    const x = position[base]!;
    const y = position[base + 1]!;
    const vx = velocity[base]!;
    const vy = velocity[base + 1]!;
    position[base] = a * x - b * y + tx;
    position[base + 1] = b * x + a * y + ty;
    velocity[base] = a * vx - b * vy;
    velocity[base + 1] = b * vx + a * vy;
    for (let c = 0; c < COORDINATES; c++) {
      const i = base + c;
      if (c >= SIZE) {
        if (this.noise.scale[c] === -1) continue;
        position[i]! *= scale;
        velocity[i]! *= scale;
      }
      this.positionVariance[i]! *= scale * scale;
      this.covariance[i]! *= scale * scale;
      this.velocityVariance[i]! *= scale * scale;
    }
  }

  /** Corrects the filter of `slot` with a box. */
  correct(slot: number, x1: number, y1: number, x2: number, y2: number): void {
    const base = slot * COORDINATES;
    this.measure(x1, y1, x2, y2);
    const { measured, noise } = this;
    const widthUnit = clamped(this.position[base + SIZE]!);
    const heightUnit = clamped(this.position[base + HEIGHT]!);
    for (let c = 0; c < COORDINATES; c++) {
      const scale = noise.scale[c]!;
      const unit = scale === HEIGHT ? heightUnit : scale === SIZE ? widthUnit : 1;
      this.correctOne(base + c, measured[c]!, (noise.measurement[c]! * unit) ** 2);
    }
  }

  /** Copies the whole filter of `slot` to `into` from `at` on: 20 numbers. */
  copyOut(slot: number, into: Float64Array, at: number): void {
    for (let c = 0; c < COORDINATES; c++) {
      const i = slot * COORDINATES + c;
      into[at + c] = this.position[i]!;
      into[at + 4 + c] = this.velocity[i]!;
      into[at + 8 + c] = this.positionVariance[i]!;
      into[at + 12 + c] = this.covariance[i]!;
      into[at + 16 + c] = this.velocityVariance[i]!;
    }
  }

  /** Takes the whole filter of `slot` from what `copyOut` wrote. */
  copyIn(slot: number, from: Float64Array, at: number): void {
    for (let c = 0; c < COORDINATES; c++) {
      const i = slot * COORDINATES + c;
      this.position[i] = from[at + c]!;
      this.velocity[i] = from[at + 4 + c]!;
      this.positionVariance[i] = from[at + 8 + c]!;
      this.covariance[i] = from[at + 12 + c]!;
      this.velocityVariance[i] = from[at + 16 + c]!;
    }
  }

  /** Writes the box of `slot` to `corners`. */
  writeBox(slot: number, corners: Corners): void {
    const base = slot * COORDINATES;
    const x = this.position[base]!;
    const y = this.position[base + 1]!;
    let width = this.position[base + 2]!;
    let height = this.position[base + 3]!;
    if (this.shape === 'aspect-height') width *= height;
    else if (this.shape === 'area-aspect') {
      const area = width;
      width = Math.sqrt(area * height);
      height = area / width;
    }
    corners.x1[slot] = x - width / 2;
    corners.y1[slot] = y - height / 2;
    corners.x2[slot] = x + width / 2;
    corners.y2[slot] = y + height / 2;
  }

  private measure(x1: number, y1: number, x2: number, y2: number): void {
    const { measured } = this;
    const width = x2 - x1;
    const height = y2 - y1;
    measured[0] = (x1 + x2) / 2;
    measured[1] = (y1 + y2) / 2;
    if (this.shape === 'aspect-height') {
      measured[2] = width / height;
      measured[3] = height;
    } else if (this.shape === 'width-height') {
      measured[2] = width;
      measured[3] = height;
    } else {
      measured[2] = width * height;
      measured[3] = width / height;
    }
  }

  private unitOf(base: number, coordinate: number): number {
    const scale = this.noise.scale[coordinate]!;
    return scale < 0 ? 1 : clamped(this.position[base + scale]!);
  }

  /** SORT's rule for its area: a velocity that would make it vanish is dropped. Elsewhere sizes shrink to a tenth at most. */
  private keepSize(i: number, before: number, after: number): number {
    if (this.shape !== 'area-aspect') return Math.max(after, LEAST_SHRINK * before);
    if (after > 0) return after;
    this.velocity[i] = 0;
    return before;
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

function clamped(size: number): number {
  return size > LEAST_SIZE ? size : LEAST_SIZE;
}

function grown(values: Float64Array, size: number): Float64Array {
  const larger = new Float64Array(size);
  larger.set(values);
  return larger;
}
