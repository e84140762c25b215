/**
 * Writes a network as ONNX, https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, in memory.
 *
 * The form is what onnxruntime's CPU provider ran fastest of what was tried. Sigmoid and Mul of one value become one
 * QuickGelu; LeakyRelu and the sum of a residual go into the convolution before them; unequal padding is an attribute and
 * not a node. Expanding the squeeze-and-excite factors to whole planes, to keep the blocked layout, made it slower.
 */
import type { AnchorSet } from '../decode/head-anchors.js';
import type { Network } from '../graph/fold-batch-norm.js';
import { LEAKY_SLOPE, type ConvNode, type GraphNode } from '../graph/graph.js';
import { weightOf, type Weights, type WeightTensor } from '../weights/weights.js';
import { emitDecode, type RawHead } from '../architectures/efficientnet-yolov3/onnx-decode.js';
import { OnnxGraphWriter } from './onnx-graph.js';

/** Name of the model's one input: uint8 `[batch, height, width, 3]`. */
export const ONNX_INPUT = 'images';

/** Names of the outputs, coarse to fine: float32 `[batch, channels, height, width]`. */
export const ONNX_OUTPUTS = ['p5', 'p4', 'p3'] as const;

/** What an ONNX file can hold besides the network. */
export interface OnnxExtras {
  /** Ends the graph in boxes and scores (`boxes`, `scores`) instead of raw heads. */
  readonly decode?: AnchorSet | undefined;
  /** Free text by name. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/** Floats in a cache line. */
const STRIP = 16;

/**
 * The ONNX model of a network, batch dimension free, weights inside. Every operation is of the standard itself, so any
 * runtime reads it; onnxruntime makes faster ones of them when it loads the model.
 * @returns the file's bytes; they belong to the caller.
 */
export function emitOnnx({ graph, weights }: Network, { decode, metadata }: OnnxExtras = {}): Uint8Array {
  const writer = new OnnxGraphWriter();
  const outputs = new Map(graph.outputs.map((name, index) => [name, ONNX_OUTPUTS[index] ?? name]));
  const valueOf = (name: string): string => outputs.get(name) ?? name;
  const heads: RawHead[] = [];
  for (const node of graph.nodes) {
    const target = valueOf(node.name);
    emitNode(writer, node, node.inputs.map(valueOf), target, weights);
    if (outputs.has(node.name)) heads.push({ value: target, ...node.shape });
  }
  if (decode === undefined) {
    for (const { value, channels, height, width } of heads) writer.output(value, [channels, height, width]);
  } else {
    emitDecode(writer, heads, { ...decode, input: graph.nodes[0]!.shape });
  }
  return writer.finish(metadata);
}

function emitNode(
  writer: OnnxGraphWriter,
  node: GraphNode,
  inputs: readonly string[],
  target: string,
  weights: Weights,
): void {
  const [input = ''] = inputs;
  switch (node.op) {
    case 'input':
      writer.input(ONNX_INPUT, [node.shape.height, node.shape.width, node.shape.channels]);
      return;
    case 'scale':
      emitScale(writer, input, target, node.factor);
      return;
    case 'conv':
    case 'depthwise':
      emitConv(writer, node, input, target, weights);
      return;
    case 'batch-norm':
      writer.node(
        'BatchNormalization',
        [
          input,
          ...[node.gamma, node.beta, node.mean, node.variance].map((name) => vector(writer, weights, name)),
        ],
        [target],
        { epsilon: { float: node.epsilon } },
      );
      return;
    case 'activation':
      if (node.kind === 'leaky') {
        writer.node('LeakyRelu', [input], [target], { alpha: { float: LEAKY_SLOPE } });
      } else if (node.kind === 'sigmoid') {
        writer.node('Sigmoid', [input], [target]);
      } else {
        writer.node('Sigmoid', [input], [`${target}/sigmoid`]);
        writer.node('Mul', [input, `${target}/sigmoid`], [target]);
      }
      return;
    case 'pool':
      // Not GlobalAveragePool: onnxruntime's blocked form of it adds 43,264 floats one after another, and street-b0's
      // heads came out 4.5 times further from those computed in double precision. It costs 1 % of the time.
      writer.node('ReduceMean', [input], [target], { axes: { integers: [2, 3] }, keepdims: { integer: 1 } });
      return;
    case 'add':
      writer.node('Add', inputs, [target]);
      return;
    case 'multiply':
      writer.node('Mul', inputs, [target]);
      return;
    case 'upsample':
      writer.floats('upsample/scales', [4], new Float32Array([1, 1, 2, 2]));
      writer.node('Resize', [input, '', 'upsample/scales'], [target], {
        mode: { string: 'nearest' },
        coordinate_transformation_mode: { string: 'asymmetric' },
        nearest_mode: { string: 'floor' },
      });
      return;
    case 'concat':
      writer.node('Concat', inputs, [target], { axis: { integer: 1 } });
      return;
  }
}

/** uint8 NHWC to float NCHW. Bytes are moved before they grow to floats: a quarter of the memory traffic. */
function emitScale(writer: OnnxGraphWriter, input: string, target: string, factor: number): void {
  const planes = `${target}/planes`;
  writer.node('Transpose', [input], [planes], { perm: { integers: [0, 3, 1, 2] } });
  if (factor === 1) {
    writer.node('Cast', [planes], [target], { to: { integer: writer.floatType } });
    return;
  }
  writer.node('Cast', [planes], [`${target}/float`], { to: { integer: writer.floatType } });
  writer.floats(`${target}/factor`, [], new Float32Array([factor]));
  writer.node('Mul', [`${target}/float`, `${target}/factor`], [target]);
}

function emitConv(
  writer: OnnxGraphWriter,
  node: ConvNode,
  input: string,
  target: string,
  weights: Weights,
): void {
  const size = node.kernelSize;
  const { top, left, bottom, right } = node.padding;
  const kernel = channelsFirst(weightOf(weights, node.kernel), node.op === 'depthwise');
  writer.floats(node.kernel, kernel.shape, kernel.data);
  const inputs = [input, node.kernel];
  if (node.bias !== undefined) inputs.push(vector(writer, weights, node.bias));
  writer.node('Conv', inputs, [target], {
    kernel_shape: { integers: [size, size] },
    strides: { integers: [node.stride, node.stride] },
    pads: { integers: [top, left, bottom, right] },
    ...(node.op === 'depthwise' ? { group: { integer: node.shape.channels } } : {}),
  });
}

function vector(writer: OnnxGraphWriter, weights: Weights, name: string): string {
  const { shape, data } = weightOf(weights, name);
  writer.floats(name, shape, data);
  return name;
}

/** A kernel H,W,I,O as O,I,H,W, or a depthwise kernel H,W,C,1 as C,1,H,W. */
function channelsFirst({ shape, data }: WeightTensor, depthwise: boolean): WeightTensor {
  const [height = 0, width = 0, third = 0, fourth = 0] = shape;
  const outputs = depthwise ? third : fourth;
  const inputs = depthwise ? 1 : third;
  const area = height * width;
  const moved = new Float32Array(data.length);
  // In strips of one cache line of outputs: straight through, each write would miss the cache.
  for (let strip = 0; strip < outputs; strip += STRIP) {
    const end = Math.min(strip + STRIP, outputs);
    for (let i = 0; i < inputs; i++) {
      for (let cell = 0; cell < area; cell++) {
        const from = (cell * inputs + i) * outputs;
        for (let o = strip; o < end; o++) moved[(o * inputs + i) * area + cell] = data[from + o]!;
      }
    }
  }
  return { shape: [outputs, inputs, height, width], data: moved };
}
