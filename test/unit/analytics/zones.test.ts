import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AnalyticsConfig } from '../../../src/analytics/options.js';
import type { AnalyticsEvent } from '../../../src/contract/events.js';
import { analyticsOf, ofType, play, resultOf, type Scene, walk } from './scene.js';

type Way = readonly (readonly [number, number])[];

const SQUARE: NonNullable<AnalyticsConfig['zones']>[number] = { name: 'yard', polygon: [[100, 100], [300, 100], [300, 300], [100, 300]] }; // prettier-ignore
/** Open to the right: a reflex corner on each side of the slot. */
const HOOK: NonNullable<AnalyticsConfig['zones']>[number] = {
  name: 'hook',
  polygon: [[100, 100], [300, 100], [300, 150], [150, 150], [150, 250], [300, 250], [300, 300], [100, 300]], // prettier-ignore
};
const RING: NonNullable<AnalyticsConfig['zones']>[number] = { ...SQUARE, name: 'ring', holes: [[[150, 150], [250, 150], [250, 250], [150, 250]]] }; // prettier-ignore

describe('a zone', () => {
  it.each([
    // [what, zone, path, what happens]
    [
      'through',
      SQUARE,
      [
        [50, 200],
        [200, 200],
        [350, 200],
      ],
      ['enter crossed', 'exit crossed'],
    ],
    [
      'in one jump',
      SQUARE,
      [
        [50, 200],
        [350, 200],
      ],
      ['enter crossed', 'exit crossed'],
    ],
    [
      'appears and leaves',
      SQUARE,
      [
        [200, 200],
        [200, 200],
        [350, 200],
      ],
      ['enter appeared', 'exit crossed'],
    ],
    [
      'along the edge, outside',
      SQUARE,
      [
        [50, 300],
        [350, 300],
      ],
      [],
    ],
    [
      'along the edge, inside',
      SQUARE,
      [
        [50, 100],
        [350, 100],
      ],
      ['enter crossed', 'exit crossed'],
    ],
    [
      'touches a corner',
      SQUARE,
      [
        [50, 150],
        [100, 100],
        [150, 50],
      ],
      [],
    ],
    [
      'outside by less than the hysteresis',
      SQUARE,
      [
        [200, 200],
        [303.9, 200],
        [200, 200],
        [350, 200],
      ],
      ['enter appeared', 'exit crossed'],
    ],
    [
      'outside by just more than the hysteresis',
      SQUARE,
      [
        [200, 200],
        [304.1, 200],
        [200, 200],
      ],
      ['enter appeared', 'exit crossed', 'enter crossed', 'exit unfinished'],
    ],
    [
      'jitters on the border',
      SQUARE,
      [
        [299, 200],
        [301, 200],
        [299, 200],
        [301, 200],
        [299, 200],
      ],
      ['enter appeared', 'exit unfinished'],
    ],
    [
      'through the slot of a hook',
      HOOK,
      [
        [350, 200],
        [200, 200],
        [350, 200],
      ],
      [],
    ],
    [
      'past the slot of a hook',
      HOOK,
      [
        [250, 50],
        [250, 350],
      ],
      ['enter crossed', 'exit crossed', 'enter crossed', 'exit crossed'],
    ],
    [
      'into the reflex corner of a hook',
      HOOK,
      [
        [200, 200],
        [120, 120],
      ],
      ['enter crossed', 'exit unfinished'],
    ],
    [
      'through the hole of a ring',
      RING,
      [
        [50, 200],
        [350, 200],
      ],
      ['enter crossed', 'exit crossed', 'enter crossed', 'exit crossed'],
    ],
    [
      'stays in the hole of a ring',
      RING,
      [
        [200, 200],
        [220, 200],
      ],
      [],
    ],
  ] as [string, NonNullable<AnalyticsConfig['zones']>[number], Way, string[]][])(
    '%s',
    (_, zone, way, expected) => {
      expect(visits(play({ zones: [zone] }, walk(way)))).toEqual(expected);
    },
  );

  it('tells the moments between frames and how long the visit was', () => {
    const events = play({ zones: [SQUARE] }, walk([[60, 200], [140, 200], [260, 200], [340, 200]])); // prettier-ignore
    expect(ofType(events, 'zone_enter').map(({ ptsUs }) => ptsUs)).toEqual([50_000]);
    expect(ofType(events, 'zone_exit')).toMatchObject([{ ptsUs: 250_000, dwellUs: 200_000, how: 'crossed' }]);
  });

  it('enters and leaves in turn, at the crossings of the border, on any path', () => {
    const place = fc.record({ x: fc.integer({ min: 40, max: 360 }), y: fc.integer({ min: 40, max: 360 }) });
    fc.assert(
      fc.property(fc.constantFrom(SQUARE, HOOK, RING), fc.array(place, { maxLength: 20 }), (zone, places) => {
        const events = play({ zones: [zone] }, walk(places.map(({ x, y }) => [x, y])));
        const kinds = events.map(({ type }) => type);
        expect(kinds.every((kind, i) => kind === (i % 2 === 0 ? 'zone_enter' : 'zone_exit'))).toBe(true);
        expect(kinds.length % 2).toBe(0);
        const times = events.map(({ ptsUs }) => ptsUs);
        expect(times).toEqual([...times].sort((a, b) => a - b));
      }),
      { numRuns: 80 },
    );
  });

  it('takes a visit shorter than the settling time for none', () => {
    const slow = { zones: [SQUARE], settleSeconds: 0.3 };
    expect(visits(play(slow, walk([[50, 200], [120, 200], [50, 200], [50, 200], [50, 200]])))).toEqual([]); // prettier-ignore
  });

  it('tells of loitering once for each visit, with the moment that the time was over', () => {
    const zone = { ...SQUARE, loiterSeconds: 0.3 };
    const stay = Array.from({ length: 6 }, () => [200, 200] as const);
    const events = play({ zones: [zone] }, walk([[50, 200], ...stay, [50, 200], [50, 200]])); // prettier-ignore
    const [entered] = ofType(events, 'zone_enter');
    expect(ofType(events, 'loitering')).toMatchObject([
      { sinceUs: entered!.ptsUs, ptsUs: entered!.ptsUs + 300_000 },
    ]);
  });

  it('tells of loitering at one frame in ten seconds too', () => {
    const scenes: Scene[] = [50, 200, 50].map((x, i) => ({ seconds: i * 10, actors: [{ x, y: 200 }] }));
    const events = play({ zones: [{ ...SQUARE, loiterSeconds: 5 }] }, scenes);
    expect(events.map(({ type }) => type)).toEqual(['zone_enter', 'loitering', 'zone_exit']);
  });

  it('ends the visit of a track that ends inside when it was last seen', () => {
    const scenes: Scene[] = [
      ...walk([[200, 200], [210, 200]]), // prettier-ignore
      { seconds: 1, actors: [{ x: 500, y: 400, state: 'lost' }] },
      { seconds: 1.2, actors: [], ended: [1] },
      { seconds: 9, actors: [] },
      { seconds: 10, actors: [] },
    ];
    const exits = ofType(play({ zones: [SQUARE] }, scenes), 'zone_exit');
    expect(exits).toMatchObject([{ how: 'vanished', ptsUs: 100_000, dwellUs: 100_000 }]);
  });

  it('knows who is in, how many were at once, and the percentiles of dwell', () => {
    const analytics = analyticsOf({ zones: [SQUARE] });
    // Object i is inside for i seconds, all from the same moment on.
    for (let second = 0; second <= 102; second++) {
      const actors = Array.from({ length: 100 }, (_, i) => ({
        id: i + 1,
        x: second > i + 1 ? 400 : 200,
        y: 200,
      }));
      analytics.update(resultOf({ seconds: second, actors }, second));
      const [zone] = analytics.state().zones;
      if (second === 1) expect(zone).toMatchObject({ occupancy: 100, peak: 100, exited: 0 });
    }
    const [zone] = analytics.state().zones;
    expect(zone).toMatchObject({ occupancy: 0, peak: 100, entered: 100, exited: 100 });
    expect(zone!.enteredByClass).toEqual({ person: 100 });
    // The way from 200 to 400 takes a second and crosses the border after half of it.
    expect(zone!.dwell!.count).toBe(100);
    expect(zone!.dwell!.p50Us / 50.5e6).toBeCloseTo(1, 1.7);
    expect(zone!.dwell!.p90Us / 90.5e6).toBeCloseTo(1, 1.7);
    expect(zone!.dwell!.p95Us / 95.5e6).toBeCloseTo(1, 1.7);
    expect(zone!.dwell!.meanUs).toBeCloseTo(51e6, -5);
    expect(zone!.dwell!.maxUs).toBe(100.5e6);
  });

  it('hands an object over to the next zone at one moment', () => {
    const next = { name: 'next', polygon: [[300, 100], [500, 100], [500, 300], [300, 300]] } as const; // prettier-ignore
    const events = play({ zones: [SQUARE, next] }, walk([[200, 200], [290, 200], [310, 200], [400, 200], [410, 200]])); // prettier-ignore
    expect(ofType(events, 'zone_exit')[0]).toMatchObject({ name: 'yard', ptsUs: 150_000 });
    expect(ofType(events, 'zone_enter')[1]).toMatchObject({ name: 'next', ptsUs: 150_000 });
  });

  it('counts only the classes that it is asked for', () => {
    const config: AnalyticsConfig = { zones: [{ ...SQUARE, classes: ['car', 'bicycle'] }] };
    const through: Way = [[50, 200], [350, 200]]; // prettier-ignore
    expect(visits(play(config, walk(through, { label: 'person' })))).toEqual([]);
    expect(visits(play(config, walk(through, { label: 'bicycle' })))).toHaveLength(2);
  });
});

function visits(events: readonly AnalyticsEvent[]): string[] {
  return events.map((event) => {
    if (event.type === 'zone_enter') return `enter ${event.how}`;
    if (event.type === 'zone_exit') return `exit ${event.how}`;
    return event.type;
  });
}
