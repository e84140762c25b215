/** Weights as the PyTorch port's state dict has them. */
import type { Weights, WeightTensor } from '../../src/model/weights/weights.js';

const KINDS: Readonly<Record<string, string>> = {
  kernel: 'weight',
  depthwise_kernel: 'weight',
  bias: 'bias',
  gamma: 'weight',
  beta: 'bias',
  moving_mean: 'running_mean',
  moving_variance: 'running_var',
};

const BLOCK_PARTS: Readonly<Record<string, string>> = {
  expand_conv: '_expand_conv',
  expand_bn: '_bn0',
  dwconv: '_depthwise_conv',
  bn: '_bn1',
  se_reduce: '_se_reduce',
  se_expand: '_se_expand',
  project_conv: '_project_conv',
  project_bn: '_bn2',
};

/**
 * A state dict of the port that computes what `weights` do with an epsilon of 1e-3 everywhere: variances of the head's batch
 * norms, which add 1e-5 there, are larger by the difference.
 */
export function pytorchWeights(weights: Weights, prefix = ''): Map<string, WeightTensor> {
  const blocks = [...new Set([...weights.keys()].flatMap((name) => /^(block\d\w)_/.exec(name)?.[1] ?? []))];
  const dict = new Map<string, WeightTensor>();
  for (const [name, tensor] of weights) {
    const [layer = '', kind = ''] = name.split('/');
    const path = `${prefix}${pathOf(layer, blocks)}.${KINDS[kind]!}`;
    if (kind === 'moving_variance' && !/^(stem|block)/.test(layer)) {
      dict.set(path, { shape: tensor.shape, data: tensor.data.map((value) => value + 1e-3 - 1e-5) });
    } else dict.set(path, tensor.shape.length === 4 ? turned(tensor, kind === 'depthwise_kernel') : tensor);
    if (kind === 'moving_variance') {
      dict.set(path.replace('running_var', 'num_batches_tracked'), { shape: [1], data: Float32Array.of(7) });
    }
  }
  return dict;
}

function pathOf(layer: string, blocks: readonly string[]): string {
  if (layer === 'stem_conv') return 'backbone.model._conv_stem';
  if (layer === 'stem_bn') return 'backbone.model._bn0';
  const block = /^(block\d\w)_(\w+)$/.exec(layer);
  if (block !== null) {
    return `backbone.model._blocks.${blocks.indexOf(block[1]!)}.${BLOCK_PARTS[block[2]!]!}`;
  }
  const part = layer.endsWith('_bn') ? 'bn' : 'conv';
  const name = layer.replace(/_bn$/, '');
  const lateral = /^lateral(\d)$/.exec(name);
  if (lateral !== null) return `last_layer${6 - Number(lateral[1])}_conv.${part}`;
  const five = /^five(\d)_(\d)$/.exec(name);
  if (five !== null) return `last_layer${5 - Number(five[1])}.${Number(five[2]) - 1}.${part}`;
  const level = Number(/\d/.exec(name)![0]);
  return name.endsWith('_out') ? `last_layer${5 - level}.6` : `last_layer${5 - level}.5.${part}`;
}

/** H,W,I,O → O,I,H,W, or H,W,C,1 → C,1,H,W, value by value from the definition. */
function turned({ shape, data }: WeightTensor, depthwise: boolean): WeightTensor {
  const [height = 0, width = 0, third = 0, fourth = 0] = shape;
  const values: number[] = [];
  const [outer, inner] = depthwise ? [third, fourth] : [fourth, third];
  for (let a = 0; a < outer; a++) {
    for (let b = 0; b < inner; b++) {
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const [c, d] = depthwise ? [a, b] : [b, a];
          values.push(data[((y * width + x) * third + c) * fourth + d]!);
        }
      }
    }
  }
  return { shape: [outer, inner, height, width], data: Float32Array.from(values) };
}
