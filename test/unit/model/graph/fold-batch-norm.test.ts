import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foldBatchNorm, foldScale } from '../../../../src/model/graph/fold-batch-norm.js';
import { type Graph, type GraphNode, weightShapes } from '../../../../src/model/graph/graph.js';
import { GraphBuilder } from '../../../../src/model/graph/graph-builder.js';
import { buildNetwork } from '../../../../src/model/architectures/efficientnet-yolov3/yolov3.js';
import type { Weights } from '../../../../src/model/weights/weights.js';
import { evaluateGraph } from '../../../support/evaluate-graph.js';
import { goldenOptions, goldenWeights } from '../../../support/golden-network.js';

const EPSILON = 1e-3;

/** A picture, a strided convolution, a depthwise one and one with a bias, each with a batch norm. */
function smallGraph(width: number, height: number): Graph {
  const builder = new GraphBuilder(EPSILON);
  let x = builder.images(width, height, 1 / 255);
  x = builder.batchNorm(builder.conv(x, 'a', { filters: 4, kernelSize: 3, stride: 2 }), 'a_bn');
  x = builder.batchNorm(builder.depthwise(x, 'b', 5, 1), 'b_bn');
  x = builder.batchNorm(builder.conv(x, 'c', { filters: 2, kernelSize: 1, bias: true }), 'c_bn');
  return builder.build([x]);
}

const graphs = fc
  .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 }))
  .map(([width, height]) => smallGraph(width, height));

describe('foldBatchNorm and foldScale', () => {
  it('leave the results as they were, borders included', () => {
    const cases = graphs.chain((graph) =>
      fc.record({ graph: fc.constant(graph), weights: weightsFor(graph) }),
    );
    fc.assert(
      fc.property(
        cases,
        fc.infiniteStream(fc.integer({ min: 0, max: 255 })),
        ({ graph, weights }, samples) => {
          const picture = take(samples, graph.nodes[0]!);
          const [before = []] = evaluateGraph(graph, weights, picture);
          const folded = foldScale(foldBatchNorm({ graph, weights }));
          const [after = []] = evaluateGraph(folded.graph, folded.weights, picture);
          expect(after).toHaveLength(before.length);
          for (const [at, value] of before.entries()) {
            expect(Math.abs(after[at]! - value)).toBeLessThan(1e-3);
          }
        },
      ),
    );
  });

  it('leave no batch norm, scale nor unused weight in a whole network', () => {
    const graph = buildNetwork(goldenOptions(0));
    const folded = foldScale(foldBatchNorm({ graph, weights: goldenWeights(graph) }));
    expect(folded.graph.nodes.some((node) => node.op === 'batch-norm')).toBe(false);
    expect(folded.graph.nodes.find((node) => node.op === 'scale')).toMatchObject({ factor: 1 });
    const wanted = weightShapes(folded.graph);
    expect([...folded.weights.keys()].sort()).toEqual([...wanted.keys()].sort());
    for (const [name, shape] of wanted) expect(folded.weights.get(name)?.shape).toEqual(shape);
  });

  it('change neither the graph nor the weights that they are given', () => {
    const graph = smallGraph(4, 4);
    const weights = goldenWeights(graph);
    const before = structuredClone({ graph, weights });
    foldScale(foldBatchNorm({ graph, weights }));
    expect({ graph, weights }).toEqual(before);
  });

  it('keep a batch norm whose convolution has another reader', () => {
    const builder = new GraphBuilder(EPSILON);
    const conv = builder.conv(builder.images(2, 2, 1), 'a', { filters: 3, kernelSize: 1 });
    const sum = builder.add(conv, builder.batchNorm(conv, 'a_bn'), 'sum');
    const graph = builder.build([sum]);
    const weights = goldenWeights(graph);
    const folded = foldBatchNorm({ graph, weights });
    expect(folded.graph).toEqual(graph);
    expect(folded.weights).toEqual(weights);
  });

  it('keep a batch norm whose convolution is a result, and a scale that is read by something else', () => {
    const builder = new GraphBuilder(EPSILON);
    const images = builder.images(2, 2, 0.5);
    const conv = builder.conv(images, 'a', { filters: 3, kernelSize: 1 });
    const graph = builder.build([conv, builder.add(images, builder.batchNorm(conv, 'a_bn'), 'sum')]);
    const network = { graph, weights: goldenWeights(graph) };
    expect(foldScale(foldBatchNorm(network))).toEqual(network);
  });

  it('refuse a variance that cannot be one', () => {
    const graph = smallGraph(2, 2);
    const weights = goldenWeights(graph);
    weights.get('b_bn/moving_variance')!.data[2] = -1;
    expect(() => foldBatchNorm({ graph, weights })).toThrow(
      expect.objectContaining({
        code: 'ERR_WEIGHTS_INVALID',
        message: expect.stringMatching(/^"b_bn" .*channel 2 .*variance -1/) as string,
      }),
    );
  });
});

function weightsFor(graph: Graph): fc.Arbitrary<Weights> {
  const entries = [...weightShapes(graph)].map(([name, shape]) => {
    const positive = name.endsWith('moving_variance');
    // Small enough that no value passes 400, where float32 still has five digits behind the point.
    const value = positive
      ? fc.float({ min: 0.25, max: 2, noNaN: true })
      : fc.float({ min: -0.5, max: 0.5, noNaN: true });
    const length = shape.reduce((product, size) => product * size, 1);
    return fc
      .array(value, { minLength: length, maxLength: length })
      .map((values) => [name, { shape, data: Float32Array.from(values) }] as const);
  });
  return fc.tuple(...entries).map((pairs) => new Map(pairs));
}

function take(samples: Iterator<number>, { shape }: GraphNode): number[] {
  return Array.from(
    { length: shape.height * shape.width * shape.channels },
    () => samples.next().value as number,
  );
}
