import type { ActivationKind, Graph, GraphNode, Padding, PlainNode, Shape } from './graph.js';

/** What {@link GraphBuilder.conv} needs to know. */
export interface ConvOptions {
  readonly filters: number;
  readonly kernelSize: number;
  readonly bias?: boolean;
  readonly stride?: 1 | 2;
}

/** Puts nodes one after another and works out their shapes. Methods return the node, to be fed to the next call. */
export class GraphBuilder {
  readonly #nodes: GraphNode[] = [];
  readonly #epsilon: number;

  /** @param epsilon what batch norms add to the variance. */
  constructor(epsilon: number) {
    this.#epsilon = epsilon;
  }

  /** The pictures as floats: `sample × factor`. */
  images(width: number, height: number, factor: number): GraphNode {
    const shape: Shape = { height, width, channels: 3 };
    this.#add({ op: 'input', name: 'images', inputs: [], shape });
    return this.#add({ op: 'scale', name: 'scaled', inputs: ['images'], shape, factor });
  }

  /** A convolution with weights `name/kernel` and, if asked for, `name/bias`. */
  conv(from: GraphNode, name: string, { filters, kernelSize, bias, stride = 1 }: ConvOptions): GraphNode {
    return this.#add({
      op: 'conv',
      name,
      inputs: [from.name],
      shape: { ...shrink(from.shape, stride), channels: filters },
      kernelSize,
      stride,
      padding: kerasPadding(from.shape, kernelSize, stride),
      kernel: `${name}/kernel`,
      ...(bias === true ? { bias: `${name}/bias` } : {}),
    });
  }

  /** A convolution of each channel by itself with weights `name/depthwise_kernel`. */
  depthwise(from: GraphNode, name: string, kernelSize: number, stride: 1 | 2): GraphNode {
    return this.#add({
      op: 'depthwise',
      name,
      inputs: [from.name],
      shape: shrink(from.shape, stride),
      kernelSize,
      stride,
      padding: kerasPadding(from.shape, kernelSize, stride),
      kernel: `${name}/depthwise_kernel`,
    });
  }

  /** A batch norm with weights `name/gamma`, `name/beta`, `name/moving_mean` and `name/moving_variance`. */
  batchNorm(from: GraphNode, name: string): GraphNode {
    return this.#add({
      op: 'batch-norm',
      name,
      inputs: [from.name],
      shape: from.shape,
      gamma: `${name}/gamma`,
      beta: `${name}/beta`,
      mean: `${name}/moving_mean`,
      variance: `${name}/moving_variance`,
      epsilon: this.#epsilon,
    });
  }

  /** A function of each value, named after what it follows. */
  activate(from: GraphNode, kind: ActivationKind): GraphNode {
    return this.#add({
      op: 'activation',
      name: `${from.name}_${kind}`,
      inputs: [from.name],
      shape: from.shape,
      kind,
    });
  }

  /** Mean over the picture: 1 × 1. */
  pool(from: GraphNode, name: string): GraphNode {
    return this.#plain('pool', name, [from], { ...from.shape, height: 1, width: 1 });
  }

  /** Sum of two equal shapes. */
  add(a: GraphNode, b: GraphNode, name: string): GraphNode {
    return this.#plain('add', name, [a, b], a.shape);
  }

  /** `a` with each channel scaled by the 1 × 1 `factors`. */
  multiply(a: GraphNode, factors: GraphNode, name: string): GraphNode {
    return this.#plain('multiply', name, [a, factors], a.shape);
  }

  /** Each pixel becomes 2 × 2. */
  upsample(from: GraphNode, name: string): GraphNode {
    const { height, width, channels } = from.shape;
    return this.#plain('upsample', name, [from], { height: height * 2, width: width * 2, channels });
  }

  /** The channels of `a`, then those of `b`. */
  concat(a: GraphNode, b: GraphNode, name: string): GraphNode {
    return this.#plain('concat', name, [a, b], {
      ...a.shape,
      channels: a.shape.channels + b.shape.channels,
    });
  }

  /** The graph so far, with these results. */
  build(outputs: readonly GraphNode[]): Graph {
    return { nodes: [...this.#nodes], outputs: outputs.map((node) => node.name) };
  }

  #plain(op: PlainNode['op'], name: string, inputs: readonly GraphNode[], shape: Shape): GraphNode {
    return this.#add({ op, name, inputs: inputs.map((node) => node.name), shape });
  }

  #add(node: GraphNode): GraphNode {
    this.#nodes.push(node);
    return node;
  }
}

function shrink(shape: Shape, stride: 1 | 2): Shape {
  return {
    height: Math.ceil(shape.height / stride),
    width: Math.ceil(shape.width / stride),
    channels: shape.channels,
  };
}

/**
 * Zeros around the input of a convolution with an odd kernel, as Keras has them: `same` at stride 1; at stride 2
 * `correct_pad` of keras.applications (k//2 − 1 + n mod 2 before, k//2 behind), which is not symmetric.
 */
function kerasPadding({ height, width }: Shape, kernelSize: number, stride: 1 | 2): Padding {
  const half = Math.floor(kernelSize / 2);
  if (stride === 1) return { top: half, left: half, bottom: half, right: half };
  return { top: half - 1 + (height % 2), left: half - 1 + (width % 2), bottom: half, right: half };
}
