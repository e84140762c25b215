import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkHeatMaps, checkNotRead } from '../../../src/app/outputs.js';
import { analyticsMaker } from '../../../src/app/track-parts.js';
import { parseOptions } from '../../../src/config/parse.js';
import type { Options, OptionsInput } from '../../../src/config/schema.js';
import { sourceInfo } from '../../support/results.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

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

function options(input: Partial<OptionsInput>): Options {
  return parseOptions({ inputs: ['a.mp4', 'b.mp4'], ...input });
}

function make(input: Partial<OptionsInput>): ReturnType<typeof analyticsMaker> {
  return analyticsMaker(options(input), ['a', 'b'], ['person', 'car']);
}

describe('analytics of the inputs', () => {
  it('are the same for all, or those that are meant for one', () => {
    const makeFor = make({ analytics: gate, analyticsBySource: { b: yard } });
    const stateOf = (id: string) => makeFor(sourceInfo({ id }))!.state();
    expect(stateOf('a').lines.map(({ name }) => name)).toEqual(['gate']);
    expect(stateOf('b')).toMatchObject({ lines: [], zones: [{ name: 'yard' }] });
  });

  it('belong to inputs by their own names only', () => {
    expect(make({ analytics: gate })(sourceInfo({ id: 'constructor' }))!.state().lines).toHaveLength(1);
    expect(make({})(sourceInfo({ id: 'toString' }))).toBeUndefined();
  });

  it('are none where none are asked for', () => {
    expect(make({})(sourceInfo({ id: 'a' }))).toBeUndefined();
    expect(make({ analyticsBySource: { b: yard } })(sourceInfo({ id: 'a' }))).toBeUndefined();
  });

  it.each([
    [{ analytics: { ...gate, stationary: [{ name: 'x', seconds: 1, zone: 'nowhere' }] } }, /nowhere/],
    [
      { analytics: { lines: [{ ...gate.lines![0]!, classes: ['elk'] }] } },
      /has "elk", which the model does not have/,
    ],
    [
      {
        analyticsBySource: {
          b: {
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
        },
      },
      /crosses/,
    ],
    [{ analyticsBySource: { c: gate } }, /names "c", which is no input; the inputs are a, b/],
  ] satisfies [Partial<OptionsInput>, RegExp][])(
    'are refused before a source is opened: %j',
    (input, message) => {
      expect(() => make(input)).toThrow(message);
    },
  );

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
    const makeFor = make({ analytics: far });
    expect(() => makeFor(sourceInfo({ id: 'a' }))).toThrow(/far outside of the picture/);
  });
});

describe('a heat map as output', () => {
  const output = { heatMap: '{name}.png' };
  const heat: Rules = { heatMap: {} };

  it.each([
    [{ output, analytics: heat }],
    [{ output, analytics: gate, analyticsBySource: { a: heat, b: heat } }],
    [{ analytics: gate }],
  ])('can be had: %j', (input) => {
    expect(() => {
      checkHeatMaps(options(input), ['a', 'b']);
    }).not.toThrow();
  });

  it.each([
    [{ output }, '"a"'],
    [{ output, analytics: gate }, '"a"'],
    [{ output, analytics: heat, analyticsBySource: { b: gate } }, '"b"'],
  ])('cannot: %j', (input, whose) => {
    expect(() => {
      checkHeatMaps(options(input), ['a', 'b']);
    }).toThrow(`needs a heat map of ${whose}; put "heatMap: {}" into its analytics`);
  });
});

describe('{name} in an output', () => {
  it('is the name as it is written', async () => {
    const folder = await temporaryFolder();
    const input = join(folder, '$&.jsonl');
    await writeFile(input, '');
    const { output } = options({ output: { jsonl: join(folder, '{name}.jsonl') } });
    await expect(checkNotRead({ output }, [{ id: '$&', input }], [input], 'input')).rejects.toThrow(
      '$&.jsonl" is the input itself',
    );
  });
});
