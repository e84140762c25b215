import { describe, expect, it } from 'vitest';
import type { AnalyticsConfig } from '../../../src/analytics/options.js';
import { type Actor, ofType, play, type Scene } from './scene.js';

const LEVEL: AnalyticsConfig = {
  lines: [{ name: 'door', points: [[100, 200], [300, 200]], forward: 'down', backward: 'up' }], // prettier-ignore
};
const YARD: AnalyticsConfig = {
  zones: [{ name: 'yard', polygon: [[100, 100], [300, 100], [300, 300], [100, 300]] }], // prettier-ignore
};

/** Frames a tenth of a second apart; `undefined` is a frame without the object, which its track's `ended` follows. */
function handover(ys: readonly (number | undefined)[], secondTrack: Partial<Actor> = {}): Scene[] {
  const gap = ys.indexOf(undefined);
  return ys.map((y, i) => ({
    seconds: i / 10,
    actors: y === undefined ? [] : [{ x: 200, y, ...(i > gap ? { id: 2, ...secondTrack } : {}) }],
    ended: i === gap ? [1] : [],
  }));
}

describe('an object that gets a new id near a line', () => {
  it.each([
    // [what, y of the anchor in each frame, directions]
    ['before the line', [150, 190, undefined, 195, 250], ['down']],
    ['between two sightings on both sides', [150, 190, undefined, 215, 250], ['down']],
    ['just beyond the line, found just before it', [150, 190, 202, undefined, 199, 250], ['down']],
    ['beyond the line, counted, found before it by jitter', [150, 206, undefined, 199, 250], ['down']],
    ['beyond the line, found before it, and it turns back', [150, 190, 202, undefined, 199, 150], []],
    ['on the line, standing there', [150, 201, 199, undefined, 201, 199, 201, 199], []],
  ] as [string, (number | undefined)[], string[]][])('counts once: %s', (_, ys, expected) => {
    const events = play(LEVEL, handover(ys));
    expect(ofType(events, 'line_cross').map(({ direction }) => direction)).toEqual(expected);
  });

  it('would count twice, or not at all, if it were taken for another object', () => {
    const off = { ...LEVEL, relinkSeconds: 0 };
    const between = handover([150, 190, undefined, 215, 250]);
    const jittered = handover([150, 206, undefined, 199, 250]);
    expect(ofType(play(off, between), 'line_cross')).toHaveLength(0);
    expect(ofType(play(off, jittered), 'line_cross')).toHaveLength(2);
  });

  it('also while the tracker still holds the old track at its predicted place', () => {
    const scenes = handover([150, 190, undefined, 215, 250]).map((scene, i): Scene => ({
      ...scene,
      ended: [],
      actors: i < 2 ? scene.actors : [...scene.actors, { x: 200, y: 190 + 20 * i, state: 'lost' }],
    }));
    expect(ofType(play(LEVEL, scenes), 'line_cross')).toHaveLength(1);
  });

  it.each([
    ['too late', handover([150, 190, ...Array.from({ length: 21 }, () => undefined), 215, 250])],
    ['too far away', handover([150, 150, undefined, 215, 250])],
    ['of another size', handover([150, 190, undefined, 215, 250], { width: 90, height: 90 })],
  ])('is another object if it comes %s', (_, scenes) => {
    expect(ofType(play(LEVEL, scenes), 'line_cross')).toHaveLength(0);
  });

  it('takes the way that the lost one was going into account', () => {
    const fast = handover([50, 100, 150, undefined, 250, 300]).map((scene) => ({
      ...scene,
      actors: scene.actors.map((actor) => ({ ...actor, velocity: { x: 0, y: 500 } })),
    }));
    expect(ofType(play(LEVEL, fast), 'line_cross')).toHaveLength(1);
  });

  it('gives one lost object to one new track, the nearest', () => {
    const scenes: Scene[] = [
      { seconds: 0, actors: [{ id: 1, x: 200, y: 190 }] },
      { seconds: 0.1, actors: [], ended: [1] },
      { seconds: 0.2, actors: [{ id: 2, x: 230, y: 215 }, { id: 3, x: 205, y: 215 }] }, // prettier-ignore
      { seconds: 0.3, actors: [{ id: 2, x: 230, y: 250 }, { id: 3, x: 205, y: 250 }] }, // prettier-ignore
    ];
    expect(ofType(play(LEVEL, scenes), 'line_cross').map(({ trackId }) => trackId)).toEqual([3]);
  });
});

describe('an object that gets a new id in a zone', () => {
  const scenes = handover([200, 200, 200, undefined, 205, 205, 205]);

  it('makes one visit', () => {
    expect(play(YARD, scenes).map(({ type }) => type)).toEqual(['zone_enter', 'zone_exit']);
    expect(ofType(play(YARD, scenes), 'zone_exit')).toMatchObject([{ trackId: 2, dwellUs: 600_000 }]);
  });

  it('says which track it continues', () => {
    const events = play({ ...YARD, trackEvents: true }, scenes);
    expect(ofType(events, 'track_start')).toMatchObject([{ trackId: 1 }, { trackId: 2, continues: 1 }]);
    expect(ofType(events, 'track_end').map(({ zones }) => zones[0]!.dwellUs)).toEqual([200_000, 400_000]);
  });

  it('but one that goes over the edge of the picture and one that comes from there make two', () => {
    const edge: AnalyticsConfig = { zones: [{ name: 'edge', polygon: [[0, 0], [100, 0], [100, 431], [0, 431]] }] }; // prettier-ignore
    const atEdge = scenes.map((scene) => ({
      ...scene,
      actors: scene.actors.map((actor) => ({ ...actor, x: 20 })),
    }));
    expect(ofType(play(edge, atEdge), 'zone_enter')).toHaveLength(2);
  });
});
