import { describe, expect, it } from 'vitest';
import { nodesInBfloat16 } from '../../../../src/model/graph/bfloat16-nodes.js';
import { buildNetwork } from '../../../../src/model/architectures/efficientnet-yolov3/yolov3.js';
import { goldenModels, goldenOptions } from '../../../support/golden-network.js';

describe('nodesInBfloat16', () => {
  it.each(goldenModels().map(({ phi }) => phi))(
    'leaves the ends and first stages of EfficientNet-B%i out',
    (phi) => {
      const graph = buildNetwork(goldenOptions(phi));
      const low = nodesInBfloat16(graph);
      const high = graph.nodes.map(({ name }) => name).filter((name) => !low.has(name));
      const [images, scaled, ...layers] = high;
      expect(graph.nodes.slice(0, 2).map(({ op, name }) => [op, name])).toEqual([
        ['input', images],
        ['scale', scaled],
      ]);
      expect(layers.slice(-3)).toEqual(['head5_out', 'head4_out', 'head3_out']);
      const stages = new Set(layers.slice(0, -3).map((name) => /^(stem|block\d)/.exec(name)?.[0]));
      expect(stages).toEqual(new Set(['stem', 'block1', 'block2']));
      const first = graph.nodes.find(({ name }) => low.has(name));
      expect(first?.name).toBe('block3a_expand_conv');
    },
  );
});
