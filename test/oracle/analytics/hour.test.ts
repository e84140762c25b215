/** An hour of people and cars, seen at different rates and with frames missing: what is counted must not change. */
import { expect, it } from 'vitest';
import type { AnalyticsConfig } from '../../../src/analytics/options.js';
import type { AnalyticsEvent } from '../../../src/contract/events.js';
import { cutSign, exact, shifted } from '../../unit/analytics/exact.js';
import { type Actor, analyticsOf, ofType, resultOf } from '../../unit/analytics/scene.js';

const HOUR = 3600;
const CONFIG: AnalyticsConfig = {
  minAgeSeconds: 0.3,
  settleSeconds: 0.2,
  // 4.12 pixels: nobody turns exactly as far away as that, where rounding would decide.
  hysteresis: 0.103,
  countSeconds: 60,
  trackEvents: true,
  lines: [
    { name: 'gate', points: [[384, 40], [384, 400]], forward: 'left', backward: 'right' }, // prettier-ignore
    { name: 'bend', points: [[150, 60], [300, 220], [150, 380]], classes: ['car'] }, // prettier-ignore
  ],
  zones: [
    { name: 'hook', polygon: [[420, 80], [620, 80], [620, 160], [500, 160], [500, 280], [620, 280], [620, 360], [420, 360]], loiterSeconds: 4 }, // prettier-ignore
    { name: 'ring', polygon: [[150, 80], [360, 80], [360, 380], [150, 380]], holes: [[[210, 150], [300, 150], [300, 300], [210, 300]]] }, // prettier-ignore
  ],
};

interface Walker {
  readonly id: number;
  readonly label: string;
  readonly from: number;
  readonly until: number;
  /** Places from `from` on, four seconds apart, with straight ways between them. */
  readonly places: readonly (readonly [number, number])[];
}

/** One every five seconds; ways turn at whole seconds, where each of the rates has a frame. */
function makeWalkers(random: () => number): Walker[] {
  return Array.from({ length: HOUR / 5 - 10 }, (_, i) => {
    const legs = 2 + Math.floor(random() * 5);
    const places = Array.from({ length: legs + 1 }, () => {
      // Nobody turns near the gate: what crosses it there is beyond dispute.
      const x = 40 + Math.floor(random() * 568);
      return [x < 320 ? x : x + 130, 50 + Math.floor(random() * 360)] as const;
    });
    const from = 5 * i;
    const label = random() < 0.5 ? 'person' : 'car';
    return { id: i + 1, label, from, until: from + 4 * legs, places };
  });
}

function actorAt({ id, label, from, places }: Walker, seconds: number): Actor {
  const leg = Math.min(places.length - 2, Math.floor((seconds - from) / 4));
  const share = (seconds - from) / 4 - leg;
  const [x1, y1] = places[leg]!;
  const [x2, y2] = places[leg + 1]!;
  return { id, label, x: x1 + (x2 - x1) * share, y: y1 + (y2 - y1) * share };
}

/** @param keep whether a frame in which nobody turns is there. */
function eventsOf(walkers: readonly Walker[], fps: number, keep: () => boolean): AnalyticsEvent[] {
  const analytics = analyticsOf(CONFIG);
  const events: AnalyticsEvent[] = [];
  let first = 0;
  let next = 0;
  let ended: number[] = [];
  for (let i = 0; i < HOUR * fps; i++) {
    const seconds = i / fps;
    while (first < walkers.length && walkers[first]!.until < seconds - 60) first++;
    while (next < walkers.length && walkers[next]!.from <= seconds) next++;
    const around = walkers.slice(first, next).filter(({ until }) => until >= seconds);
    const turning = around.some(({ from }) => (seconds - from) % 4 === 0);
    if (!turning && !keep()) continue;
    const actors = around.map((walker) => actorAt(walker, seconds));
    events.push(...analytics.update(resultOf({ seconds, actors, ended }, i)));
    ended = around.filter(({ until }) => until === seconds).map(({ id }) => id);
  }
  return [...events, ...analytics.finish()];
}

/** How often the ways cut the gate in one direction, by whole numbers. */
function cutsOfGate(walkers: readonly Walker[], sign: number): number {
  const [a, b] = CONFIG.lines![0]!.points.map(([x, y]) => exact({ x, y }));
  const points = walkers.map(({ places }) => places.map(([x, y]) => shifted({ x, y })));
  const cuts = points.flatMap((way) => way.slice(1).map((q, i) => cutSign(way[i]!, q, a!, b!)));
  return cuts.filter((cut) => cut === sign).length;
}

/** What must not depend on the frames: what happened, to whom, in which direction, and when to the tenth of a second. */
function story(events: readonly AnalyticsEvent[]): string[] {
  return events
    .flatMap((event) => {
      if (event.type === 'counts' || event.type === 'track_start' || event.type === 'track_end') return [];
      const how = 'direction' in event ? event.direction : 'how' in event ? event.how : '';
      return [
        `${(event.ptsUs / 1e6).toFixed(1).padStart(7)} ${event.type} ${event.name} ${how} ${event.trackId}`,
      ];
    })
    .sort();
}

it('counts the same in an hour at 1, 5, 12 and 25 frames per second and with 30 % of the frames missing', () => {
  const walkers = makeWalkers(randomFrom(7));
  const all = () => true;
  const reference = eventsOf(walkers, 25, all);
  const told = story(reference);
  const gate = ofType(reference, 'line_cross').filter(({ name }) => name === 'gate');
  for (const [direction, sign] of [
    ['right', -1],
    ['left', 1],
  ] as const) {
    const counted = gate.filter((event) => event.direction === direction).length;
    expect(counted).toBe(cutsOfGate(walkers, sign));
    expect(counted).toBeGreaterThan(300);
  }
  expect(ofType(reference, 'loitering').length).toBeGreaterThan(20);
  const windows = ofType(reference, 'counts');
  expect(windows).toHaveLength(60);

  const random = randomFrom(8);
  const rates: [number, () => boolean][] = [
    [1, all],
    [5, all],
    [12, all],
    [25, () => random() >= 0.3],
  ];
  for (const [fps, keep] of rates) {
    const events = eventsOf(walkers, fps, keep);
    expect(story(events)).toEqual(told);
    expect(ofType(events, 'counts').map(({ counts }) => counts)).toEqual(windows.map(({ counts }) => counts));
  }
}, 120_000);

/** Numbers from 0 to below 1 by a linear congruential generator (Knuth's MMIX constants). */
function randomFrom(seed: number): () => number {
  let state = BigInt(seed);
  return () => {
    state = (state * 6364136223846793005n + 1442695040888963407n) & ((1n << 64n) - 1n);
    return Number(state >> 11n) / 2 ** 53;
  };
}
