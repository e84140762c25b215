import { describe, expect, it } from 'vitest';
import { CameraMotion, type TrackerPicture } from '../../../src/tracking/camera-motion/camera-motion.js';
import { KalmanBank } from '../../../src/tracking/filters/kalman.js';
import { WIDTH_HEIGHT_NOISE } from '../../../src/tracking/filters/kalman-noise.js';
import { TrackStore } from '../../../src/tracking/byte-track/track-store.js';
import { createTracker } from '../../../src/tracking/registry.js';

const SIZE = 416;
const letterbox = {
  inputWidth: SIZE,
  inputHeight: SIZE,
  x: 0,
  y: 91,
  width: SIZE,
  height: 234,
  sourceWidth: 1280,
  sourceHeight: 720,
};

describe('CameraMotion', () => {
  it.each([
    // [what, a, b, tx, ty] in source pixels
    ['standing still', 1, 0, 0, 0],
    ['a shift', 1, 0, 14.5, -8.2],
    ['a far shift', 1, 0, -45, 20],
    ['zoom', 1.02, 0, -12, -7],
    ['turning', Math.cos(0.01), Math.sin(0.01), 5, -3],
  ])('finds %s', (_, a, b, tx, ty) => {
    const motion = new CameraMotion();
    const tracks = new TrackStore(WIDTH_HEIGHT_NOISE);
    expect(motion.estimate(pictureOf(1, 0, 0, 0), tracks)).toBeUndefined();
    const found = motion.estimate(pictureOf(a, b, tx, ty), tracks)!;
    // Corners of the picture land where they should, within a third of a model pixel.
    for (const [x, y] of [
      [0, 0],
      [1280, 0],
      [0, 720],
      [1280, 720],
    ] as const) {
      // prettier-ignore
      expect(Math.abs(found.a * x - found.b * y + found.tx - (a * x - b * y + tx))).toBeLessThan(2);
      expect(Math.abs(found.b * x + found.a * y + found.ty - (b * x + a * y + ty))).toBeLessThan(2);
    }
  });

  it('says nothing about a flat picture, or after a cut', () => {
    const motion = new CameraMotion();
    const tracks = new TrackStore(WIDTH_HEIGHT_NOISE);
    const flat: TrackerPicture = {
      letterbox,
      input: { format: 'rgb24', width: SIZE, height: SIZE, data: new Uint8Array(SIZE * SIZE * 3).fill(90) },
    };
    motion.estimate(flat, tracks);
    expect(motion.estimate(flat, tracks)).toBeUndefined();
    motion.estimate(pictureOf(1, 0, 0, 0), tracks);
    expect(motion.estimate(pictureOf(1, 0, 5000, 3000), tracks)).toBeUndefined();
  });

  it('finds to the last digit what it always found, until too little of the picture agrees', () => {
    // A growing part of the picture moves in three other ways.
    const still = pictureOf(1, 0, 0, 0);
    const moved = [pictureOf(1.02, 0.008, -18, 9), ...[15, -15, 0].map((x) => pictureOf(1, 0, x, 16 - x))];
    const found = [0, 0.5, 0.7, 0.75, 0.76].map((share) => {
      const motion = new CameraMotion();
      const tracks = new TrackStore(WIDTH_HEIGHT_NOISE);
      motion.estimate(still, tracks);
      const move = motion.estimate(mixed(moved, share), tracks);
      return move && [move.a, move.b, move.tx, move.ty].map((value) => Number(value.toFixed(9)));
    });
    expect(found).toEqual([
      [1.020011119, 0.008000715, -17.982617527, 9.093624886],
      [1.020293728, 0.007287561, -17.997765328, 9.047084641],
      [1.020381951, 0.007157227, -18.155939876, 8.913116366],
      [1.02018666, 0.007065821, -18.278859136, 9.087371912],
      undefined,
    ]);
  });

  it('needs a dozen points that agree', () => {
    const [before, after] = [pictureOf(1, 0, 0, 0), pictureOf(1, 0, 3, 2)];
    const tells = [1, 2, 3, 4, 5].map((cells) => {
      const motion = new CameraMotion();
      const tracks = new TrackStore(WIDTH_HEIGHT_NOISE);
      motion.estimate(sparse(before, cells), tracks);
      return motion.estimate(sparse(after, cells), tracks) !== undefined;
    });
    expect(tells).toEqual([false, false, true, true, true]);
  });

  it('lets BoT-SORT keep objects that a fast pan moves by more than their width', () => {
    const pictures = [0, 48].map((shift) => pictureOf(1, 0, shift, 0));
    const framesSeen = (method?: string): number => {
      const tracker = createTracker('botsort', { gmc_method: method });
      expect(tracker.usesPixels).toBe(method === 'sparseOptFlow');
      let seen = 0;
      for (let f = 0; f < 12; f++) {
        // The camera jumps one way and the other, as a shaken one does: no velocity tells it.
        const shift = f % 2 === 0 ? 0 : 48;
        const box = { x1: 300 + shift, y1: 300, x2: 340 + shift, y2: 400 };
        const found = [{ box, classId: 0, label: 'person', confidence: 0.9 }];
        const [track] = tracker.update(found, f * 40_000, pictures[f % 2]).tracks;
        if (track?.trackId === 1 && track.state === 'confirmed') seen++;
      }
      return seen;
    };
    expect(framesSeen('sparseOptFlow')).toBe(12);
    expect(framesSeen('none')).toBeLessThan(8);
    // As on the command line: only if asked to.
    expect(framesSeen()).toBe(framesSeen('none'));
  });
});

