/**
 * The backbone: EfficientNet (Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks",
 * 2019) without its last convolution and classifier.
 */
import type { Phi } from './manifest.js';
import type { GraphNode } from '../../graph/graph.js';
import type { GraphBuilder } from '../../graph/graph-builder.js';

/** Features at 1/8, 1/16 and 1/32 of the picture's size. */
export interface Features {
  readonly c3: GraphNode;
  readonly c4: GraphNode;
  readonly c5: GraphNode;
}

interface Stage {
  readonly kernelSize: number;
  readonly repeats: number;
  readonly filters: number;
  readonly expand: number;
  readonly stride: 1 | 2;
}

/** Table 1 of the paper: the seven stages of B0. */
const STAGES: readonly Stage[] = [
  { kernelSize: 3, repeats: 1, filters: 16, expand: 1, stride: 1 },
  { kernelSize: 3, repeats: 2, filters: 24, expand: 6, stride: 2 },
  { kernelSize: 5, repeats: 2, filters: 40, expand: 6, stride: 2 },
  { kernelSize: 3, repeats: 3, filters: 80, expand: 6, stride: 2 },
  { kernelSize: 5, repeats: 3, filters: 112, expand: 6, stride: 1 },
  { kernelSize: 5, repeats: 4, filters: 192, expand: 6, stride: 2 },
  { kernelSize: 3, repeats: 1, filters: 320, expand: 6, stride: 1 },
];

const STEM_FILTERS = 32;
const SQUEEZE_RATIO = 0.25;

/** Factors of width and depth for B0 to B7, from the authors' code. */
const SCALING: Readonly<Record<Phi, { readonly width: number; readonly depth: number }>> = {
  0: { width: 1.0, depth: 1.0 },
  1: { width: 1.0, depth: 1.1 },
  2: { width: 1.1, depth: 1.2 },
  3: { width: 1.2, depth: 1.4 },
  4: { width: 1.4, depth: 1.8 },
  5: { width: 1.6, depth: 2.2 },
  6: { width: 1.8, depth: 2.6 },
  7: { width: 2.0, depth: 3.1 },
};

/** Adds the backbone's nodes behind `images`. Layer names are those of keras.applications. */
export function addEfficientNet(builder: GraphBuilder, images: GraphNode, phi: Phi): Features {
  const { width, depth } = SCALING[phi];
  let x = builder.conv(images, 'stem_conv', {
    filters: roundFilters(STEM_FILTERS, width),
    kernelSize: 3,
    stride: 2,
  });
  x = builder.activate(builder.batchNorm(x, 'stem_bn'), 'silu');

  const ends: GraphNode[] = [];
  for (const [index, stage] of STAGES.entries()) {
    const filters = roundFilters(stage.filters, width);
    for (let repeat = 0; repeat < roundRepeats(stage.repeats, depth); repeat++) {
      const name = `block${index + 1}${String.fromCharCode('a'.charCodeAt(0) + repeat)}`;
      x = addBlock(builder, x, name, { ...stage, filters, stride: repeat === 0 ? stage.stride : 1 });
    }
    ends.push(x);
  }
  return { c3: ends[2]!, c4: ends[4]!, c5: ends[6]! };
}

/** An inverted residual block with squeeze and excitation; its squeeze is counted from the block's input channels. */
function addBlock(
  builder: GraphBuilder,
  input: GraphNode,
  name: string,
  stage: Omit<Stage, 'repeats'>,
): GraphNode {
  const inputFilters = input.shape.channels;
  const expanded = inputFilters * stage.expand;
  let x = input;
  if (stage.expand !== 1) {
    x = builder.conv(x, `${name}_expand_conv`, { filters: expanded, kernelSize: 1 });
    x = builder.activate(builder.batchNorm(x, `${name}_expand_bn`), 'silu');
  }
  x = builder.depthwise(x, `${name}_dwconv`, stage.kernelSize, stage.stride);
  x = builder.activate(builder.batchNorm(x, `${name}_bn`), 'silu');

  const squeezed = Math.max(1, Math.floor(inputFilters * SQUEEZE_RATIO));
  let gate = builder.pool(x, `${name}_se_squeeze`);
  gate = builder.conv(gate, `${name}_se_reduce`, { filters: squeezed, kernelSize: 1, bias: true });
  gate = builder.activate(gate, 'silu');
  gate = builder.conv(gate, `${name}_se_expand`, { filters: expanded, kernelSize: 1, bias: true });
  gate = builder.activate(gate, 'sigmoid');
  x = builder.multiply(x, gate, `${name}_se_excite`);

  x = builder.conv(x, `${name}_project_conv`, { filters: stage.filters, kernelSize: 1 });
  x = builder.batchNorm(x, `${name}_project_bn`);
  const residual = stage.stride === 1 && inputFilters === stage.filters;
  return residual ? builder.add(x, input, `${name}_add`) : x;
}

/** The scaled number of filters: the nearest multiple of 8 that is not more than 10 % smaller. */
function roundFilters(filters: number, factor: number): number {
  const scaled = filters * factor;
  const rounded = Math.max(8, Math.floor((scaled + 4) / 8) * 8);
  return rounded < 0.9 * scaled ? rounded + 8 : rounded;
}

function roundRepeats(repeats: number, factor: number): number {
  return Math.ceil(repeats * factor);
}
