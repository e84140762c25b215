import { describe, expect, it } from 'vitest';
import { describeNetwork } from '../../../../src/model/graph/describe.js';
import { GraphBuilder } from '../../../../src/model/graph/graph-builder.js';
import { countParameters } from '../../../../src/model/graph/graph.js';
import { buildNetwork } from '../../../../src/model/architectures/efficientnet-yolov3/yolov3.js';
import { goldenModels, goldenOptions } from '../../../support/golden-network.js';

describe('a described network', () => {
  it.each(goldenModels())('has the parameters of the reference: B$phi', ({ phi, parameters, tensors }) => {
    const graph = buildNetwork(goldenOptions(phi));
    const { layers, stages, total } = describeNetwork(graph);
    expect(total.parameters).toBe(parameters);
    expect(total.parameters).toBe(countParameters(graph));
    expect(layers).toHaveLength(graph.nodes.length);
    for (const cost of ['parameters', 'multiplyAdds'] as const) {
      expect(stages.reduce((sum, stage) => sum + stage[cost], 0)).toBe(total[cost]);
    }
    if (typeof tensors === 'number') return;
    for (const layer of layers) {
      const own = tensors.filter(([name]) => name === layer.name);
      const counted = own.reduce((sum, [, , shape]) => sum + shape.reduce((all, size) => all * size, 1), 0);
      expect(layer.parameters, layer.name).toBe(counted);
    }
  });

  it('counts what is counted by hand on a small graph', () => {
    const builder = new GraphBuilder(1e-3);
    const images = builder.images(8, 6, 1);
    const stem = builder.conv(images, 'stem_conv', { filters: 4, kernelSize: 3, stride: 2 });
    const deep = builder.depthwise(stem, 'block1a_dwconv', 5, 1);
    const gate = builder.conv(builder.pool(deep, 'block1a_se_squeeze'), 'block1a_se_reduce', {
      filters: 2,
      kernelSize: 1,
      bias: true,
    });
    const up = builder.upsample(deep, 'upsample5');
    const { layers, stages, total } = describeNetwork(builder.build([gate, up]));
    const costs = Object.fromEntries(
      layers.map(({ name, multiplyAdds, parameters, receptiveStride, output }) => [
        name,
        [multiplyAdds, parameters, receptiveStride, output.width, output.height, output.channels],
      ]),
    );
    expect(costs).toEqual({
      images: [0, 0, 1, 8, 6, 3],
      scaled: [0, 0, 1, 8, 6, 3],
      // Width 4, height 3, 4 filters, 3 × 3 pixels of 3 channels.
      stem_conv: [4 * 3 * 4 * 9 * 3, 9 * 3 * 4, 2, 4, 3, 4],
      block1a_dwconv: [4 * 3 * 4 * 25, 25 * 4, 2, 4, 3, 4],
      block1a_se_squeeze: [0, 0, null, 1, 1, 4],
      block1a_se_reduce: [4 * 2, 4 * 2 + 2, null, 1, 1, 2],
      upsample5: [0, 0, 1, 8, 6, 4],
    });
    expect(stages.map(({ name, layers: count }) => [name, count])).toEqual([
      ['input', 2],
      ['stem', 1],
      ['block1', 3],
      ['merge5', 1],
    ]);
    expect(total).toEqual({ layers: 7, parameters: 108 + 100 + 10, multiplyAdds: 1296 + 1200 + 8 });
  });

  it('has the multiply-adds of the paper: EfficientNet-B0 at 224 has 0.39 G with its classifier', () => {
    const { stages } = describeNetwork(buildNetwork({ ...goldenOptions(0), width: 224, height: 224 }));
    const backbone = stages.filter(({ name }) => /^(stem|block\d)$/.test(name));
    expect(backbone).toHaveLength(8);
    // A detector has neither the last convolution, 320 to 1280 at 7 × 7, nor the layer of 1000 classes.
    const rest = 7 * 7 * 320 * 1280 + 1280 * 1000;
    const sum = backbone.reduce((all, { multiplyAdds }) => all + multiplyAdds, rest);
    expect((sum / 1e9).toFixed(2)).toBe('0.39');
  });

  it('has heads at 1/32, 1/16 and 1/8 of the picture', () => {
    const { stages } = describeNetwork(buildNetwork({ ...goldenOptions(0), width: 544, height: 320 }));
    const heads = stages.filter(({ name }) => name.startsWith('head'));
    expect(
      heads.map(({ output, receptiveStride }) => [output.width, output.height, receptiveStride]),
    ).toEqual([
      [17, 10, 32],
      [34, 20, 16],
      [68, 40, 8],
    ]);
  });
});
