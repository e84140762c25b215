import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTracker, TRACKERS } from '../../../src/tracking/registry.js';
import type { Detection } from '../../../src/contract/detector.js';
import type { Box } from '../../../src/contract/picture.js';
import type { Track } from '../../../src/contract/tracker.js';

const SECOND = 1e6;
const RATE = 30;

/** A walk of some objects: straight lines with jitter, misses and weak boxes; `scene(f)` are the detections of frame f. */
interface Walk {
  readonly objects: readonly { x: number; y: number; vx: number; vy: number; w: number; h: number }[];
  readonly seed: number;
}

const walks: fc.Arbitrary<Walk> = fc.record({
  objects: fc.array(
    fc.record({
      x: fc.integer({ min: 0, max: 1200 }),
      y: fc.integer({ min: 0, max: 600 }),
      vx: fc.integer({ min: -120, max: 120 }),
      vy: fc.integer({ min: -40, max: 40 }),
      w: fc.integer({ min: 20, max: 90 }),
      h: fc.integer({ min: 40, max: 200 }),
    }),
    { minLength: 1, maxLength: 8 },
  ),
  seed: fc.integer({ min: 1, max: 1e6 }),
});

describe.each(TRACKERS.map(({ type }) => type))('%s', (name) => {
  it('gives the same ids and boxes whatever the order of detections', () => {
    fc.assert(
      fc.property(walks, fc.integer(), (walk, salt) => {
        const frames = framesOf(walk, 40);
        const shuffled = frames.map((found, f) => shuffle(found, salt + f));
        expect(follow(name, shuffled)).toEqual(follow(name, frames));
      }),
      { numRuns: 10 },
    );
  });

  it('moves and grows with the picture', () => {
    fc.assert(
      fc.property(walks, fc.constantFrom([1, 256, -512], [2, 0, 0], [0.5, 64, 32]), (walk, [k, dx, dy]) => {
        const frames = framesOf(walk, 40);
        const map = (box: Box): Box => ({
          x1: box.x1 * k + dx,
          y1: box.y1 * k + dy,
          x2: box.x2 * k + dx,
          y2: box.y2 * k + dy,
        });
        const before = follow(name, frames).map((tracks) =>
          tracks.map((track) => ({ id: track.trackId, box: map(track.box) })),
        );
        const after = follow(
          name,
          frames.map((found) => found.map((detection) => ({ ...detection, box: map(detection.box) }))),
        );
        after.forEach((tracks, f) => {
          expect(tracks.map(({ trackId }) => trackId)).toEqual(before[f]!.map(({ id }) => id));
          tracks.forEach(({ box }, i) => {
            expectNear(box, before[f]![i]!.box, 0.02 * Math.max(1, k));
          });
        });
      }),
      { numRuns: 10 },
    );
  });

  it('finds the same paths at half the frame rate', () => {
    // Objects that never meet and are always seen: what differs is the number of frames alone.
    const objects = [0, 1, 2, 3].map((i) => ({
      x: 100,
      y: 60 + 150 * i,
      vx: 40 + 30 * i,
      vy: 3,
      w: 50,
      h: 100,
    }));
    const frames = framesOf({ objects, seed: 0 }, 120);
    const whole = follow(name, frames);
    const half = follow(
      name,
      frames.filter((_, f) => f % 2 === 0),
      RATE / 2,
    );
    for (let f = 30; f < 120; f += 2) {
      const slow = half[f / 2]!;
      expect(slow.map(({ trackId }) => trackId)).toEqual(whole[f]!.map(({ trackId }) => trackId));
      slow.forEach((track, i) => {
        expectNear(track.box, whole[f]![i]!.box, 2);
        expect(Math.abs(track.velocity.x - whole[f]![i]!.velocity.x)).toBeLessThan(5);
      });
    }
  });

  it('stays whole with any boxes and never gives an id twice', () => {
    const side = fc.oneof(
      fc.double({ min: -1e9, max: 1e9 }),
      fc.constantFrom(0, -0, 1, 100, 1e300, -1e300, Infinity, -Infinity, NaN),
    );
    const wild = fc.record({ x1: side, y1: side, x2: side, y2: side });
    const zero = fc.record({
      x1: fc.constant(50),
      y1: fc.constant(50),
      x2: fc.constant(50),
      y2: fc.constant(50),
    });
    const same = fc.constant({ x1: 10, y1: 10, x2: 60, y2: 90 });
    const detection = fc.record({
      box: fc.oneof(wild, zero, same),
      classId: fc.integer({ min: 0, max: 20 }),
      label: fc.constant('thing'),
      confidence: fc.oneof(fc.double({ min: 0, max: 1 }), fc.constantFrom(NaN, 1, 0.9)),
    });
    const frame = fc.tuple(fc.array(detection, { maxLength: 12 }), fc.integer({ min: 0, max: 3 * SECOND }));
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 25 }), (list) => {
        const tracker = createTracker(name);
        const over = new Set<number>();
        let ptsUs = 0;
        for (const [found, gap] of list) {
          ptsUs += gap;
          const { tracks, ended } = tracker.update(found, ptsUs);
          for (const { trackId, box, velocity } of [...tracks, ...ended]) {
            for (const value of [box.x1, box.y1, box.x2, box.y2, velocity.x, velocity.y]) {
              expect(Number.isFinite(value)).toBe(true);
            }
            expect(box.x2 > box.x1 && box.y2 > box.y1).toBe(true);
            expect(over.has(trackId)).toBe(false);
          }
          expect(new Set(tracks.map(({ trackId }) => trackId)).size).toBe(tracks.length);
          for (const { trackId } of ended) over.add(trackId);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('lives through ten minutes without detections, and gives new ids after it', () => {
    const tracker = createTracker(name);
    const walk = framesOf({ objects: [{ x: 100, y: 100, vx: 30, vy: 0, w: 50, h: 100 }], seed: 0 }, 20);
    walk.forEach((found, f) => tracker.update(found, (f * SECOND) / RATE));
    const ended: Track[] = [];
    const late = 600 * RATE;
    for (let f = 20; f < late; f++) ended.push(...tracker.update([], Math.round((f * SECOND) / RATE)).ended);
    expect(ended.map(({ trackId }) => trackId)).toEqual([1]);
    const back = walk.map((found, f) => tracker.update(found, Math.round(((late + f) * SECOND) / RATE)));
    expect(back.at(-1)!.tracks.map(({ trackId }) => trackId)).toEqual([2]);
  });

  it('ends tracks when flushed, takes earlier times after it and goes on counting ids', () => {
    const tracker = createTracker(name);
    const walk = framesOf({ objects: [{ x: 100, y: 100, vx: 30, vy: 0, w: 50, h: 100 }], seed: 0 }, 20);
    walk.forEach((found, f) => tracker.update(found, 5 * SECOND + (f * SECOND) / RATE));
    expect(() => tracker.update([], 0)).toThrow(/went from \d+/);
    expect(tracker.flush().map(({ trackId }) => trackId)).toEqual([1]);
    expect(tracker.flush()).toEqual([]);
    const again = walk.map((found, f) => tracker.update(found, (f * SECOND) / RATE));
    expect(again.at(-1)!.tracks.map(({ trackId }) => trackId)).toEqual([2]);
    expect(again.flatMap(({ ended }) => ended)).toEqual([]);
  });

  it('keeps sources apart: two trackers at once give what each gives alone', () => {
    const [a, b] = [1, 2].map((seed) =>
      framesOf({ objects: [{ x: 100 * seed, y: 100, vx: 30, vy: 0, w: 50, h: 100 }], seed }, 30),
    );
    const alone = [follow(name, a!), follow(name, b!)];
    const trackers = [createTracker(name), createTracker(name)];
    const together = a!.map((found, f) =>
      [found, b![f]!].map((list, i) => trackers[i]!.update(list, Math.round((f * SECOND) / RATE)).tracks),
    );
    expect(together.map(([first]) => first)).toEqual(alone[0]);
    expect(together.map(([, second]) => second)).toEqual(alone[1]);
  });
});

function follow(name: string, frames: readonly (readonly Detection[])[], rate = RATE): (readonly Track[])[] {
  const tracker = createTracker(name);
  return frames.map((found, f) => tracker.update(found, Math.round((f * SECOND) / rate)).tracks);
}

/** Jitter, misses and confidences come from the seed; with seed 0 there are none. */
function framesOf({ objects, seed }: Walk, count: number): Detection[][] {
  let state = seed;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return Array.from({ length: count }, (_, f) =>
    objects.flatMap(({ x, y, vx, vy, w, h }): Detection[] => {
      if (seed !== 0 && random() < 0.1) return [];
      const jitter = (): number => (seed === 0 ? 0 : (random() - 0.5) * h * 0.08);
      const x1 = x + (vx * f) / RATE + jitter();
      const y1 = y + (vy * f) / RATE + jitter();
      const confidence = seed === 0 ? 0.9 : 0.3 + 0.69 * random();
      return [
        { box: { x1, y1, x2: x1 + w + jitter(), y2: y1 + h }, classId: 0, label: 'person', confidence },
      ];
    }),
  );
}

function shuffle<T>(list: readonly T[], seed: number): T[] {
  const copy = [...list];
  let state = seed >>> 0;
  for (let i = copy.length - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const j = (state >>> 8) % (i + 1);
    [copy[i], copy[j]] = [copy[j]!, copy[i]!];
  }
  return copy;
}

function expectNear(a: Box, b: Box, tolerance: number): void {
  for (const side of ['x1', 'y1', 'x2', 'y2'] as const) {
    if (!(Math.abs(a[side] - b[side]) <= tolerance)) expect.fail(`${side} of ${JSON.stringify([a, b])}`);
  }
}
