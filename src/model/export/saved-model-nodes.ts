import { bfloat16Of } from '../weights/bfloat16.js';
import { type ConvNode, type GraphNode, LEAKY_SLOPE, type Shape } from '../graph/graph.js';
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
  /** The data type that a node computes in and puts out, one of `DATA_TYPE`. */
  readonly typeOf: (node: string) => number;
  /** Nodes whose values are there in the other type as well. */
  readonly casts: Set<string>;
}

/** A value's sizes, the batch first, which is known only when the graph runs. */
export function batchOf({ height, width, channels }: Shape): readonly number[] {
  return [-1, height, width, channels];
}

/** Adds what one node of the network becomes, with its weights. */
export function emitGraphNode(emission: Emission, node: GraphNode): void {
  const { writer, nameOf } = emission;
  const target = nameOf(node.name);
  const type = emission.typeOf(node.name);
  const inputs = node.inputs.map((name) => valueAs(emission, name, type));
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
      writer.node('FusedBatchNormV3', target, [input, ...vectors], type, {
        U: { type: DATA_TYPE.float },
        epsilon: { float: node.epsilon },
        is_training: { boolean: false },
      });
      return;
    }
    case 'activation':
      if (node.kind === 'leaky') {
        writer.node('LeakyRelu', target, [input], type, { alpha: { float: LEAKY_SLOPE } });
      } else if (node.kind === 'sigmoid') {
        writer.node('Sigmoid', target, [input], type);
      } else {
        writer.node('Sigmoid', `${target}/sigmoid`, [input], type);
        writer.node('Mul', target, [input, `${target}/sigmoid`], type);
      }
      return;
    case 'pool':
      writer.constant('pool/axes', [2], Int32Array.of(1, 2));
      writer.node('Mean', target, [input, 'pool/axes'], type, {
        Tidx: { type: DATA_TYPE.int32 },
        keep_dims: { boolean: true },
      });
      return;
    case 'add':
      writer.node('AddV2', target, inputs, type);
      return;
    case 'multiply':
      writer.node('Mul', target, inputs, type);
      return;
    case 'upsample':
      writer.constant(`${target}/size`, [2], Int32Array.of(node.shape.height, node.shape.width));
      writer.node('ResizeNearestNeighbor', target, [input, `${target}/size`], type);
      return;
    case 'concat':
      writer.constant('concat/axis', [], Int32Array.of(3));
      writer.node('ConcatV2', target, [...inputs, 'concat/axis'], type, {
        Tidx: { type: DATA_TYPE.int32 },
        N: { integer: inputs.length },
      });
      return;
  }
}

function emitScale(writer: GraphDefWriter, input: string, target: string, factor: number): void {
  const floats = factor === 1 ? target : `${target}/float`;
  writer.cast(floats, input, DATA_TYPE.uint8, DATA_TYPE.float);
  if (factor === 1) return;
  writer.constant(`${target}/factor`, [], Float32Array.of(factor));
  writer.node('Mul', target, [floats, `${target}/factor`], DATA_TYPE.float);
}

function emitConv(emission: Emission, node: ConvNode): void {
  const { writer, nameOf, shapes } = emission;
  const [from = ''] = node.inputs;
  const type = emission.typeOf(node.name);
  const [input, target] = [valueAs(emission, from, type), nameOf(node.name)];
  const kernel = constant(emission, node.kernel, type);
  const conv = node.bias === undefined ? target : `${target}/conv`;
  const same = isSame(node, shapes.get(from)!);
  let padded = input;
  if (!same) {
    const { top, left, bottom, right } = node.padding;
    padded = `${target}/padded`;
    writer.constant(`${target}/padding`, [4, 2], Int32Array.of(0, 0, top, bottom, left, right, 0, 0));
    writer.node('Pad', padded, [input, `${target}/padding`], type);
  }
  writer.node(node.op === 'conv' ? 'Conv2D' : 'DepthwiseConv2dNative', conv, [padded, kernel], type, {
    strides: { integers: [1, node.stride, node.stride, 1] },
    padding: { string: same ? 'SAME' : 'VALID' },
  });
  if (node.bias === undefined) return;
  writer.node('BiasAdd', target, [conv, constant(emission, node.bias, type)], type);
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

/** The value of a node in a type, cast at most once however many read it. */
function valueAs({ writer, nameOf, typeOf, casts }: Emission, node: string, type: number): string {
  const name = nameOf(node);
  const from = typeOf(node);
  if (from === type || from === DATA_TYPE.uint8) return name;
  const cast = `${name}/cast`;
  if (!casts.has(node)) writer.cast(cast, name, from, type);
  casts.add(node);
  return cast;
}

function constant({ writer, weights }: Emission, name: string, type: number = DATA_TYPE.float): string {
  const { shape, data } = weightOf(weights, name);
  return writer.constant(name, shape, type === DATA_TYPE.bfloat16 ? bfloat16Of(data) : data);
}
