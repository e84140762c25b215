import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AnalyticsConfig } from '../../../src/analytics/options.js';
import type { AnalyticsEvent } from '../../../src/contract/events.js';
import { analyticsOf, ofType, play, resultOf, type Scene, walk } from './scene.js';

const CONFIG: AnalyticsConfig = {
  trackEvents: true,
  countSeconds: 1,
  heatMap: { columns: 16, rows: 9 },
  speed: { metresPerPixel: 0.02 },
  lines: [{ name: 'door', points: [[384, 0], [384, 432]], forward: 'left', backward: 'right' }], // prettier-ignore
  zones: [{ name: 'yard', polygon: [[300, 100], [500, 100], [500, 300], [300, 300]], loiterSeconds: 0.5 }], // prettier-ignore
  stationary: [{ name: 'parked', seconds: 1 }],
};

const actor = fc.record({
  id: fc.integer({ min: 1, max: 4 }),
  x: fc.integer({ min: 330, max: 440 }),
  y: fc.integer({ min: 90, max: 310 }),
  state: fc.constantFrom('confirmed' as const, 'confirmed' as const, 'lost' as const),
});
const scenes = fc.array(
  fc.record({
    actors: fc.uniqueArray(actor, { selector: ({ id }) => id, maxLength: 4 }),
    ended: fc.uniqueArray(fc.integer({ min: 1, max: 4 }), { maxLength: 1 }),
    pause: fc.constantFrom(0.04, 0.04, 0.04, 1, 15),
    restart: fc.constantFrom(...Array.from({ length: 12 }, () => 0), 1),
  }),
  { maxLength: 60 },
);

/** Scenes with times; a restart lets the clock begin anew, with a new epoch every second time. */
function timed(steps: typeof scenes extends fc.Arbitrary<infer T> ? T : never): Scene[] {
  let seconds = 0;
  let restarts = 0;
  return steps.map(({ actors, ended, pause, restart }) => {
    restarts += restart;
    seconds = restart === 1 ? 0 : seconds + pause;
    return { seconds, epoch: Math.floor(restarts / 2), actors, ended };
  });
}

describe('analytics', () => {
  it('gives the same events each time, in whatever order tracks are listed', () => {
    fc.assert(
      fc.property(scenes, (steps) => {
        const list = timed(steps);
        const events = play(CONFIG, list);
        expect(play(CONFIG, list)).toEqual(events);
        const turned = list.map((scene) => ({ ...scene, actors: scene.actors.toReversed() }));
        expect(withoutOrder(play(CONFIG, turned))).toEqual(withoutOrder(events));
      }),
      { numRuns: 60 },
    );
  });

  it('gives each event an id of its own, closes what it opens, and counts what it tells', () => {
    fc.assert(
      fc.property(scenes, (steps) => {
        const analytics = analyticsOf(CONFIG);
        const events = timed(steps).flatMap((scene, i) => analytics.update(resultOf(scene, i)));
        events.push(...analytics.finish());
        expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
        const number = (type: AnalyticsEvent['type']) => ofType(events, type).length;
        expect(number('zone_exit')).toBe(number('zone_enter'));
        expect(number('stationary_end')).toBe(number('stationary'));
        expect(number('track_end')).toBe(number('track_start'));
        const { lines, zones } = analytics.state();
        const crossed = lines[0]!.directions.reduce((sum, { count }) => sum + count, 0);
        expect(crossed).toBe(number('line_cross'));
        expect(zones[0]).toMatchObject({ occupancy: 0, entered: number('zone_enter') });
        const exits = ofType(events, 'zone_exit').filter(({ how }) => how !== 'unfinished').length;
        const inWindows = ofType(events, 'counts')
          .flatMap(({ counts }) => counts)
          .reduce((sum, { count }) => sum + count, 0);
        expect(inWindows).toBe(crossed + number('zone_enter') + exits);
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    ['a new epoch', 1],
    ['time that goes back', 0],
  ])('ends everything at %s and goes on', (_, epoch) => {
    const before = walk([[350, 200], [360, 200], [370, 200]]).map((scene) => ({ ...scene, seconds: scene.seconds + 50 })); // prettier-ignore
    const after = walk([[400, 200], [410, 200]]).map((scene) => ({ ...scene, epoch })); // prettier-ignore
    const events = play({ ...CONFIG, trackEvents: false }, [...before, ...after]);
    // No crossing from the last place before to the first place after, no visit of minus fifty seconds.
    expect(events).toMatchObject([
      { type: 'zone_enter', epoch: 0, ptsUs: 50_000_000 },
      { type: 'zone_exit', epoch: 0, ptsUs: 50_200_000, how: 'unfinished' },
      { type: 'counts', epoch: 0, startUs: 50_000_000 },
      { type: 'zone_enter', epoch, ptsUs: 0 },
      { type: 'zone_exit', epoch, ptsUs: 100_000, how: 'unfinished' },
      { type: 'counts', epoch, startUs: 0 },
    ]);
  });

  it('keeps its measure when the picture changes its size', () => {
    const analytics = analyticsOf({ lines: CONFIG.lines });
    const small = { seconds: 0.1, actors: [{ x: 180, y: 100, width: 20, height: 20 }] };
    const shrunk = resultOf(small, 1);
    const events = [
      ...analytics.update(resultOf({ seconds: 0, actors: [{ x: 370, y: 200 }] }, 0)),
      ...analytics.update({ ...shrunk, frame: { ...shrunk.frame, width: 384, height: 216 } }),
      ...analytics.update(resultOf({ seconds: 0.2, actors: [{ x: 400, y: 200 }] }, 2)),
    ];
    expect(ofType(events, 'line_cross')).toMatchObject([{ direction: 'right', ptsUs: 160_000 }]);
  });

  it('is not troubled by boxes that are no numbers', () => {
    const odd = [Number.NaN, Infinity, 370].map((x, i) => ({ seconds: i, actors: [{ x, y: 200 }] }));
    expect(play({ lines: CONFIG.lines }, odd)).toEqual([]);
  });
});

/** Events without what tells in which order the tracks of one frame were looked at. */
function withoutOrder(events: readonly AnalyticsEvent[]): string[] {
  return events.map((event) => JSON.stringify({ ...event, id: '' })).sort();
}
