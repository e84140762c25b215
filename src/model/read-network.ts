import { join } from 'node:path';
import { SightlineError } from '../errors.js';
import type { InputSize } from '../geometry/input-size.js';
import type { Architecture, Program } from './architectures/architecture.js';
import type { ModelManifest } from './architectures/base-manifest.js';
import { type EfficientNetManifest, isEfficientNet } from './architectures/efficientnet-yolov3/manifest.js';
import { architectureOf } from './architectures/registry.js';
import { foldBatchNorm, foldScale, type Network } from './graph/fold-batch-norm.js';
import { loadManifest } from './manifest.js';

/** A model as it lies in its folder. */
export interface ReadModel {
  readonly manifest: ModelManifest;
  readonly architecture: Architecture;
  readonly program: Program;
}

/**
 * The manifest of a model folder, with another input size if one is given.
 * @throws SightlineError ERR_MODEL_NOT_FOUND, ERR_MODEL_INVALID, ERR_USAGE if the model has one size only
 */
export async function loadManifestAt(dir: string, size?: InputSize): Promise<ModelManifest> {
  const manifest = await loadManifest(dir);
  return size === undefined ? manifest : architectureOf(manifest).atSize(manifest, size);
}

/**
 * Reads a model folder, its parts checked against each other.
 * @throws SightlineError ERR_MODEL_NOT_FOUND, ERR_MODEL_INVALID, ERR_WEIGHTS_INVALID, ERR_USAGE for the size
 */
export async function readModel(dir: string, size?: InputSize): Promise<ReadModel> {
  const manifest = await loadManifestAt(dir, size);
  const architecture = architectureOf(manifest);
  return { manifest, architecture, program: await architecture.read(dir, manifest) };
}

/** A model whose network is taken apart and written anew. */
export interface ReadNetwork {
  readonly manifest: EfficientNetManifest;
  readonly network: Network;
}

/**
 * Graph and numbers of a model folder, checked against each other, nothing folded.
 * @param purpose what they are needed for, as the end of a sentence: `exported`.
 * @throws SightlineError as {@link readModel} does, and ERR_USAGE if the model is a file that is not taken apart.
 */
export async function readNetwork(dir: string, purpose: string, size?: InputSize): Promise<ReadNetwork> {
  const { manifest, program } = await readModel(dir, size);
  if (program.kind === 'network' && isEfficientNet(manifest)) return { manifest, network: program.network };
  throw new SightlineError(
    'ERR_USAGE',
    `"${dir}" is made of an ONNX file and cannot be ${purpose}; the file is ${join(dir, manifest.weights.file)}`,
  );
}

/** The same network with fewer steps: batch norms and the scaling of pictures merged into convolutions. */
export function foldNetwork(network: Network): Network {
  return foldScale(foldBatchNorm(network));
}
