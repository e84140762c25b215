import { addEfficientNet } from './efficientnet.js';
import type { Graph, GraphNode } from '../../graph/graph.js';
import { GraphBuilder } from '../../graph/graph-builder.js';
import { type EfficientNetManifest, type Phi, phiOf } from './manifest.js';

/** What tells one network from another. */
export interface NetworkOptions {
  readonly phi: Phi;
  /** How many classes. */
  readonly classes: number;
  /** Pixels; multiples of 32. */
  readonly width: number;
  readonly height: number;
  /** What a uint8 sample is multiplied with before the first convolution. */
  readonly scale: number;
  readonly batchNormEpsilon: number;
}

const ANCHORS_PER_HEAD = 3;
const BOX_CHANNELS = 5;

/** The options of the network that a manifest describes. */
export function networkOptionsOf(manifest: EfficientNetManifest): NetworkOptions {
  return {
    phi: phiOf(manifest),
    classes: manifest.classes.length,
    width: manifest.input.width,
    height: manifest.input.height,
    scale: manifest.input.scale,
    batchNormEpsilon: manifest.batchNormEpsilon,
  };
}

/**
 * EfficientNet with the head of YOLOv3 (Redmon and Farhadi, 2018) as three scales of a feature pyramid.
 *
 * Outputs are the raw heads p5, p4, p3 at 1/32, 1/16 and 1/8 of the picture's size, each with
 * `3 × (tx, ty, tw, th, objectness, classes…)` channels.
 */
export function buildNetwork(options: NetworkOptions): Graph {
  const builder = new GraphBuilder(options.batchNormEpsilon);
  const images = builder.images(options.width, options.height, options.scale);
  const { c3, c4, c5 } = addEfficientNet(builder, images, options.phi);
  const channels = ANCHORS_PER_HEAD * (BOX_CHANNELS + options.classes);

  const neck5 = addFive(builder, c5, 'five5', c5.shape.channels);
  const p5 = addHead(builder, neck5, 'head5', channels);
  const neck4 = addFive(builder, addMerge(builder, neck5, c4, '5'), 'five4', c4.shape.channels);
  const p4 = addHead(builder, neck4, 'head4', channels);
  const neck3 = addFive(builder, addMerge(builder, neck4, c3, '4'), 'five3', c3.shape.channels);
  const p3 = addHead(builder, neck3, 'head3', channels);
  return builder.build([p5, p4, p3]);
}

/** Five convolutions that narrow and widen in turn. */
function addFive(builder: GraphBuilder, input: GraphNode, name: string, filters: number): GraphNode {
  let x = input;
  for (let index = 1; index <= 5; index++) {
    const narrow = index % 2 === 1;
    x = addConv(builder, x, `${name}_${index}`, narrow ? filters : filters * 2, narrow ? 1 : 3);
  }
  return x;
}

function addHead(builder: GraphBuilder, input: GraphNode, name: string, channels: number): GraphNode {
  const x = addConv(builder, input, `${name}_conv`, input.shape.channels * 2, 3);
  return builder.conv(x, `${name}_out`, { filters: channels, kernelSize: 1, bias: true });
}

/** Brings the coarser level to the size of the finer one and puts both side by side. */
function addMerge(builder: GraphBuilder, coarse: GraphNode, fine: GraphNode, level: string): GraphNode {
  const lateral = addConv(builder, coarse, `lateral${level}`, fine.shape.channels, 1);
  return builder.concat(builder.upsample(lateral, `upsample${level}`), fine, `merge${level}`);
}

function addConv(
  builder: GraphBuilder,
  input: GraphNode,
  name: string,
  filters: number,
  kernelSize: 1 | 3,
): GraphNode {
  const x = builder.conv(input, name, { filters, kernelSize });
  return builder.activate(builder.batchNorm(x, `${name}_bn`), 'leaky');
}
