/**
 * Runs a network operation by operation with TensorFlow.js. The namespace is a parameter, so that one emitter serves
 * tfjs-core with any of its backends and tfjs-node with TensorFlow.
 *
 * Layouts are those of the graph's weights, NHWC and HWIO: nothing is moved on the way.
 */
import type * as core from '@tensorflow/tfjs-core';
import type { Network } from '../graph/fold-batch-norm.js';
import {
  type BatchNormNode,
  type ConvNode,
  type Graph,
  type GraphNode,
  LEAKY_SLOPE,
} from '../graph/graph.js';
import { weightOf } from '../weights/weights.js';

/** What is used of TensorFlow.js: tfjs-core has it, and so has everything built on it. */
export type Tfjs = Pick<
  typeof core,
  | 'add'
  | 'avgPool'
  | 'batchNorm'
  | 'concat'
  | 'conv2d'
  | 'depthwiseConv2d'
  | 'fused'
  | 'getBackend'
  | 'getKernel'
  | 'image'
  | 'leakyRelu'
  | 'mean'
  | 'mul'
  | 'sigmoid'
  | 'tensor'
  | 'tensor4d'
  | 'tidy'
>;

/** A network whose weights are on the device. */
export interface TfjsNetwork {
  /**
   * Runs a batch.
   * @param pixels uint8 NHWC RGB, `count` pictures; only read during the call.
   * @returns the graph's outputs, NHWC; they belong to the caller, who disposes of them.
   */
  run(pixels: Uint8Array, count: number): core.Tensor4D[];
  /** Frees the weights. */
  dispose(): void;
}

/** One operation: what it reads and, apart from the batch, all that it needs. */
interface Step {
  /** Name of the value that it makes. */
  readonly target: string;
  readonly inputs: readonly string[];
  readonly apply: Operation;
}

type Operation = (...inputs: Inputs) => core.Tensor4D;

/** As many as the graph's node has. */
type Inputs = [core.Tensor4D, core.Tensor4D, ...core.Tensor4D[]];

type FusedActivation = 'linear' | 'leakyrelu' | 'sigmoid';

/**
 * Uploads the weights to the backend that TensorFlow.js has set now, and makes a function of the graph.
 * @throws SightlineError ERR_WEIGHTS_INVALID if there is a weight missing.
 */
export function emitTfjs(tf: Tfjs, network: Network): TfjsNetwork {
  const { graph } = network;
  const emitter = new StepEmitter(tf, network);
  const steps = emitter.steps();
  const lastReads = lastReadsOf(steps, graph.outputs);
  const [input] = graph.nodes;
  const { name = '', shape: { height = 0, width = 0 } = {} } = input ?? {};
  // Bytes are made floats here: as a tensor they would be int32 first, and be copied twice.
  let floats = new Float32Array(0);
  return {
    run(pixels, count) {
      if (floats.length !== pixels.length) floats = new Float32Array(pixels.length);
      floats.set(pixels);
      return tf.tidy(() => {
        const values = new Map([[name, tf.tensor4d(floats, [count, height, width, 3])]]);
        for (const [at, { target, inputs, apply }] of steps.entries()) {
          values.set(target, apply(...(inputs.map((from) => values.get(from)!) as Inputs)));
          // Not left to tidy, which keeps every layer of the batch until the end.
          for (const from of lastReads[at]!) values.get(from)!.dispose();
        }
        return graph.outputs.map((output) => values.get(output)!);
      });
    },
    dispose() {
      emitter.dispose();
    },
  };
}

/** For each step the values that nobody reads after it. */
function lastReadsOf(steps: readonly Step[], outputs: readonly string[]): string[][] {
  const last = new Map<string, number>();
  for (const [at, { inputs }] of steps.entries()) {
    for (const from of inputs) last.set(from, at);
  }
  for (const output of outputs) last.delete(output);
  const reads: string[][] = steps.map(() => []);
  for (const [from, at] of last) reads[at]!.push(from);
  return reads;
}

/** Translates nodes; owns the tensors of the weights. */
class StepEmitter {
  readonly #tf: Tfjs;
  readonly #network: Network;
  readonly #tensors = new Map<string, core.Tensor>();
  /** How many times each value is read. */
  readonly #reads: ReadonlyMap<string, number>;

  constructor(tf: Tfjs, network: Network) {
    this.#tf = tf;
    this.#network = network;
    this.#reads = countReads(network.graph);
  }

