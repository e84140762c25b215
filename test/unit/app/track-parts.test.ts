import { describe, expect, it } from 'vitest';
import { analyticsMaker } from '../../../src/app/track-parts.js';
import type { OptionsInput } from '../../../src/config/schema.js';
import { sourceInfo } from '../../support/results.js';

type Rules = NonNullable<OptionsInput['analytics']>;

const gate: Rules = {
  lines: [
    {
      name: 'gate',
      points: [
        [0, 0],
        [100, 100],
      ],
    },
  ],
};
const yard: Rules = {
  zones: [
    {
      name: 'yard',
      polygon: [
        [0, 0],
        [99, 0],
        [50, 50],
      ],
    },
  ],
};

function make(rules: Readonly<Record<string, Rules>>): ReturnType<typeof analyticsMaker> {
  return analyticsMaker((id) => new Map(Object.entries(rules)).get(id), ['person', 'car']);
}

describe('analytics of the sources', () => {
  it('are those of each', () => {
    const maker = make({ a: gate, b: yard });
    const stateOf = (id: string) => maker.create(sourceInfo({ id }))!.state();
    expect(stateOf('a').lines.map(({ name }) => name)).toEqual(['gate']);
    expect(stateOf('b')).toMatchObject({ lines: [], zones: [{ name: 'yard' }] });
  });

  it('are none where none are asked for', () => {
    expect(make({ b: yard }).create(sourceInfo({ id: 'a' }))).toBeUndefined();
  });

  it.each([
    [{ ...gate, stationary: [{ name: 'x', seconds: 1, zone: 'nowhere' }] }, /nowhere/],
    [{ lines: [{ ...gate.lines![0]!, classes: ['elk'] }] }, /has "elk", which the model does not have/],
    [
      {
        zones: [
          {
            name: 'z',
            polygon: [
              [0, 0],
              [9, 9],
              [9, 0],
              [0, 9],
            ],
          },
        ],
      },
      /crosses/,
    ],
  ] satisfies [Rules, RegExp][])('are refused before a source is opened: %j', (rules, message) => {
    expect(() => {
      make({}).check(rules);
    }).toThrow(message);
  });

  it('say no to a place outside of the picture once its size is known', () => {
    const far: Rules = {
      lines: [
        {
          name: 'far',
          points: [
            [0, 0],
            [0, 9000],
          ],
        },
      ],
    };
    const maker = make({ a: far });
    maker.check(far);
    expect(() => maker.create(sourceInfo({ id: 'a' }))).toThrow(/far outside of the picture/);
  });
});
