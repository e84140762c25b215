import type { Network } from '../../src/model/graph/fold-batch-norm.js';
import { GraphBuilder } from '../../src/model/graph/graph-builder.js';
import { goldenWeights } from './golden-network.js';

/** A network for pictures of 20 × 14 that has every kind of node, every padding and few numbers. */
export function tinyNetwork(): Network {
  const builder = new GraphBuilder(1e-3);
  const images = builder.images(20, 14, 1 / 255);
  const stem = builder.conv(images, 'stem', { filters: 6, kernelSize: 3, stride: 2 });
  const silu = builder.activate(builder.batchNorm(stem, 'stem_bn'), 'silu');
  const same = builder.depthwise(silu, 'same', 3, 1);
  const sum = builder.add(builder.batchNorm(same, 'same_bn'), silu, 'sum');
  const shrunk = builder.activate(builder.depthwise(sum, 'shrunk', 5, 2), 'leaky');
  const squeezed = builder.conv(builder.pool(shrunk, 'pooled'), 'squeeze', {
    filters: 2,
    kernelSize: 1,
    bias: true,
  });
  const expanded = builder.conv(builder.activate(squeezed, 'silu'), 'expand', {
    filters: 6,
    kernelSize: 1,
    bias: true,
  });
  const scaled = builder.multiply(shrunk, builder.activate(expanded, 'sigmoid'), 'scaled_channels');
  const p5 = builder.conv(scaled, 'p5', { filters: 3, kernelSize: 1, bias: true });
  const merged = builder.concat(builder.upsample(p5, 'up'), builder.upsample(scaled, 'up_scaled'), 'merged');
  const leaky = builder.activate(builder.conv(merged, 'mix', { filters: 4, kernelSize: 3 }), 'leaky');
  // Read twice: what follows must not become part of it.
  const p4 = builder.conv(leaky, 'p4', { filters: 3, kernelSize: 3, bias: true });
  const p3 = builder.activate(p4, 'sigmoid');
  const graph = builder.build([p5, p4, p3]);
  return { graph, weights: goldenWeights(graph) };
}

/** A picture for it, different for each `seed`. */
export function tinyPicture(seed: number): Uint8Array {
  return Uint8Array.from({ length: 20 * 14 * 3 }, (_, at) => (at * 37 + seed * 101 + ((at * at) % 23)) % 256);
}
