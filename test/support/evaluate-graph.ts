/** A slow interpreter of the graph, written from the definitions and not from the passes: what rewrites are compared with. */
import type { Graph, GraphNode } from '../../src/model/graph/graph.js';
import type { Weights } from '../../src/model/weights/weights.js';

/** The outputs of a graph for one picture, each value in row order, channels fastest. */
export function evaluateGraph(graph: Graph, weights: Weights, picture: readonly number[]): number[][] {
  const values = new Map<string, number[]>();
  const nodes = new Map(graph.nodes.map((node) => [node.name, node]));
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((name) => values.get(name)!);
    values.set(node.name, evaluate(node, inputs, nodes, weights, picture));
  }
  return graph.outputs.map((name) => values.get(name)!);
}

function evaluate(
  node: GraphNode,
  inputs: readonly number[][],
  nodes: ReadonlyMap<string, GraphNode>,
  weights: Weights,
  picture: readonly number[],
): number[] {
  const [a = [], b = []] = inputs;
  const { height, width, channels } = node.shape;
  const numbers = (name: string) => weights.get(name)!.data;
  switch (node.op) {
    case 'input':
      return [...picture];
    case 'scale':
      return a.map((value) => value * node.factor);
    case 'add':
      return a.map((value, at) => value + b[at]!);
    case 'batch-norm': {
      const [gamma, beta, mean, variance] = [node.gamma, node.beta, node.mean, node.variance].map(numbers);
      return a.map((value, at) => {
        const c = at % channels;
        return (gamma![c]! * (value - mean![c]!)) / Math.sqrt(variance![c]! + node.epsilon) + beta![c]!;
      });
    }
    case 'conv':
    case 'depthwise': {
      const from = nodes.get(node.inputs[0]!)!.shape;
      const kernel = numbers(node.kernel);
      const bias = node.bias === undefined ? undefined : numbers(node.bias);
      const out: number[] = [];
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          for (let o = 0; o < channels; o++) {
            let sum = bias?.[o] ?? 0;
            for (let ky = 0; ky < node.kernelSize; ky++) {
              for (let kx = 0; kx < node.kernelSize; kx++) {
                const row = y * node.stride + ky - node.padding.top;
                const column = x * node.stride + kx - node.padding.left;
                if (row < 0 || column < 0 || row >= from.height || column >= from.width) continue;
                const cell = ky * node.kernelSize + kx;
                const pixel = (row * from.width + column) * from.channels;
                if (node.op === 'depthwise') {
                  sum += a[pixel + o]! * kernel[cell * channels + o]!;
                  continue;
                }
                for (let i = 0; i < from.channels; i++) {
                  sum += a[pixel + i]! * kernel[(cell * from.channels + i) * channels + o]!;
                }
              }
            }
            out.push(sum);
          }
        }
      }
      return out;
    }
    case 'activation':
      return a.map((value) => {
        const sigmoid = 1 / (1 + Math.exp(-value));
        if (node.kind === 'leaky') return value < 0 ? value / 10 : value;
        return node.kind === 'silu' ? value * sigmoid : sigmoid;
      });
    case 'pool': {
      const sums = new Array<number>(channels).fill(0);
      for (const [at, value] of a.entries()) sums[at % channels]! += value;
      return sums.map((sum) => (sum * channels) / a.length);
    }
    case 'multiply':
      return a.map((value, at) => value * b[at % channels]!);
    case 'concat':
    case 'upsample': {
      const first = nodes.get(node.inputs[0]!)!.shape.channels;
      const out: number[] = [];
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          for (let c = 0; c < channels; c++) {
            if (node.op === 'upsample') {
              out.push(a[(Math.floor(y / 2) * (width / 2) + Math.floor(x / 2)) * channels + c]!);
            } else {
              const pixel = y * width + x;
              out.push(c < first ? a[pixel * first + c]! : b[pixel * (channels - first) + c - first]!);
            }
          }
        }
      }
      return out;
    }
  }
}
