/** A network in numbers: what each layer puts out and costs, and what larger parts of it do. */
import { type Graph, type GraphNode, type Shape, weightShapes } from './graph.js';

/** What a layer or a group of layers holds and costs for one picture. */
interface Cost {
  /** Numbers among the weights, moving averages of batch norms included. */
  readonly parameters: number;
  /** Of convolutions alone, as is the custom in this field: the rest is small change. */
  readonly multiplyAdds: number;
}

/** One node of the graph. */
export interface LayerDescription extends Cost {
  readonly name: string;
  /** The group it belongs to: `stem`, `block1` … `block7`, `five5`, `head5`, `merge5` and so on. */
  readonly stage: string;
  readonly op: string;
  readonly inputs: readonly string[];
  /** Side of a convolution's kernel in pixels of its input. */
  readonly kernelSize?: number;
  /** Step of a convolution in pixels of its input. */
  readonly stride?: number;
  readonly output: Shape;
  /** Input pixels from one output pixel to the next; null where one value stands for the whole picture. */
  readonly receptiveStride: number | null;
}

/** Layers that stand together. */
export interface StageDescription extends Cost {
  readonly name: string;
  readonly layers: number;
  /** Of its last layer. */
  readonly output: Shape;
  readonly receptiveStride: number | null;
}

/** A whole network. */
export interface NetworkDescription {
  /** In the order in which they run. */
  readonly layers: readonly LayerDescription[];
  readonly stages: readonly StageDescription[];
  readonly total: Cost & { readonly layers: number };
}

/** Counts a network layer by layer. Nothing should be folded, or weights that are in the file are missing here. */
export function describeNetwork(graph: Graph): NetworkDescription {
  const nodes = new Map(graph.nodes.map((node) => [node.name, node]));
  const sizes = new Map([...weightShapes(graph)].map(([name, shape]) => [name, product(shape)]));
  const strides = new Map<string, number | null>();
  const layers = graph.nodes.map((node): LayerDescription => {
    const [from = ''] = node.inputs;
    const receptiveStride = strideAfter(node, strides.get(from) ?? null);
    strides.set(node.name, receptiveStride);
    return {
      name: node.name,
      stage: stageOf(node.name),
      op: node.op === 'activation' ? node.kind : node.op,
      inputs: node.inputs,
      ...(isConv(node) ? { kernelSize: node.kernelSize, stride: node.stride } : {}),
      output: node.shape,
      receptiveStride,
      parameters: weightsOf(node).reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0),
      multiplyAdds: multiplyAddsOf(node, nodes.get(from)?.shape.channels ?? 0),
    };
  });
  return { layers, stages: groupByStage(layers), total: { layers: layers.length, ...sumOf(layers) } };
}

function weightsOf(node: GraphNode): readonly string[] {
  if (node.op === 'batch-norm') return [node.gamma, node.beta, node.mean, node.variance];
  if (!isConv(node)) return [];
  return node.bias === undefined ? [node.kernel] : [node.kernel, node.bias];
}

/** One for each weight of the kernel at each place where the kernel is laid. */
function multiplyAddsOf(node: GraphNode, inputChannels: number): number {
  if (!isConv(node)) return 0;
  const { height, width, channels } = node.shape;
  const perValue = node.kernelSize ** 2 * (node.op === 'depthwise' ? 1 : inputChannels);
  return height * width * channels * perValue;
}

function strideAfter(node: GraphNode, before: number | null): number | null {
  if (node.op === 'input') return 1;
  if (before === null || node.op === 'pool') return null;
  if (isConv(node)) return before * node.stride;
  return node.op === 'upsample' ? before / 2 : before;
}

/** The layer's name says where it stands: `block2a_expand_conv`, `five5_1_bn`, `lateral5`. */
function stageOf(layer: string): string {
  const [stage = layer] = /^(block\d+|[a-z]+\d*)/.exec(layer) ?? [];
  if (stage === 'images' || stage === 'scaled') return 'input';
  return stage.replace(/^(lateral|upsample)/, 'merge');
}

function groupByStage(layers: readonly LayerDescription[]): StageDescription[] {
  const groups = new Map<string, LayerDescription[]>();
  for (const layer of layers) {
    const group = groups.get(layer.stage);
    if (group === undefined) groups.set(layer.stage, [layer]);
    else group.push(layer);
  }
  return [...groups].map(([name, group]) => {
    const { output, receptiveStride } = group.at(-1)!;
    return { name, layers: group.length, output, receptiveStride, ...sumOf(group) };
  });
}

function sumOf(parts: readonly Cost[]): Cost {
  return {
    parameters: parts.reduce((sum, { parameters }) => sum + parameters, 0),
    multiplyAdds: parts.reduce((sum, { multiplyAdds }) => sum + multiplyAdds, 0),
  };
}

function isConv(node: GraphNode): node is Extract<GraphNode, { readonly op: 'conv' | 'depthwise' }> {
  return node.op === 'conv' || node.op === 'depthwise';
}

function product(shape: readonly number[]): number {
  return shape.reduce((all, size) => all * size, 1);
}