  steps(): Step[] {
    const { nodes } = this.#network.graph;
    const steps: Step[] = [];
    for (const [at, node] of nodes.entries()) {
      if (node.op === 'input') continue;
      const next = nodes[at + 1];
      if (isConv(node)) {
        const activation = this.#fusible(node, next);
        const target = activation === 'linear' ? node.name : next!.name;
        steps.push({ target, inputs: node.inputs, apply: this.#conv(node, activation) });
      } else if (steps.at(-1)?.target !== node.name) {
        steps.push({ target: node.name, inputs: node.inputs, apply: this.#operation(node) });
      }
    }
    return steps;
  }

  dispose(): void {
    for (const tensor of this.#tensors.values()) tensor.dispose();
    this.#tensors.clear();
  }

  /** The activation that can be part of the convolution before it: nobody else reads what is between them. */
  #fusible(node: ConvNode, next: GraphNode | undefined): FusedActivation {
    if (next?.op !== 'activation' || next.inputs[0] !== node.name) return 'linear';
    if (this.#reads.get(node.name) !== 1) return 'linear';
    if (next.kind === 'leaky') return 'leakyrelu';
    return next.kind === 'sigmoid' ? 'sigmoid' : 'linear';
  }

  #conv(node: ConvNode, activation: FusedActivation): Operation {
    const tf = this.#tf;
    const filter = this.#weight(node.kernel) as core.Tensor4D;
    const bias = node.bias === undefined ? undefined : (this.#weight(node.bias) as core.Tensor1D);
    const { top, bottom, left, right } = node.padding;
    const pad: core.backend_util.ExplicitPadding = [
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0],
    ];
    const strides = node.stride;
    const depthwise = node.op === 'depthwise';
    const kernel = depthwise ? 'FusedDepthwiseConv2D' : 'FusedConv2D';
    // A backend that somebody brings along may have the plain operations only.
    if (hasKernel(tf, kernel)) {
      // The types of the depthwise one have no explicit padding; the kernels have.
      const conv = (depthwise ? tf.fused.depthwiseConv2d : tf.fused.conv2d) as typeof tf.fused.conv2d;
      const options = { filter, strides, pad, activation, leakyreluAlpha: LEAKY_SLOPE };
      return (x) => conv(bias === undefined ? { ...options, x } : { ...options, x, bias });
    }
    const conv = depthwise ? tf.depthwiseConv2d : tf.conv2d;
    return (x) => {
      const product = conv(x, filter, strides, pad);
      const sum = bias === undefined ? product : tf.add<core.Tensor4D>(product, bias);
      if (activation === 'linear') return sum;
      return activation === 'sigmoid' ? tf.sigmoid(sum) : tf.leakyRelu(sum, LEAKY_SLOPE);
    };
  }

  #operation(node: Exclude<GraphNode, ConvNode | { op: 'input' }>): Operation {
    const tf = this.#tf;
    switch (node.op) {
      case 'scale':
        return (x) => tf.mul(x, node.factor);
      case 'batch-norm':
        return this.#batchNorm(node);
      case 'activation':
        if (node.kind === 'leaky') return (x) => tf.leakyRelu(x, LEAKY_SLOPE);
        if (node.kind === 'sigmoid') return (x) => tf.sigmoid(x);
        return (x) => tf.mul(x, tf.sigmoid(x));
      case 'pool':
        return tf.getBackend() === 'wasm' ? (x) => poolWasm(tf, x) : (x) => tf.mean(x, [1, 2], true);
      case 'add':
        return (a, b) => tf.add(a, b);
      case 'multiply':
        return (a, b) => tf.mul(a, b);
      case 'upsample': {
        const { height, width } = node.shape;
        return (x) => tf.image.resizeNearestNeighbor(x, [height, width]);
      }
      case 'concat':
        return (a, b) => tf.concat([a, b], 3);
    }
  }

  #batchNorm(node: BatchNormNode): Operation {
    const [mean, variance, beta, gamma] = [node.mean, node.variance, node.beta, node.gamma].map(
      (name) => this.#weight(name) as core.Tensor1D,
    );
    return (x) => this.#tf.batchNorm(x, mean!, variance!, beta, gamma, node.epsilon);
  }

  #weight(name: string): core.Tensor {
    const known = this.#tensors.get(name);
    if (known !== undefined) return known;
    const { shape, data } = weightOf(this.#network.weights, name);
    const tensor = this.#tf.tensor(data, [...shape]);
    this.#tensors.set(name, tensor);
    return tensor;
  }
}

/**
 * The mean over the picture as the mean of the rows' means. WebAssembly's own `mean` moves the whole tensor first, and took
 * 5.2 ms for 208 × 208 × 32 where this takes 0.5; and it adds up 43,264 floats one after another: with it street-b0's p5
 * was 3.6e-4 of its standard deviation from the reference, with this 2.8e-4, as with means in double precision.
 */
function poolWasm(tf: Tfjs, x: core.Tensor4D): core.Tensor4D {
  const [, height, width] = x.shape;
  // Its kernel refuses a window of one pixel.
  const rows = width > 1 ? tf.avgPool(x, [1, width], 1, 'valid') : x;
  return height > 1 ? tf.avgPool(rows, [height, 1], 1, 'valid') : rows;
}

function isConv(node: GraphNode): node is ConvNode {
  return node.op === 'conv' || node.op === 'depthwise';
}

function hasKernel(tf: Tfjs, name: string): boolean {
  // The types say that there always is one.
  return (tf.getKernel(name, tf.getBackend()) as core.KernelConfig | undefined) !== undefined;
}

function countReads(graph: Graph): Map<string, number> {
  const reads = new Map<string, number>();
  for (const name of [...graph.nodes.flatMap(({ inputs }) => inputs), ...graph.outputs]) {
    reads.set(name, (reads.get(name) ?? 0) + 1);
  }
  return reads;
}
