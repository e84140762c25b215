import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countParameters, type Graph, weightShapes } from '../../../../src/model/graph/graph.js';
import { buildNetwork } from '../../../../src/model/architectures/efficientnet-yolov3/yolov3.js';
import { goldenModels, goldenOptions } from '../../../support/golden-network.js';

describe('buildNetwork', () => {
  for (const { phi, parameters, tensors } of goldenModels()) {
    it(`has the reference's weights for B${phi}`, () => {
      const graph = buildNetwork(goldenOptions(phi));
      expect(countParameters(graph)).toBe(parameters);
      const shapes = weightShapes(graph);
      if (typeof tensors === 'number') {
        expect(shapes.size).toBe(tensors);
      } else {
        expect(Object.fromEntries(shapes)).toEqual(
          Object.fromEntries(tensors.map(([layer, kind, shape]) => [`${layer}/${kind}`, shape])),
        );
      }
    });
  }

  it('puts out heads at 1/32, 1/16 and 1/8 of any size that is a multiple of 32', () => {
    const size = fc.integer({ min: 1, max: 40 }).map((cells) => cells * 32);
    const phi = fc.constantFrom(0, 3, 7);
    fc.assert(
      fc.property(size, size, phi, fc.integer({ min: 1, max: 90 }), (width, height, step, classes) => {
        const graph = buildNetwork({ ...goldenOptions(step), width, height, classes });
        const channels = 3 * (5 + classes);
        expect(outputShapes(graph)).toEqual(
          [32, 16, 8].map((stride) => ({ height: height / stride, width: width / stride, channels })),
        );
      }),
      { numRuns: 30 },
    );
  });

  it('pads convolutions of stride 2 on even sizes by one pixel less in front than behind', () => {
    const graph = buildNetwork(goldenOptions(0));
    const strided = graph.nodes.filter((node) => 'stride' in node && node.stride === 2);
    expect(strided.map((node) => [node.name, 'padding' in node && node.padding])).toEqual([
      ['stem_conv', { top: 0, left: 0, bottom: 1, right: 1 }],
      ['block2a_dwconv', { top: 0, left: 0, bottom: 1, right: 1 }],
      ['block3a_dwconv', { top: 1, left: 1, bottom: 2, right: 2 }],
      ['block4a_dwconv', { top: 0, left: 0, bottom: 1, right: 1 }],
      ['block6a_dwconv', { top: 1, left: 1, bottom: 2, right: 2 }],
    ]);
  });

  it('names every node once and feeds it from nodes before it', () => {
    const seen = new Set<string>();
    for (const node of buildNetwork(goldenOptions(7)).nodes) {
      expect(seen.has(node.name)).toBe(false);
      for (const input of node.inputs) expect(seen.has(input)).toBe(true);
      seen.add(node.name);
    }
  });
});

function outputShapes(graph: Graph): unknown[] {
  return graph.outputs.map((name) => graph.nodes.find((node) => node.name === name)?.shape);
}
