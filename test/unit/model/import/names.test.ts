import { describe, expect, it } from 'vitest';
import { nameKerasTensors } from '../../../../src/model/architectures/efficientnet-yolov3/keras-names.js';
import { matchNetwork } from '../../../../src/model/architectures/efficientnet-yolov3/match-network.js';
import {
  blockNames,
  headConvs,
  PHIS,
  shapesOf,
} from '../../../../src/model/architectures/efficientnet-yolov3/networks.js';
import {
  isPytorchPort,
  namePytorchTensors,
} from '../../../../src/model/architectures/efficientnet-yolov3/pytorch-names.js';
import { nameSafetensors } from '../../../../src/model/import/read-input.js';
import { encodeSafetensors } from '../../../../src/model/weights/write-safetensors.js';
import type { KerasTensor } from '../../../../src/model/weights/keras-layout.js';
import { goldenModels } from '../../../support/golden-network.js';

/** A tensor that can be told from others by its one value. */
function tensor(layer: string, kind: string, value: number): KerasTensor {
  return { layer, kind, shape: [1], data: Float32Array.of(value) };
}

describe('headConvs', () => {
  it('lists the head in the order in which the reference makes it, not in that of its files', () => {
    const five = (level: number) => [1, 2, 3, 4, 5].map((index) => `five${level}_${index}`);
    const head = (level: number) => [`head${level}_conv`, `head${level}_out`];
    const created = [
      ...five(5),
      ...head(5),
      'lateral5',
      ...five(4),
      ...head(4),
      'lateral4',
      ...five(3),
      ...head(3),
    ];
    expect(headConvs()).toEqual(created);
    const { tensors } = goldenModels()[0]!;
    const saved = (tensors as readonly (readonly [string, string, unknown])[]).filter(
      ([layer, kind]) => kind === 'kernel' && created.includes(layer),
    );
    expect(saved.map(([layer]) => layer)).not.toEqual(created);
    expect(saved.map(([layer]) => layer).sort()).toEqual(created.sort());
  });
});

describe('nameKerasTensors', () => {
  const convs = ['five5_1', 'head5_conv', 'head5_out', 'lateral5'];

  it.each([
    [
      'the first has no number',
      ['conv2d', 'conv2d_1', 'conv2d_2', 'conv2d_3'],
      ['batch_normalization', 'batch_normalization_1', 'batch_normalization_2'],
    ],
    [
      'numbers pass ten',
      ['conv2d_8', 'conv2d_9', 'conv2d_10', 'conv2d_11'],
      ['batch_normalization_9', 'batch_normalization_10', 'batch_normalization_11'],
    ],
    [
      'numbers pass a hundred',
      ['conv2d_98', 'conv2d_99', 'conv2d_100', 'conv2d_101'],
      ['batch_normalization_99', 'batch_normalization_100', 'batch_normalization_101'],
    ],
  ])('goes by numbers where %s', (_, layers, norms) => {
    const tensors = [
      tensor('stem_conv', 'kernel', -1),
      tensor('block1a_dwconv', 'depthwise_kernel', -2),
      tensor('block1b_dwconv', 'kernel', -3),
      ...layers.map((layer, index) => tensor(layer, 'kernel', index)),
      ...norms.map((layer, index) => tensor(layer, 'gamma', 10 + index)),
    ].sort((a, b) => (a.layer < b.layer ? 1 : -1));
    const { weights, notes } = nameKerasTensors(tensors, convs);
    expect(notes).toEqual([]);
    const values = Object.fromEntries([...weights].map(([name, { data }]) => [name, data[0]]));
    expect(values).toEqual({
      'stem_conv/kernel': -1,
      'block1a_dwconv/depthwise_kernel': -2,
      'block1b_dwconv/depthwise_kernel': -3,
      'five5_1/kernel': 0,
      'head5_conv/kernel': 1,
      'head5_out/kernel': 2,
      'lateral5/kernel': 3,
      'five5_1_bn/gamma': 10,
      'head5_conv_bn/gamma': 11,
      'lateral5_bn/gamma': 12,
    });
  });

  it('says if there are too few or too many, or two of one name', () => {
    const { notes } = nameKerasTensors([tensor('conv2d', 'kernel', 1), tensor('conv2d', 'kernel', 1)], convs);
    expect(notes).toEqual([
      'it has 1 convolutions named conv2d… and 0 batch_normalization…, where the head has 4 and 3',
      'it has "conv2d/kernel" twice',
    ]);
    expect(nameKerasTensors([tensor('five5_1', 'kernel', 1)], convs).notes).toEqual([]);
  });
});

