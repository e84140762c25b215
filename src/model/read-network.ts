import { join } from 'node:path';
import type { InputSize } from '../geometry/input-size.js';
import { loadManifest, type ModelManifest, readWeights } from './manifest.js';
import { foldBatchNorm, foldScale, type Network } from './graph/fold-batch-norm.js';
import { weightShapes } from './graph/graph.js';
import { buildNetwork, networkOptionsOf } from './architectures/efficientnet-yolov3/yolov3.js';
import { readSafetensors } from './weights/safetensors.js';
import { checkWeights } from './weights/weights.js';

/** A model's manifest together with its graph and numbers. */
export interface ReadModel {
  readonly manifest: ModelManifest;
  readonly network: Network;
}

/**
 * The manifest of a model folder, with another input size if one is given: the network is the same at any, and objects
 * are looked for at the size in pixels that its anchors have.
 * @throws SightlineError ERR_MODEL_NOT_FOUND, ERR_MODEL_INVALID
 */
export async function loadManifestAt(dir: string, size?: InputSize): Promise<ModelManifest> {
  const manifest = await loadManifest(dir);
  return size === undefined ? manifest : { ...manifest, input: { ...manifest.input, ...size } };
}

/**
 * Reads a model folder: graph and numbers, checked against each other, nothing folded.
 * @throws SightlineError ERR_MODEL_NOT_FOUND, ERR_MODEL_INVALID, ERR_WEIGHTS_INVALID
 */
export async function readModel(dir: string, size?: InputSize): Promise<ReadModel> {
  const manifest = await loadManifestAt(dir, size);
  const origin = join(dir, manifest.weights.file);
  const weights = readSafetensors(await readWeights(dir, manifest), origin);
  const graph = buildNetwork(networkOptionsOf(manifest));
  checkWeights(weights, weightShapes(graph), origin);
  return { manifest, network: { graph, weights } };
}

/** The same network with fewer steps: batch norms and the scaling of pictures merged into convolutions. */
export function foldNetwork(network: Network): Network {
  return foldScale(foldBatchNorm(network));
}