describe('KalmanBank.move', () => {
  it('carries a box and its velocity along', () => {
    const filter = new KalmanBank(1, WIDTH_HEIGHT_NOISE);
    filter.start(0, 10, 10, 30, 50);
    filter.velocity.set([2, 0, 0, 0]);
    filter.move(0, 0, 2, 5, 7);
    expect([...filter.position]).toEqual([-60 + 5, 40 + 7, 40, 80]);
    expect([...filter.velocity]).toEqual([0, 4, 0, 0]);
  });
});

/** A textured scene as the network sees it after the camera's motion. */
function pictureOf(a: number, b: number, tx: number, ty: number): TrackerPicture {
  const data = new Uint8Array(SIZE * SIZE * 3).fill(128);
  const scale = letterbox.sourceWidth / letterbox.width;
  const length = a * a + b * b;
  for (let y = 0; y < letterbox.height; y++) {
    for (let x = 0; x < letterbox.width; x++) {
      const px = (x + 0.5) * scale - tx;
      const py = (y + 0.5) * scale - ty;
      const value = textureAt((a * px + b * py) / length, (a * py - b * px) / length);
      const at = ((y + letterbox.y) * SIZE + x) * 3;
      data.fill(value, at, at + 3);
    }
  }
  return { letterbox, input: { format: 'rgb24', width: SIZE, height: SIZE, data } };
}

/** Cells of the picture, by chance, in an order that is always the same. */
function chosen(cell: number): number {
  return noise(cell % CELLS, 1000 + Math.floor(cell / CELLS));
}

const CELLS = 12;

/** The first picture with a share of its cells taken from the others in equal parts. */
function mixed([first, ...others]: readonly TrackerPicture[], share: number): TrackerPicture {
  return others.reduce(
    (mix, other, at) =>
      withCells(mix, (cell) => chosen(cell) < (share * (others.length - at)) / others.length, other),
    first!,
  );
}

/** A picture that is flat but for some cells. */
function sparse(picture: TrackerPicture, count: number): TrackerPicture {
  const kept = Array.from({ length: CELLS * CELLS }, (_, cell) => cell)
    .toSorted((a, b) => chosen(a) - chosen(b))
    .slice(0, count);
  return withCells(picture, (cell) => !kept.includes(cell), undefined);
}

function withCells(
  picture: TrackerPicture,
  where: (cell: number) => boolean,
  from: TrackerPicture | undefined,
): TrackerPicture {
  const data = Uint8Array.from(picture.input.data);
  for (let y = 0; y < letterbox.height; y++) {
    const row = Math.floor((y * CELLS) / letterbox.height);
    for (let x = 0; x < SIZE; x++) {
      if (!where(row * CELLS + Math.floor((x * CELLS) / SIZE))) continue;
      const at = ((y + letterbox.y) * SIZE + x) * 3;
      data.fill(from === undefined ? 128 : from.input.data[at]!, at, at + 3);
    }
  }
  return { letterbox, input: { ...picture.input, data } };
}

/** Smooth noise: random values on a grid of 24 pixels, blended. */
function textureAt(x: number, y: number): number {
  const gx = Math.floor(x / 24);
  const gy = Math.floor(y / 24);
  const fx = smooth(x / 24 - gx);
  const fy = smooth(y / 24 - gy);
  const top = noise(gx, gy) * (1 - fx) + noise(gx + 1, gy) * fx;
  const bottom = noise(gx, gy + 1) * (1 - fx) + noise(gx + 1, gy + 1) * fx;
  return 255 * (top * (1 - fy) + bottom * fy);
}

function smooth(t: number): number {
  return t * t * (3 - 2 * t);
}

function noise(x: number, y: number): number {
  const mixed = Math.imul(x, 374761393) + Math.imul(y, 668265263);
  const again = Math.imul(mixed ^ (mixed >>> 13), 1274126177);
  return ((again ^ (again >>> 16)) >>> 0) / 2 ** 32;
}
