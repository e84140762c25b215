/** The generated weights and pictures of test/golden/network.json; test/golden/README.md describes them. */
import { readFileSync } from 'node:fs';
import type { Phi } from '../../src/model/architectures/efficientnet-yolov3/manifest.js';
import type { Network } from '../../src/model/graph/fold-batch-norm.js';
import { type Graph, weightShapes } from '../../src/model/graph/graph.js';
import {
  buildNetwork,
  type NetworkOptions,
} from '../../src/model/architectures/efficientnet-yolov3/yolov3.js';
import { foldNetwork } from '../../src/model/read-network.js';
import type { WeightTensor } from '../../src/model/weights/weights.js';

const folder = new URL('../golden/', import.meta.url);

interface GoldenOutput {
  readonly file: string;
  /** Height, width, channels. */
  readonly shape: readonly [number, number, number];
  readonly mean: number;
  readonly std: number;
}

/** One entry of network.json. */
export interface GoldenModel {
  readonly phi: Phi;
  readonly parameters: number;
  /** p5, p4, p3. */
  readonly outputs: readonly GoldenOutput[];
  /** Layer, kind and shape of each weight, or only their number. */
  readonly tensors: readonly (readonly [string, string, readonly number[]])[] | number;
}

/** The eight networks of network.json. */
export function goldenModels(): readonly GoldenModel[] {
  const text = readFileSync(new URL('network.json', folder), 'utf8');
  return (JSON.parse(text) as { models: GoldenModel[] }).models;
}

/** The options under which a golden network was made. */
export function goldenOptions(phi: Phi): NetworkOptions {
  return { phi, classes: 6, width: 128, height: 96, scale: 1 / 255, batchNormEpsilon: 1e-3 };
}

/** The values of one of the `.f32` files. */
export function goldenFloats(file: string): Float32Array {
  const bytes = readFileSync(new URL(file, folder));
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

/** Where a file of test/golden lies. */
export function goldenPath(file: string): string {
  return new URL(file, folder).pathname;
}

/** A golden network as backends are given it: with its batch norms and its scale folded. */
export function goldenNetwork(phi: Phi): Network {
  const graph = buildNetwork(goldenOptions(phi));
  return foldNetwork({ graph, weights: goldenWeights(graph) });
}

/** The picture that the golden networks saw: 96 rows of 128. */
export function goldenPicture(): Uint8Array {
  const pixels = new Uint8Array(96 * 128 * 3);
  for (let y = 0, at = 0; y < 96; y++) {
    for (let x = 0; x < 128; x++) {
      for (let c = 0; c < 3; c++) pixels[at++] = (7 * y + 13 * x + 29 * c + ((y * x) % 17) * 5) % 256;
    }
  }
  return pixels;
}

/** Generated weights for every tensor that a graph names. */
export function goldenWeights(graph: Graph): Map<string, WeightTensor> {
  const weights = new Map<string, WeightTensor>();
  for (const [name, shape] of weightShapes(graph)) weights.set(name, { shape, data: generate(name, shape) });
  return weights;
}

function generate(name: string, shape: readonly number[]): Float32Array {
  const [layer = '', kind = ''] = name.split('/');
  const [height = 1, width = 1, inputs = 1] = shape;
  const [offset, factor] = ((): [number, number] => {
    switch (kind) {
      case 'kernel':
        return [0, Math.sqrt(6 / (height * width * inputs))];
      case 'depthwise_kernel':
        return [0, Math.sqrt(6 / (height * width))];
      case 'gamma':
        return layer.endsWith('project_bn') ? [0.5, 0.1] : [1, 0.2];
      case 'moving_variance':
        return [1, 0.5];
      default:
        return [0, 0.1];
    }
  })();
  const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
  let x = fnv1a(name);
  for (let at = 0; at < data.length; at++) {
    x = (Math.imul(1_664_525, x) + 1_013_904_223) >>> 0;
    data[at] = offset + factor * (x / 2 ** 31 - 1);
  }
  return data;
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}
