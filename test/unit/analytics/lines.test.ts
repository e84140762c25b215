import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AnalyticsConfig } from '../../../src/analytics/options.js';
import { type Actor, ofType, play, type Scene, walk } from './scene.js';

type Way = readonly (readonly [number, number])[];

/** A line from left to right at y = 200; boxes are 40 pixels large, so the hysteresis is 4 pixels. */
const LEVEL: AnalyticsConfig = {
  lines: [{ name: 'door', points: [[100, 200], [300, 200]], forward: 'down', backward: 'up' }], // prettier-ignore
};

describe('a line', () => {
  it.each([
    // [what, path, directions counted]
    [
      'across',
      [
        [200, 150],
        [200, 250],
      ],
      ['down'],
    ],
    [
      'across and back',
      [
        [200, 150],
        [200, 250],
        [200, 150],
      ],
      ['down', 'up'],
    ],
    [
      'along the line, on it',
      [
        [50, 200],
        [150, 200],
        [250, 200],
        [350, 200],
      ],
      [],
    ],
    [
      'along the line, on it, standing on its ends',
      [
        [100, 200],
        [200, 200],
        [300, 200],
      ],
      [],
    ],
    [
      'onto the line, along it and back',
      [
        [150, 150],
        [150, 200],
        [250, 200],
        [250, 150],
      ],
      [],
    ],
    [
      'onto the line, along it and over',
      [
        [150, 150],
        [150, 200],
        [250, 200],
        [250, 250],
      ],
      ['down'],
    ],
    [
      'beyond the line by less than the hysteresis and back',
      [
        [200, 190],
        [200, 203],
        [200, 190],
      ],
      [],
    ],
    [
      'beyond the line by less than the hysteresis, to stay',
      [
        [200, 190],
        [200, 203],
        [200, 203],
      ],
      [],
    ],
    [
      'just far enough',
      [
        [200, 190],
        [200, 204.5],
      ],
      ['down'],
    ],
    [
      'jitter, then across',
      [
        [200, 199],
        [200, 201],
        [200, 199],
        [200, 201],
        [200, 220],
      ],
      ['down'],
    ],
    [
      'jitter, then back',
      [
        [200, 190],
        [200, 201],
        [200, 199],
        [200, 201],
        [200, 180],
      ],
      [],
    ],
    [
      'jitter after crossing',
      [
        [200, 150],
        [200, 220],
        [200, 199],
        [200, 201],
        [200, 220],
      ],
      ['down'],
    ],
    [
      'a jump across from far away',
      [
        [200, 0],
        [200, 430],
      ],
      ['down'],
    ],
    [
      'a jump past the end',
      [
        [301, 0],
        [301, 430],
      ],
      [],
    ],
    [
      'touching the end from one side',
      [
        [300, 150],
        [300, 200],
        [300, 150],
      ],
      [],
    ],
    [
      'touching the end sideways',
      [
        [350, 150],
        [300, 200],
        [350, 250],
      ],
      [],
    ],
    [
      'around the end',
      [
        [250, 150],
        [350, 200],
        [250, 250],
      ],
      [],
    ],
    [
      'round the end and back through',
      [
        [250, 150],
        [350, 200],
        [250, 250],
        [250, 150],
      ],
      ['up'],
    ],
    [
      'begins on the line',
      [
        [200, 200],
        [200, 250],
      ],
      [],
    ],
    [
      'begins on the line, to the other side',
      [
        [200, 200],
        [200, 150],
      ],
      ['up'],
    ],
    [
      'stays in one place',
      [
        [200, 210],
        [200, 210],
        [200, 210],
      ],
      [],
    ],
  ] as [string, Way, string[]][])('%s', (_, way, expected) => {
    expect(directions(LEVEL, walk(way))).toEqual(expected);
  });

  it('tells the moment and the place between two frames', () => {
    const [event, ...others] = play(LEVEL, walk([[200, 180], [220, 260]], { id: 7 })); // prettier-ignore
    expect(others).toEqual([]);
    expect(event).toEqual({
      id: 'gate/0/line_cross/door/7/0',
      sourceId: 'gate',
      epoch: 0,
      type: 'line_cross',
      name: 'door',
      direction: 'down',
      ptsUs: 25_000,
      at: [205, 200],
      trackId: 7,
      classId: 0,
      label: 'person',
    });
  });

  it('counts a path through the shared point of two pieces once', () => {
    const bent: AnalyticsConfig = { lines: [{ name: 'bent', points: [[100, 100], [200, 200], [300, 100]] }] }; // prettier-ignore
    expect(directions(bent, walk([[200, 260], [200, 140]]))).toEqual(['backward']); // prettier-ignore
    expect(directions(bent, walk([[200, 260], [200, 200], [200, 140]]))).toEqual(['backward']); // prettier-ignore
    expect(directions(bent, walk([[120, 200], [280, 200]]))).toEqual([]); // prettier-ignore
  });

  it('counts each leg of a U that a single jump crosses, as slow steps do', () => {
    const legs: AnalyticsConfig = {
      lines: [{ name: 'u', points: [[200, 100], [200, 300], [300, 300], [300, 100]], forward: 'out', backward: 'in' }], // prettier-ignore
    };
    const steps = Array.from({ length: 31 }, (_, i) => [100 + 10 * i, 200] as const);
    expect(directions(legs, walk(steps))).toEqual(['in', 'out']);
    expect(directions(legs, walk([[100, 200], [400, 200]]))).toEqual(['in', 'out']); // prettier-ignore
  });

  it('counts an object at most once that jitters across it, however wildly within the hysteresis', () => {
    const jitter = fc.array(fc.double({ min: -3.9, max: 3.9, noNaN: true }), { maxLength: 40 });
    const side = fc.constantFrom(-60, 60);
    fc.assert(
      fc.property(side, jitter, side, (from, offsets, to) => {
        const way = [from, ...offsets, to].map((offset, i) => [150 + i, 200 + offset] as const);
        const expected = from === to ? [] : [to > 0 ? 'down' : 'up'];
        expect(directions(LEVEL, walk(way))).toEqual(expected);
      }),
      { numRuns: 80 },
    );
  });

  it('counts the same whatever frames are left out of a straight path', () => {
    const dropped = fc.array(fc.boolean(), { minLength: 60, maxLength: 60 });
    fc.assert(
      fc.property(dropped, (drop) => {
        const scenes = walk(drop.map((_, i) => [150 + i, 100 + 3 * i] as const));
        const kept = scenes.filter((__, i) => i === 0 || i === 59 || drop[i] !== true);
        const [event, ...others] = ofType(play(LEVEL, kept), 'line_cross');
        expect(others).toEqual([]);
        expect(Math.abs(event!.ptsUs - 3_333_333)).toBeLessThanOrEqual(2);
      }),
      { numRuns: 40 },
    );
  });

  it('takes no notice of boxes that are only predicted', () => {
    const scenes = walk([[200, 150], [200, 180], [200, 220], [200, 260], [200, 180]]); // prettier-ignore
    const lost = scenes.map((scene, i) => withActors(scene, i === 2 || i === 3 ? { state: 'lost' } : {}));
    expect(directions(LEVEL, lost)).toEqual([]);
  });

  it('counts once it comes back on the other side after having been lost', () => {
    const scenes = walk([[200, 150], [200, 180], [200, 190], [200, 195], [200, 260]]); // prettier-ignore
    const lost = scenes.map((scene, i) => withActors(scene, i === 2 || i === 3 ? { state: 'lost' } : {}));
    expect(directions(LEVEL, lost)).toEqual(['down']);
  });

  it('waits for the least age, and counts with the time of the crossing', () => {
    const way = Array.from({ length: 12 }, (_, i) => [200, 180 + 10 * i] as const);
    const crossing = { ...LEVEL, minAgeSeconds: 1 };
    expect(ofType(play(crossing, walk(way)), 'line_cross').map(({ ptsUs }) => ptsUs)).toEqual([200_000]);
    expect(directions(crossing, walk(way.slice(0, 9)))).toEqual([]);
  });

  it('takes a box back that was on the other side for less than the settling time', () => {
    const way: Way = [[200, 150], [200, 150], [200, 260], [200, 150], [200, 150], [200, 150]]; // prettier-ignore
    expect(directions({ ...LEVEL, settleSeconds: 0.5 }, walk(way))).toEqual([]);
    expect(directions(LEVEL, walk(way))).toEqual(['down', 'up']);
  });

  it('counts a track that ends on the other side before the settling time is over', () => {
    expect(directions({ ...LEVEL, settleSeconds: 5 }, walk([[200, 150], [200, 250]]))).toEqual(['down']); // prettier-ignore
  });

  it('counts only the classes that it is asked for', () => {
    const cars = { lines: [{ ...LEVEL.lines![0]!, classes: ['car'] }] };
    const across: Way = [[200, 150], [200, 250]]; // prettier-ignore
    expect(directions(cars, walk(across, { label: 'car' }))).toEqual(['down']);
    expect(directions(cars, walk(across, { label: 'person' }))).toEqual([]);
  });

  it.each([
    // [anchor, y of the box's lower edge at which the line is crossed]
    ['bottom', 200],
    ['centre', 220],
    ['top', 240],
  ] as const)('is crossed by the %s of the box', (anchor, y) => {
    const [event] = ofType(play({ ...LEVEL, anchor }, walk([[200, 100], [200, 300]])), 'line_cross'); // prettier-ignore
    expect(event!.ptsUs).toBe(((y - 100) / 200) * 100_000);
  });

  it('takes points from 0 to 1 as well', () => {
    const config: AnalyticsConfig = { coordinates: 'normalised', lines: [{ name: 'half', points: [[0, 0.5], [1, 0.5]] }] }; // prettier-ignore
    const [event] = ofType(play(config, walk([[384, 116], [384, 316]])), 'line_cross'); // prettier-ignore
    expect(event).toMatchObject({ at: [384, 216], ptsUs: 50_000 });
  });
});

function directions(config: AnalyticsConfig, scenes: readonly Scene[]): string[] {
  return ofType(play(config, scenes), 'line_cross').map(({ direction }) => direction);
}

function withActors(scene: Scene, changes: Partial<Actor>): Scene {
  return { ...scene, actors: scene.actors.map((actor) => ({ ...actor, ...changes })) };
}
