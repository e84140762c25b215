import { SightlineError } from '../../errors.js';
import { weightOf, type Weights, type WeightTensor } from '../weights/weights.js';
import type { BatchNormNode, ConvNode, Graph, GraphNode } from './graph.js';

/** A graph together with the numbers it names. */
export interface Network {
  readonly graph: Graph;
  readonly weights: Weights;
}

/**
 * Merges every batch norm into the convolution before it: `k' = k γ / √(σ² + ε)`, `b' = β + (b − μ) γ / √(σ² + ε)`.
 *
 * Pure: makes a new graph and new tensors, in double precision before rounding. A batch norm stays where its
 * convolution has other readers or is a result itself.
 */
export function foldBatchNorm({ graph, weights }: Network): Network {
  const byName = new Map(graph.nodes.map((node) => [node.name, node]));
  const readers = countReaders(graph);
  const folded = new Map(weights);
  const merged = new Map<string, BatchNormNode>();
  const renamed = new Map<string, string>();

  for (const node of graph.nodes) {
    if (node.op !== 'batch-norm') continue;
    const [from = ''] = node.inputs;
    const conv = byName.get(from);
    if (conv === undefined || !isConv(conv) || readers.get(from) !== 1) continue;
    merged.set(from, node);
    renamed.set(node.name, from);
    foldInto(folded, conv, node);
  }

  const nodes: GraphNode[] = [];
  for (const node of graph.nodes) {
    if (renamed.has(node.name)) continue;
    const inputs = node.inputs.map((name) => renamed.get(name) ?? name);
    if (isConv(node) && merged.has(node.name)) nodes.push({ ...node, inputs, bias: biasName(node) });
    else nodes.push({ ...node, inputs });
  }
  return {
    graph: { nodes, outputs: graph.outputs.map((name) => renamed.get(name) ?? name) },
    weights: folded,
  };
}

/**
 * Merges the scaling of the pictures into the convolutions that read them: `conv(f x, k) = conv(x, f k)`, borders
 * included because they are zeros. Pure. A scale that something else reads stays.
 */
export function foldScale({ graph, weights }: Network): Network {
  const scale = graph.nodes.find((node) => node.op === 'scale');
  if (scale === undefined) return { graph, weights };
  const users = graph.nodes.filter((node) => node.inputs.includes(scale.name));
  const convs = users.filter(isConv);
  if (convs.length !== users.length || graph.outputs.includes(scale.name)) return { graph, weights };

  const folded = new Map(weights);
  for (const { kernel } of convs) {
    const { shape, data } = weightOf(weights, kernel);
    folded.set(kernel, { shape, data: data.map((value) => value * scale.factor) });
  }
  const nodes = graph.nodes.map((node) => (node === scale ? { ...scale, factor: 1 } : node));
  return { graph: { nodes, outputs: graph.outputs }, weights: folded };
}

function foldInto(weights: Map<string, WeightTensor>, conv: ConvNode, norm: BatchNormNode): void {
  const gamma = weightOf(weights, norm.gamma).data;
  const beta = weightOf(weights, norm.beta).data;
  const mean = weightOf(weights, norm.mean).data;
  const variance = weightOf(weights, norm.variance).data;
  const kernel = weightOf(weights, conv.kernel);
  const oldBias = conv.bias === undefined ? undefined : weightOf(weights, conv.bias).data;

  const channels = gamma.length;
  const factors = new Float64Array(channels);
  const bias = new Float32Array(channels);
  for (let c = 0; c < channels; c++) {
    const factor = gamma[c]! / Math.sqrt(variance[c]! + norm.epsilon);
    factors[c] = factor;
    bias[c] = beta[c]! + ((oldBias?.[c] ?? 0) - mean[c]!) * factor;
    if (!Number.isFinite(bias[c]!)) {
      throw new SightlineError(
        'ERR_WEIGHTS_INVALID',
        `"${norm.name}" has numbers in channel ${c} that no batch norm can have (variance ${variance[c]!}): damaged weights`,
      );
    }
  }
  // Output channels are the fastest axis of both layouts: H,W,I,O and H,W,C,1.
  const data = new Float32Array(kernel.data.length);
  for (let start = 0; start < data.length; start += channels) {
    for (let c = 0; c < channels; c++) data[start + c] = kernel.data[start + c]! * factors[c]!;
  }

  weights.set(conv.kernel, { shape: kernel.shape, data });
  weights.set(biasName(conv), { shape: [channels], data: bias });
  for (const name of [norm.gamma, norm.beta, norm.mean, norm.variance]) weights.delete(name);
}

function isConv(node: GraphNode): node is ConvNode {
  return node.op === 'conv' || node.op === 'depthwise';
}

function biasName(conv: ConvNode): string {
  return conv.bias ?? `${conv.name}/bias`;
}

function countReaders(graph: Graph): Map<string, number> {
  const readers = new Map<string, number>();
  for (const name of [...graph.nodes.flatMap((node) => node.inputs), ...graph.outputs]) {
    readers.set(name, (readers.get(name) ?? 0) + 1);
  }
  return readers;
}
