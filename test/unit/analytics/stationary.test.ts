import { describe, expect, it } from 'vitest';
import type { AnalyticsConfig } from '../../../src/analytics/options.js';
import { type Actor, ofType, play, type Scene } from './scene.js';

const PARKED: AnalyticsConfig = { stationary: [{ name: 'parked', seconds: 2 }] };

/** Frames a tenth of a second apart. */
function along(places: readonly number[], actor: Partial<Actor> = {}): Scene[] {
  return places.map((x, i) => ({ seconds: i / 10, actors: [{ y: 200, ...actor, x }] }));
}

const drive = Array.from({ length: 10 }, (_, i) => 100 + 30 * i);
const stay = Array.from({ length: 40 }, (_, i) => 400 + (i % 3) - 1);

describe('stationary', () => {
  it('tells of an object that comes, stays and leaves', () => {
    const events = play(PARKED, along([...drive, ...stay, 430, 460, 490]));
    expect(events).toMatchObject([
      { type: 'stationary', sinceUs: 1_000_000, ptsUs: 3_000_000, at: [399, 200] },
      { type: 'stationary_end', sinceUs: 1_000_000, ptsUs: 5_000_000 },
    ]);
  });

  it('does not tell of one that creeps', () => {
    expect(play(PARKED, along(Array.from({ length: 100 }, (_, i) => 100 + 1.5 * i)))).toEqual([]);
  });

  it('overlooks a wrong box for less than the settling time', () => {
    const places = [...stay, 470, 470, ...stay];
    expect(play({ ...PARKED, settleSeconds: 0.3 }, along(places)).map(({ type }) => type)).toEqual([
      'stationary',
      'stationary_end',
    ]);
    expect(ofType(play(PARKED, along(places)), 'stationary')).toHaveLength(2);
  });

  it('looks at a zone only, if one is given', () => {
    const config: AnalyticsConfig = {
      zones: [{ name: 'kerb', polygon: [[300, 100], [500, 100], [500, 300], [300, 300]] }], // prettier-ignore
      stationary: [{ name: 'parked', seconds: 2, zone: 'kerb' }],
    };
    expect(ofType(play(config, along(stay)), 'stationary')).toHaveLength(1);
    expect(ofType(play(config, along(stay.map((x) => x - 200))), 'stationary')).toHaveLength(0);
  });

  it('tells only of the classes that it is asked for', () => {
    const config: AnalyticsConfig = { stationary: [{ name: 'parked', seconds: 2, classes: ['car'] }] };
    expect(ofType(play(config, along(stay, { label: 'car' })), 'stationary')).toHaveLength(1);
    expect(ofType(play(config, along(stay)), 'stationary')).toHaveLength(0);
  });
});