describe('namePytorchTensors', () => {
  const stem = { shape: [2, 1, 1, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) };
  const blocksOf = () => ['block1a', 'block2a'];

  it('turns kernels and finds names behind any prefix', () => {
    const { weights } = namePytorchTensors(
      new Map([
        ['model.module.backbone.model._conv_stem.weight', stem],
        ['model.module.backbone.model._blocks.1._depthwise_conv.weight', stem],
        ['model.module.backbone.model._fc.weight', stem],
        ['model.module.last_layer2.6.weight', stem],
        ['model.module.last_layer2.6.bias', { shape: [1], data: Float32Array.of(9) }],
        ['model.module.last_layer1_conv.bn.running_mean', { shape: [1], data: Float32Array.of(8) }],
        ['model.module.last_layer1_conv.bn.num_batches_tracked', { shape: [], data: Float32Array.of(8) }],
        ['ema.weight', stem],
      ]),
      blocksOf,
      1e-3,
    );
    expect([...weights.keys()]).toEqual([
      'stem_conv/kernel',
      'block2a_dwconv/depthwise_kernel',
      'head3_out/kernel',
      'head3_out/bias',
      'lateral5_bn/moving_mean',
      'ema.weight',
    ]);
    // O,I,H,W [2, 1, 1, 3] → H,W,I,O [1, 3, 1, 2].
    expect(weights.get('stem_conv/kernel')).toEqual({
      shape: [1, 3, 1, 2],
      data: Float32Array.of(1, 4, 2, 5, 3, 6),
    });
    // C,1,H,W → H,W,C,1.
    expect(weights.get('block2a_dwconv/depthwise_kernel')).toEqual({
      shape: [1, 3, 2, 1],
      data: Float32Array.of(1, 4, 2, 5, 3, 6),
    });
  });

  it("makes up for the other epsilon of the head's batch norms, and of no others", () => {
    const vector = (value: number) => ({ shape: [1], data: Float32Array.of(value) });
    const { weights } = namePytorchTensors(
      new Map([
        ['backbone.model._conv_stem.weight', stem],
        ['backbone.model._bn0.weight', vector(2)],
        ['backbone.model._bn0.running_var', vector(1e-4)],
        ['last_layer0.5.bn.weight', vector(2)],
        ['last_layer0.5.bn.running_var', vector(1e-4)],
      ]),
      blocksOf,
      1e-3,
    );
    expect(weights.get('stem_bn/gamma')?.data[0]).toBe(2);
    const gamma = weights.get('head5_conv_bn/gamma')!.data[0]!;
    expect(gamma / Math.sqrt(1e-4 + 1e-3)).toBeCloseTo(2 / Math.sqrt(1e-4 + 1e-5), 3);
  });

  it('knows the port', () => {
    expect(isPytorchPort(['x', 'module.backbone.model._conv_stem.weight'])).toBe(true);
    expect(isPytorchPort(['backbone.stem.weight'])).toBe(false);
  });
});

describe('nameSafetensors', () => {
  it('leaves out counters, which are no floats, and takes our own names as they are', () => {
    const name = 'backbone.model._bn0.num_batches_tracked';
    const header = JSON.stringify({
      [name]: { dtype: 'I64', shape: [], data_offsets: [0, 8] },
      'backbone.model._conv_stem.weight': { dtype: 'F32', shape: [1, 1, 1, 1], data_offsets: [8, 12] },
    });
    const bytes = new Uint8Array(8 + header.length + 12);
    bytes.set([header.length], 0);
    bytes.set(new TextEncoder().encode(header), 8);
    expect(header.length).toBeLessThan(256);
    const { source, weights } = nameSafetensors(bytes, 'w');
    expect(source).toBe('PyTorch');
    expect([...weights.keys()]).toEqual(['stem_conv/kernel']);
    const own = new Map([['stem_conv/kernel', { shape: [1], data: Float32Array.of(1) }]]);
    expect(nameSafetensors(encodeSafetensors(own, 'float32').bytes, 'w')).toEqual({
      source: 'Sightline',
      weights: own,
      notes: [],
    });
  });
});

describe('blockNames', () => {
  it('knows the networks by their number of blocks', () => {
    expect(blockNames(16)).toHaveLength(16);
    expect(blockNames(16).slice(0, 4)).toEqual(['block1a', 'block2a', 'block2b', 'block3a']);
    expect(blockNames(55)).toHaveLength(55);
    expect(blockNames(17)).toHaveLength(16);
  });
});

describe('matchNetwork', () => {
  it('tells all sizes and class counts by their shapes', () => {
    for (const phi of PHIS) {
      const classes = 1 + phi * 11;
      const weights = new Map(
        [...shapesOf(phi, classes)].map(([name, shape]) => [name, { shape, data: new Float32Array(0) }]),
      );
      expect(matchNetwork({ weights, notes: [] }, {}, 'w')).toEqual({ phi, classes });
    }
  });

  it('says that other weights are other weights', () => {
    const weights = new Map([['fc/weight', { shape: [3], data: new Float32Array(3) }]]);
    expect(() => matchNetwork({ weights, notes: ['odd'] }, { classes: 80 }, 'w.h5')).toThrow(
      /^"w\.h5" does not fit phi 0 with 80 classes: odd; 410 missing, 1 left over \(.*; …\); they are not of EfficientNet-YOLOv3$/,
    );
  });
});
