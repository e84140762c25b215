import { describe, expect, it } from 'vitest';
import { weightShapes } from '../../../../src/model/graph/graph.js';
import { buildNetwork } from '../../../../src/model/architectures/efficientnet-yolov3/yolov3.js';
import { checkNumbers, checkWeights, type WeightTensor } from '../../../../src/model/weights/weights.js';
import { goldenOptions } from '../../../support/golden-network.js';

const wanted = new Map([
  ['a/kernel', [1, 1, 2, 3]],
  ['a/bias', [3]],
]);
const kernel = { shape: [1, 1, 2, 3], data: new Float32Array(6) };
const bias = { shape: [3], data: new Float32Array(3) };

describe('checkWeights', () => {
  it('accepts what the graph wants', () => {
    expect(() => {
      checkWeights(
        new Map([
          ['a/bias', bias],
          ['a/kernel', kernel],
        ]),
        wanted,
        'w',
      );
    }).not.toThrow();
  });

  it.each<[string, [string, WeightTensor][], RegExp]>([
    ['a missing tensor', [['a/kernel', kernel]], /^"w" has no tensor "a\/bias" \(wanted: \[3\]\)/],
    [
      'another shape',
      [
        ['a/kernel', { ...kernel, shape: [1, 1, 3, 2] }],
        ['a/bias', bias],
      ],
      /^"w" has "a\/kernel" of shape \[1, 1, 3, 2\] where \[1, 1, 2, 3\] is wanted/,
    ],
    [
      'another rank',
      [
        ['a/kernel', { ...kernel, shape: [1, 1, 2, 3, 1] }],
        ['a/bias', bias],
      ],
      /"a\/kernel" of shape \[1, 1, 2, 3, 1\]/,
    ],
    [
      'a tensor too many',
      [
        ['a/kernel', kernel],
        ['a/bias', bias],
        ['b/bias', bias],
      ],
      /^"w" has a tensor "b\/bias" that the network does not use/,
    ],
  ])('refuses %s', (_, entries, message) => {
    expect(() => {
      checkWeights(new Map(entries), wanted, 'w');
    }).toThrow(
      expect.objectContaining({
        code: 'ERR_WEIGHTS_INVALID',
        message: expect.stringMatching(message) as string,
      }),
    );
  });

  it("tells B1's weights from B0's, all of whose names and shapes they have", () => {
    const b0 = weightShapes(buildNetwork(goldenOptions(0)));
    const b1 = weightShapes(buildNetwork(goldenOptions(1)));
    for (const [name, shape] of b0) expect(b1.get(name)).toEqual(shape);
    const weights = new Map([...b1].map(([name, shape]) => [name, { shape, data: new Float32Array(0) }]));
    expect(() => {
      checkWeights(weights, b0, 'w');
    }).toThrow(/does not use/);
  });
});

describe('checkNumbers', () => {
  const good = new Map([
    ['a/kernel', kernel],
    ['a_bn/moving_variance', { shape: [2], data: Float32Array.of(0, -1e-4) }],
  ]);

  it('accepts numbers, and variances that rounding has put below zero', () => {
    expect(() => {
      checkNumbers(good, 1e-3, 'w');
    }).not.toThrow();
  });

  it.each([
    [
      'NaN',
      'a/kernel',
      Float32Array.of(0, 1, NaN),
      /^"w" has NaN in "a\/kernel" \(value 2 of 3\): the training/,
    ],
    [
      'infinity',
      'a/kernel',
      Float32Array.of(-Infinity),
      /^"w" has -Infinity in "a\/kernel" \(value 0 of 1\)/,
    ],
    [
      'a variance without a root',
      'a_bn/moving_variance',
      Float32Array.of(-1e-2),
      /variances below zero in "a_bn/,
    ],
  ])('refuses %s', (_, name, data, message) => {
    expect(() => {
      checkNumbers(new Map([...good, [name, { shape: [data.length], data }]]), 1e-3, 'w');
    }).toThrow(
      expect.objectContaining({
        code: 'ERR_WEIGHTS_INVALID',
        message: expect.stringMatching(message) as string,
      }),
    );
  });
});
