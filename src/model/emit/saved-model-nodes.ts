import { type ConvNode, type GraphNode, LEAKY_SLOPE, type Shape } from '../network/graph.js';
import { weightOf, type Weights } from '../weights/weights.js';
import { DATA_TYPE, type GraphDefWriter } from './graph-def.js';

/** A network on its way into a GraphDef. */
export interface Emission {
  readonly writer: GraphDefWriter;
  readonly weights: Weights;
  /** What comes out of each node of the network. */
  readonly shapes: ReadonlyMap<string, Shape>;
  /** What a node of the network is called in the GraphDef. */
  readonly nameOf: (node: string) => string;
}

/** A value's sizes, the batch first, which is known only when the graph runs. */
export function batchOf({ height, width, channels }: Shape): readonly number[] {
  return [-1, height, width, channels];
}

/** Adds what one node of the network becomes, with its weights. */
export function emitGraphNode(emission: Emission, node: GraphNode): void {
  const { writer, nameOf } = emission;
  const target = nameOf(node.name);
  const inputs = node.inputs.map(nameOf);
  const [input = ''] = inputs;
  switch (node.op) {
    case 'input':
      writer.placeholder(target, batchOf(node.shape));
      return;
    case 'scale':
      emitScale(writer, input, target, node.factor);
      return;
    case 'conv':
    case 'depthwise':
      emitConv(emission, node);
      return;
    case 'batch-norm': {
      const names = [node.gamma, node.beta, node.mean, node.variance];
      const vectors = names.map((name) => constant(emission, name));
      writer.node('FusedBatchNormV3', target, [input, ...vectors], {
        U: { type: DATA_TYPE.float },
        epsilon: { float: node.epsilon },
        is_training: { boolean: false },
      });
      return;
    }
    case 'activation':
      if (node.kind === 'leaky') {
        writer.node('LeakyRelu', target, [input], { alpha: { float: LEAKY_SLOPE } });
      } else if (node.kind === 'sigmoid') {
        writer.node('Sigmoid', target, [input]);
      } else {
        writer.node('Sigmoid', `${target}/sigmoid`, [input]);
        writer.node('Mul', target, [input, `${target}/sigmoid`]);
      }
      return;
    case 'pool':
      writer.constant('pool/axes', [2], Int32Array.of(1, 2));
      writer.node('Mean', target, [input, 'pool/axes'], {
        Tidx: { type: DATA_TYPE.int32 },
        keep_dims: { boolean: true },
      });
      return;
    case 'add':
      writer.node('AddV2', target, inputs);
      return;
    case 'multiply':
      writer.node('Mul', target, inputs);
      return;
    case 'upsample':
      writer.constant(`${target}/size`, [2], Int32Array.of(node.shape.height, node.shape.width));
      writer.node('ResizeNearestNeighbor', target, [input, `${target}/size`]);
      return;
    case 'concat':
      writer.constant('concat/axis', [], Int32Array.of(3));
      writer.node('ConcatV2', target, [...inputs, 'concat/axis'], {
        Tidx: { type: DATA_TYPE.int32 },
        N: { integer: inputs.length },
      });
      return;
  }
}

function emitScale(writer: GraphDefWriter, input: string, target: string, factor: number): void {
  const floats = factor === 1 ? target : `${target}/float`;
  writer.cast(floats, input);
  if (factor === 1) return;
  writer.constant(`${target}/factor`, [], Float32Array.of(factor));
  writer.node('Mul', target, [floats, `${target}/factor`]);
}

function emitConv(emission: Emission, node: ConvNode): void {
  const { writer, nameOf, shapes } = emission;
  const [from = ''] = node.inputs;
  const [input, target] = [nameOf(from), nameOf(node.name)];
  const kernel = constant(emission, node.kernel);
  const conv = node.bias === undefined ? target : `${target}/conv`;
  const same = isSame(node, shapes.get(from)!);
  let padded = input;
  if (!same) {
    const { top, left, bottom, right } = node.padding;
    padded = `${target}/padded`;
    writer.constant(`${target}/padding`, [4, 2], Int32Array.of(0, 0, top, bottom, left, right, 0, 0));
    writer.node('Pad', padded, [input, `${target}/padding`]);
  }
  writer.node(node.op === 'conv' ? 'Conv2D' : 'DepthwiseConv2dNative', conv, [padded, kernel], {
    strides: { integers: [1, node.stride, node.stride, 1] },
    padding: { string: same ? 'SAME' : 'VALID' },
  });
  if (node.bias === undefined) return;
  writer.node('BiasAdd', target, [conv, constant(emission, node.bias)]);
}

/**
 * Whether a convolution is padded as TensorFlow's `SAME` does it: output `⌈n / stride⌉`, the odd zero behind. Keras's
 * padding of this network is the same zeros by another rule. `EXPLICIT` would say any padding, but TensorFlow 2.21 forgets
 * the numbers when it merges a depthwise convolution with its bias, and ends the process.
 */
function isSame({ kernelSize, stride, padding, shape }: ConvNode, input: Shape): boolean {
  const sides = [
    [input.height, shape.height, padding.top, padding.bottom],
    [input.width, shape.width, padding.left, padding.right],
  ] as const;
  return sides.every(([from, to, before, behind]) => {
    const total = Math.max((to - 1) * stride + kernelSize - from, 0);
    return to === Math.ceil(from / stride) && before === Math.floor(total / 2) && before + behind === total;
  });
}

function constant({ writer, weights }: Emission, name: string): string {
  const { shape, data } = weightOf(weights, name);
  return writer.constant(name, shape, data);
}
