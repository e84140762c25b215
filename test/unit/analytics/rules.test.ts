import { describe, expect, it } from 'vitest';
import { createAnalytics } from '../../../src/analytics/analytics.js';
import type { AnalyticsConfig } from '../../../src/analytics/options.js';
import { SOURCE } from './scene.js';

const SQUARE: readonly (readonly [number, number])[] = [[100, 100], [300, 100], [300, 300], [100, 300]]; // prettier-ignore
const LEVEL: readonly (readonly [number, number])[] = [[0, 200], [700, 200]]; // prettier-ignore
const INNER: readonly (readonly [number, number])[] = [[150, 150], [250, 150], [200, 250]]; // prettier-ignore

describe('settings that cannot work', () => {
  it.each([
    [
      'a line of one point',
      { lines: [{ name: 'door', points: [[1, 1]] }] },
      'option "lines.0.points" is [[1,1]]: at least 2 points are needed',
    ],
    [
      'the same point twice',
      {
        lines: [
          {
            name: 'door',
            points: [
              [9, 9],
              [9, 9],
            ],
          },
        ],
      },
      'lines[0] "door".points[1] is the same point as the one before, (9, 9)',
    ],
    [
      'a line beside the picture',
      { lines: [{ name: 'door', points: [[800, 10], [900, 10]] }] }, // prettier-ignore
      'lines[0] "door".points lies outside of the picture, which is 768 × 432 pixels: it reaches from (800, 10) to (900, 10)',
    ],
    [
      'a zone above the picture',
      { zones: [{ name: 'sky', polygon: [[10, -90], [90, -90], [50, -10]] }] }, // prettier-ignore
      'zones[0] "sky".polygon lies outside of the picture',
    ],
    [
      'normalised points outside',
      { coordinates: 'normalised', lines: [{ name: 'door', points: [[1.1, 0], [1.2, 1]] }] }, // prettier-ignore
      'lines[0] "door".points lies outside of the picture',
    ],
    [
      'shares of the picture as pixels',
      { zones: [{ name: 'yard', polygon: [[0.1, 0.2], [0.9, 0.2], [0.5, 1]] }] }, // prettier-ignore
      'zones[0] "yard".polygon has all its points from 0 to 1; for shares of the picture set coordinates: normalised',
    ],
    [
      'one name for both directions',
      { lines: [{ name: 'door', points: LEVEL, forward: 'in', backward: 'in' }] },
      'calls both directions "in"',
    ],
    [
      'a name twice',
      {
        lines: [
          { name: 'a', points: LEVEL },
          { name: 'a', points: LEVEL },
        ],
      },
      'lines[1] is called "a" as lines[0] is; names must differ',
    ],
    [
      'no name',
      { zones: [{ name: ' ', polygon: SQUARE }] },
      'option "zones.0.name" is " ": expected a name without slashes and line breaks',
    ],
    [
      'a slash in a name',
      { zones: [{ name: 'a/b', polygon: SQUARE }] },
      'option "zones.0.name" is "a/b": expected a name without',
    ],
    [
      'a line break in a name',
      { zones: [{ name: 'a\nb', polygon: SQUARE }] },
      'option "zones.0.name" is "a\\nb": expected a name without',
    ],
    [
      'a polygon of two points',
      { zones: [{ name: 'yard', polygon: LEVEL }] },
      'option "zones.0.polygon" is [[0,200],[700,200]]: at least 3 points are needed',
    ],
    [
      'a bow tie',
      {
        zones: [
          {
            name: 'yard',
            polygon: [
              [0, 0],
              [100, 100],
              [100, 0],
              [0, 100],
            ],
          },
        ],
      },
      'polygon crosses or touches itself: edge (0, 0)–(100, 100) meets edge (100, 0)–(0, 100)',
    ],
    [
      'a spike',
      {
        zones: [
          {
            name: 'yard',
            polygon: [
              [0, 0],
              [100, 0],
              [50, 0],
              [50, 80],
            ],
          },
        ],
      },
      'turns back on itself at point 1, (100, 0)',
    ],
    [
      'a hole outside',
      {
        zones: [
          {
            name: 'yard',
            polygon: SQUARE,
            holes: [
              [
                [1, 1],
                [9, 1],
                [9, 9],
              ],
            ],
          },
        ],
      },
      'holes[0] lies outside of zones[0] "yard".polygon',
    ],
    [
      'a hole across the border',
      {
        zones: [
          {
            name: 'yard',
            polygon: SQUARE,
            holes: [
              [
                [90, 150],
                [200, 150],
                [200, 200],
              ],
            ],
          },
        ],
      },
      'holes[0] crosses zones[0] "yard".polygon',
    ],
    [
      'a hole in a hole',
      {
        zones: [
          {
            name: 'yard',
            polygon: SQUARE,
            holes: [
              INNER,
              [
                [190, 180],
                [210, 180],
                [200, 200],
              ],
            ],
          },
        ],
      },
      'holes[1] and zones[0] "yard".holes[0] lie in each other',
    ],
    [
      'an unknown class',
      { lines: [{ name: 'door', points: LEVEL, classes: ['persn'] }] },
      'lines[0] "door".classes has "persn", which the model does not have (did you mean "person"?); it has person, bicycle, car',
    ],
    [
      'no class',
      { zones: [{ name: 'yard', polygon: SQUARE, classes: [] }] },
      'option "zones.0.classes" is []: it is empty; leave it out for all classes',
    ],
    [
      'pixels for shares',
      { coordinates: 'normalised', zones: [{ name: 'yard', polygon: SQUARE }] },
      'zones[0] "yard".polygon[0] is (100, 100), far outside of the picture; normalised coordinates go from 0 to 1; for pixels set coordinates: pixels',
    ],
    [
      'a point far outside',
      {
        lines: [
          {
            name: 'door',
            points: [
              [0, 0],
              [5000, 0],
            ],
          },
        ],
      },
      'lines[0] "door".points[1] is (5000, 0), far outside of the picture; the picture is 768 × 432 pixels',
    ],
    [
      'a point that is none',
      {
        lines: [
          {
            name: 'door',
            points: [
              [0, 0],
              [NaN, 0],
            ],
          },
        ],
      },
      'option "lines.0.points.1.0" is NaN',
    ],
    [
      'a negative time',
      { settleSeconds: -1 },
      'option "settleSeconds" is -1: expected a number from 0 to 604800',
    ],
    [
      'a negative time of one line',
      { lines: [{ name: 'door', points: LEVEL, minAgeSeconds: -1 }] },
      'option "lines.0.minAgeSeconds" is -1: expected',
    ],
    ['windows of no length', { countSeconds: 0 }, 'option "countSeconds" is 0: expected a number from 0.001'],
    [
      'a zone that is not there',
      { stationary: [{ name: 'parked', seconds: 9, zone: 'kerb' }] },
      'stationary[0] "parked".zone names "kerb", which is no zone; there are none',
    ],
    [
      'half a column',
      { heatMap: { columns: 2.5 } },
      'option "heatMap.columns" is 2.5: expected a whole number from 1 to 1000',
    ],
    [
      'two ways of measuring',
      { speed: {} },
      'option "speed" is {}: exactly one of metresPerPixel and points is needed',
    ],
    [
      'three pairs',
      { speed: { points: INNER.map((image) => ({ image, ground: image })) } },
      ': at least 4 pairs are needed',
    ],
  ] as [string, AnalyticsConfig, string][])('%s', (_, config, message) => {
    let thrown: unknown;
    try {
      createAnalytics(config, SOURCE);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: 'ERR_USAGE', message: expect.stringContaining(message) as string });
    expect((thrown as Error).message).toMatch(/^analytics: [^\n]+$/);
  });

  it.each([
    [
      'anchor',
      { anchor: 'middle' },
      'option "anchor" is "middle": expected one of bottom, centre, top, left, right',
    ],
    [
      'coordinates',
      { coordinates: 'percent' },
      'option "coordinates" is "percent": expected pixels or normalised',
    ],
    ['a key', { zonez: [] }, 'analytics: unknown option "zonez" (did you mean "zones"?)'],
    [
      'a key of a line',
      { lines: [{ name: 'door', points: LEVEL, clases: ['car'] }] },
      'analytics: unknown option "lines.0.clases" (did you mean "classes"?)',
    ],
    [
      'unit',
      { speed: { metresPerPixel: 1, unit: 'mph' } },
      'option "speed.unit" is "mph": expected km/h or m/s',
    ],
  ])('a word that is not known: %s', (_, config, message) => {
    expect(() => createAnalytics(config as AnalyticsConfig, SOURCE)).toThrow(message);
  });
});

describe('settings that work', () => {
  it.each([
    ['nothing', {}],
    ['a ring that is closed', { zones: [{ name: 'yard', polygon: [...SQUARE, SQUARE[0]!] }] }],
    [
      'a hole that touches the border',
      {
        zones: [
          {
            name: 'yard',
            polygon: SQUARE,
            holes: [
              [
                [100, 150],
                [200, 150],
                [200, 200],
              ],
            ],
          },
        ],
      },
    ],
    [
      'two holes',
      {
        zones: [
          {
            name: 'yard',
            polygon: SQUARE,
            holes: [
              [
                [110, 110],
                [140, 110],
                [140, 140],
              ],
              INNER,
            ],
          },
        ],
      },
    ],
    [
      'a shape that reaches out of the picture',
      {
        lines: [
          {
            name: 'door',
            points: [
              [-100, -100],
              [900, 500],
            ],
          },
        ],
      },
    ],
  ] as [string, AnalyticsConfig][])('%s', (_, config) => {
    expect(() => createAnalytics(config, SOURCE)).not.toThrow();
  });
});
