/** From the picture to the ground: a plane projective map fitted to pairs of points. */
import { fail } from './checks.js';
import type { Point } from './geometry.js';
import { smallestEigenvectors } from './symmetric-eigen.js';

/** 3 × 3, row by row; maps source pixels to metres. */
export type Homography = Float64Array;

/** Share of the largest eigenvalue below which two solutions are equally good: the points do not decide. */
const UNDECIDED = 1e-12;
/** Largest root mean square error of the fit as a share of the extent of the ground points. */
const MOST_ERROR = 0.25;

/** The map for a camera that looks straight down. */
export function scaleHomography(metresPerPixel: number): Homography {
  return Float64Array.of(metresPerPixel, 0, 0, 0, metresPerPixel, 0, 0, 0, 1);
}

/**
 * Least squares by the normalised direct linear transform (Hartley and Zisserman 2004, algorithm 4.2).
 * @param image pixels, as many as `ground` (metres) and at least four. Scaled so that w > 0 at the image points.
 * @throws SightlineError ERR_USAGE for points in a row, or pairs that no map fits.
 */
export function fitHomography(where: string, image: readonly Point[], ground: readonly Point[]): Homography {
  const from = normaliser(where, image);
  const to = normaliser(where, ground);
  const normal = new Float64Array(81);
  image.forEach((point, i) => {
    const { x, y } = moved(from, point);
    const { x: u, y: v } = moved(to, ground[i]!);
    addOuter(normal, [-x, -y, -1, 0, 0, 0, u * x, u * y, u]);
    addOuter(normal, [0, 0, 0, -x, -y, -1, v * x, v * y, v]);
  });
  const { values, vector } = smallestEigenvectors(normal, 9);
  if (values.second < UNDECIDED * values.largest)
    fail(where, 'does not determine the ground: too many points lie in one row or on one spot');
  const map = denormalised(vector, from, to);
  const weights = image.map((point) => weightAt(map, point));
  if (weights[0]! < 0) map.forEach((value, i) => (map[i] = -value));
  const sameSide = weights.every((w) => w > 0) || weights.every((w) => w < 0);
  const extent = Math.SQRT2 / to.scale;
  if (!sameSide || rootMeanSquare(map, image, ground) > MOST_ERROR * extent)
    fail(
      where,
      'fits no view of a flat ground; check the order of the pairs and the signs of the coordinates',
    );
  return map;
}

/** Where on the ground a pixel lies, in metres; undefined at and above the horizon. */
export function groundPoint(map: Homography, { x, y }: Point): Point | undefined {
  const w = weightAt(map, { x, y });
  if (!(w > 1e-9 * (Math.abs(map[6]! * x) + Math.abs(map[7]! * y) + Math.abs(map[8]!)))) return undefined;
  return {
    x: (map[0]! * x + map[1]! * y + map[2]!) / w,
    y: (map[3]! * x + map[4]! * y + map[5]!) / w,
  };
}

interface Normaliser {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

/** Moves the mean to the origin and the mean distance to √2. */
function normaliser(where: string, points: readonly Point[]): Normaliser {
  const x = points.reduce((sum, point) => sum + point.x, 0) / points.length;
  const y = points.reduce((sum, point) => sum + point.y, 0) / points.length;
  const distance =
    points.reduce((sum, point) => sum + Math.hypot(point.x - x, point.y - y), 0) / points.length;
  if (distance === 0) fail(where, 'has all its points on one spot');
  return { x, y, scale: Math.SQRT2 / distance };
}

function moved({ x, y, scale }: Normaliser, point: Point): Point {
  return { x: (point.x - x) * scale, y: (point.y - y) * scale };
}

function addOuter(matrix: Float64Array, row: readonly number[]): void {
  for (let i = 0; i < 9; i++) for (let k = 0; k < 9; k++) matrix[i * 9 + k]! += row[i]! * row[k]!;
}

/** T(to)⁻¹ · H · T(from), scaled to a largest element of 1. */
function denormalised(h: Float64Array, from: Normaliser, to: Normaliser): Homography {
  const s = from.scale;
  const right = new Float64Array(9);
  for (let r = 0; r < 3; r++) {
    const [a, b, c] = [h[r * 3]!, h[r * 3 + 1]!, h[r * 3 + 2]!];
    right[r * 3] = a * s;
    right[r * 3 + 1] = b * s;
    right[r * 3 + 2] = c - s * (a * from.x + b * from.y);
  }
  const map = new Float64Array(9);
  for (let k = 0; k < 3; k++) {
    map[k] = right[k]! / to.scale + to.x * right[6 + k]!;
    map[3 + k] = right[3 + k]! / to.scale + to.y * right[6 + k]!;
    map[6 + k] = right[6 + k]!;
  }
  const largest = map.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return map.map((value) => value / largest);
}

function weightAt(map: Homography, { x, y }: Point): number {
  return map[6]! * x + map[7]! * y + map[8]!;
}

function rootMeanSquare(map: Homography, image: readonly Point[], ground: readonly Point[]): number {
  let sum = 0;
  image.forEach((point, i) => {
    const found = groundPoint(map, point);
    const wanted = ground[i]!;
    sum += found === undefined ? Infinity : (found.x - wanted.x) ** 2 + (found.y - wanted.y) ** 2;
  });
  return Math.sqrt(sum / image.length);
}
