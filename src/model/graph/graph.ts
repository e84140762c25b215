/**
 * The network as data: a list of nodes that passes rewrite and emitters translate. It knows no runtime and no numbers,
 * only the names of its weights.
 */
import type { WeightShapes } from '../weights/weights.js';

/** Size of what a node puts out for one picture. */
export interface Shape {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** Rows and columns of zeros around a picture, in pixels. */
export interface Padding {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

/** `silu` is x·σ(x); `leaky` has slope 0.1 below zero; `sigmoid` is σ(x). */
export type ActivationKind = 'silu' | 'leaky' | 'sigmoid';

/** Slope below zero of `leaky`: darknet's value. */
export const LEAKY_SLOPE = 0.1;

interface Node {
  /** Unique in its graph; a layer with weights has the layer's canonical name. */
  readonly name: string;
  /** Names of the nodes that feed this one. */
  readonly inputs: readonly string[];
  readonly shape: Shape;
}

/** The pictures: uint8 RGB, rows from the top. */
interface InputNode extends Node {
  readonly op: 'input';
}

/** Makes floats of the pictures: `sample × factor`. */
interface ScaleNode extends Node {
  readonly op: 'scale';
  readonly factor: number;
}

/** A convolution. `depthwise` has one kernel per channel. Weight fields hold names. */
export interface ConvNode extends Node {
  readonly op: 'conv' | 'depthwise';
  readonly kernelSize: number;
  readonly stride: 1 | 2;
  readonly padding: Padding;
  readonly kernel: string;
  readonly bias?: string;
}

/** `gamma (x − mean) / √(variance + epsilon) + beta` per channel. */
export interface BatchNormNode extends Node {
  readonly op: 'batch-norm';
  readonly gamma: string;
  readonly beta: string;
  readonly mean: string;
  readonly variance: string;
  readonly epsilon: number;
}

/** A function of each value. */
interface ActivationNode extends Node {
  readonly op: 'activation';
  readonly kind: ActivationKind;
}

/**
 * `pool`: mean over the picture, giving 1 × 1. `add`: sum of two equal shapes. `multiply`: the second input is 1 × 1 and
 * scales channels. `upsample`: each pixel becomes 2 × 2. `concat`: channels one after another.
 */
export interface PlainNode extends Node {
  readonly op: 'pool' | 'add' | 'multiply' | 'upsample' | 'concat';
}

/** Any step of the network. */
export type GraphNode = InputNode | ScaleNode | ConvNode | BatchNormNode | ActivationNode | PlainNode;

/** A network. Every node comes after the nodes that feed it; the first is the input. */
export interface Graph {
  readonly nodes: readonly GraphNode[];
  /** Names of the nodes whose values are the result, in order. */
  readonly outputs: readonly string[];
}

/** Names and shapes of all weights of a graph, in the order of first use. */
export function weightShapes(graph: Graph): WeightShapes {
  const channels = new Map(graph.nodes.map((node) => [node.name, node.shape.channels]));
  const shapes = new Map<string, readonly number[]>();
  for (const node of graph.nodes) {
    const vector = [node.shape.channels];
    if (node.op === 'batch-norm') {
      for (const name of [node.gamma, node.beta, node.mean, node.variance]) shapes.set(name, vector);
    } else if (node.op === 'conv' || node.op === 'depthwise') {
      const [first = ''] = node.inputs;
      const size = node.kernelSize;
      const inputChannels = channels.get(first) ?? 0;
      shapes.set(
        node.kernel,
        node.op === 'conv'
          ? [size, size, inputChannels, node.shape.channels]
          : [size, size, node.shape.channels, 1],
      );
      if (node.bias !== undefined) shapes.set(node.bias, vector);
    }
  }
  return shapes;
}

/** How many numbers the weights of a graph hold, moving averages included. */
export function countParameters(graph: Graph): number {
  let sum = 0;
  for (const shape of weightShapes(graph).values()) sum += shape.reduce((product, size) => product * size, 1);
  return sum;
}
