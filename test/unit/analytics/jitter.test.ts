/** Objects whose boxes jitter as those of detectors do: what is counted must be where they went, not how their boxes shook. */
import { describe, expect, it } from 'vitest';
import type { AnalyticsConfig } from '../../../src/analytics/options.js';
import type { AnalyticsEvent } from '../../../src/contract/events.js';
import type { Detection } from '../../../src/contract/detector.js';
import { createTracker } from '../../../src/tracking/registry.js';
import { analyticsOf, ofType, resultOf } from './scene.js';

/** Where the anchor point of an object is, t seconds after it came. */
type Way = (seconds: number) => readonly [x: number, y: number];

interface Seen {
  readonly way: Way;
  readonly seconds: number;
  /** Standard deviation of each side of its box of 60 × 40, in pixels. */
  readonly noise: number;
  readonly fps: number;
  /** Share of the frames in which it is not found. */
  readonly missed: number;
  readonly seed: number;
}

const LINE_Y = 220;
const CONFIG: AnalyticsConfig = {
  minAgeSeconds: 0.3,
  settleSeconds: 0.2,
  lines: [{ name: 'line', points: [[50, LINE_Y], [720, LINE_Y]], forward: 'down', backward: 'up' }], // prettier-ignore
  zones: [{ name: 'zone', polygon: [[50, LINE_Y], [720, LINE_Y], [720, 420], [50, 420]] }], // prettier-ignore
};

/** What the default tracker and analytics make of it. */
function eventsOf(
  { way, seconds, noise, fps, missed, seed }: Seen,
  more: AnalyticsConfig = {},
): AnalyticsEvent[] {
  const random = randomFrom(seed);
  const tracker = createTracker('botsort');
  const analytics = analyticsOf({ ...CONFIG, ...more });
  const events: AnalyticsEvent[] = [];
  for (let index = 0; index <= seconds * fps; index++) {
    const time = index / fps;
    const [x, y] = way(time);
    const sides = [x - 30, y - 40, x + 30, y].map((side) => side + noise * normal(random));
    const found: Detection[] = [];
    if (random() >= missed) {
      const [x1, y1, x2, y2] = sides as [number, number, number, number];
      found.push({ box: { x1, y1, x2, y2 }, classId: 2, label: 'car', confidence: 0.9 });
    }
    const ptsUs = Math.round(time * 1e6);
    const { tracks, ended } = tracker.update(found, ptsUs);
    const empty = resultOf({ seconds: time, actors: [] }, index);
    events.push(...analytics.update({ ...empty, detections: found, tracks, ended }));
  }
  return [...events, ...analytics.finish()];
}

/** Comes from above at 60 pixels a second, stands on the line for twelve seconds, and goes on at this pace. */
const standing =
  (pace: number): Way =>
  (t) => [300, LINE_Y + 60 * Math.min(t - 2, 0) + pace * Math.max(t - 14, 0)];

const turning: Way = (t) => [300, LINE_Y + 50 - 50 * Math.abs(t - 3)];

describe.each([
  [0, 12.5],
  [3, 12.5],
  [3, 25],
  [5, 12.5],
  [5, 25],
  [5, 50],
])('with boxes that jitter by %i pixels, at %d frames a second', (noise, fps) => {
  it.each<[string, Way, number, readonly string[]]>([
    ['stands on the line and goes on', standing(60), 17, ['down']],
    ['stands on the line and turns back', standing(-60), 17, []],
    ['crosses slowly', (t) => [100 + 5 * t, LINE_Y - 40 + 4 * t], 20, ['down']],
    ['crosses fast', (t) => [300, LINE_Y - 200 + 150 * t], 2.6, ['down']],
    ['crosses at a slant', (t) => [100 + 80 * t, LINE_Y - 60 + 20 * t], 6, ['down']],
    ['goes over and comes back', turning, 6, ['down', 'up']],
  ])('one that %s', (_, way, seconds, expected) => {
    for (const missed of [0, 0.12]) {
      for (const seed of [1, 2, 3]) {
        const events = eventsOf({ way, seconds, noise, fps, missed, seed });
        const crossings = ofType(events, 'line_cross');
        expect(crossings.map(({ direction }) => direction)).toEqual(expected);
        for (const { at } of crossings) expect(at[1]).toBeCloseTo(LINE_Y, 1);
        // It goes in as often as it came out, but for one that stays or whose track ends inside.
        expect(ofType(events, 'zone_enter').length).toBeLessThanOrEqual(
          1 + Number(expected.length === 1 && noise > 0),
        );
      }
    }
  });

  it('tells the moment of a crossing', () => {
    const way: Way = (t) => [100 + 80 * t, LINE_Y - 120 + 60 * t];
    const crossings = ofType(eventsOf({ way, seconds: 5, noise, fps, missed: 0.12, seed: 4 }), 'line_cross');
    // At two seconds, and a few pixels of jitter at 60 pixels a second earlier or later.
    expect(Math.abs(crossings[0]!.ptsUs / 1e6 - 2)).toBeLessThan(0.05 + (2 * noise) / 60);
  });
});

it('stands still though its boxes jitter', () => {
  const stationary = [{ name: 'parked', seconds: 5 }];
  const way: Way = () => [300, 200];
  for (const seed of [1, 2, 3]) {
    const events = eventsOf({ way, seconds: 12, noise: 5, fps: 12.5, missed: 0.12, seed }, { stationary });
    const told = events.filter(({ type }) => type === 'stationary');
    expect(told).toHaveLength(1);
    expect(told[0]!.ptsUs).toBeLessThan(8e6);
  }
});

function randomFrom(seed: number): () => number {
  let state = seed * 2654435761 + 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) / 2 ** 24;
  };
}

/** Box and Muller 1958. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
