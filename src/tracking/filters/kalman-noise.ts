/**
 * The constants of a Kalman filter over boxes: four coordinates, each with a velocity. All are standard deviations, of
 * one nominal interval; where `scale` names a coordinate, they are shares of that coordinate's present value.
 */
export interface KalmanNoise {
  /** How a box becomes four coordinates. The first two are always the centre. */
  readonly shape: BoxShape;
  /** For each coordinate, the coordinate that its noise is a share of, or −1 for absolute numbers. */
  readonly scale: Quad;
  readonly measurement: Quad;
  readonly position: Quad;
  readonly velocity: Quad;
  readonly startPosition: Quad;
  readonly startVelocity: Quad;
}

/** Width / height and height; width and height; area and width / height. */
export type BoxShape = 'aspect-height' | 'width-height' | 'area-aspect';

type Quad = readonly [number, number, number, number];

const POSITION_SHARE = 1 / 20;
const VELOCITY_SHARE = 1 / 160;

/** The filter of DeepSORT as ByteTrack uses it: noise as a share of the height (Wojke et al. 2017, arXiv:1703.07402). */
export const ASPECT_HEIGHT_NOISE: KalmanNoise = {
  shape: 'aspect-height',
  scale: [3, 3, -1, 3],
  measurement: [POSITION_SHARE, POSITION_SHARE, 0.1, POSITION_SHARE],
  position: [POSITION_SHARE, POSITION_SHARE, 1e-2, POSITION_SHARE],
  velocity: [VELOCITY_SHARE, VELOCITY_SHARE, 1e-5, VELOCITY_SHARE],
  startPosition: [2 * POSITION_SHARE, 2 * POSITION_SHARE, 1e-2, 2 * POSITION_SHARE],
  startVelocity: [10 * VELOCITY_SHARE, 10 * VELOCITY_SHARE, 1e-5, 10 * VELOCITY_SHARE],
};

/** The filter of BoT-SORT: x by the width, y by the height (Aharon et al. 2022, arXiv:2206.14651, section 3.1). */
export const WIDTH_HEIGHT_NOISE: KalmanNoise = {
  shape: 'width-height',
  scale: [2, 3, 2, 3],
  measurement: [POSITION_SHARE, POSITION_SHARE, POSITION_SHARE, POSITION_SHARE],
  position: [POSITION_SHARE, POSITION_SHARE, POSITION_SHARE, POSITION_SHARE],
  velocity: [VELOCITY_SHARE, VELOCITY_SHARE, VELOCITY_SHARE, VELOCITY_SHARE],
  startPosition: [2 * POSITION_SHARE, 2 * POSITION_SHARE, 2 * POSITION_SHARE, 2 * POSITION_SHARE],
  startVelocity: [10 * VELOCITY_SHARE, 10 * VELOCITY_SHARE, 10 * VELOCITY_SHARE, 10 * VELOCITY_SHARE],
};

/**
 * The filter of SORT and OC-SORT: area and aspect, the aspect without a velocity (Bewley et al. 2016, arXiv:1602.00763).
 * Its numbers are absolute, yet the filter is the same at any picture size: no variance of it is compared with pixels,
 * and the gains depend on their ratios alone.
 */
export const AREA_ASPECT_NOISE: KalmanNoise = {
  shape: 'area-aspect',
  scale: [-1, -1, -1, -1],
  measurement: [1, 1, Math.sqrt(10), Math.sqrt(10)],
  position: [1, 1, 1, 1],
  velocity: [0.1, 0.1, 0.01, 0],
  startPosition: [Math.sqrt(10), Math.sqrt(10), Math.sqrt(10), Math.sqrt(10)],
  startVelocity: [100, 100, 100, 0],
};
