import { readFile } from 'node:fs/promises';
import { messageOf, SightlineError } from '../../errors.js';
import type { EfficientNetManifest } from '../architectures/efficientnet-yolov3/manifest.js';
import { readNetwork } from '../read-network.js';
import { openHdf5Reader } from '../weights/hdf5-reader.js';
import { readSafetensors } from '../weights/safetensors.js';
import { identifyInput } from './identify.js';
import { efficientnetYolov3 } from '../architectures/efficientnet-yolov3/architecture.js';
import type { NamedWeights } from '../weights/weights.js';

/** Weights under our names, and where they came from. */
export interface ReadInput extends NamedWeights {
  readonly source: 'Keras' | 'PyTorch' | 'Sightline';
  /** What a model folder says of itself. */
  readonly manifest?: EfficientNetManifest;
}

/**
 * Reads weights in any form that can be converted. Names and shapes are not checked against a network yet.
 * @throws SightlineError ERR_MODEL_NOT_FOUND, ERR_MODEL_INVALID, ERR_WEIGHTS_INVALID
 */
export async function readInput(path: string): Promise<ReadInput> {
  const kind = await identifyInput(path);
  if (kind === 'model-folder') {
    const { manifest, network } = await readNetwork(path, 'converted');
    return { source: 'Sightline', manifest, weights: network.weights, notes: [] };
  }
  return kind === 'hdf5' ? readHdf5(path) : nameSafetensors(await readBytes(path), path);
}

/**
 * Reads safetensors with the names of the PyTorch port or our own.
 * @throws SightlineError ERR_WEIGHTS_INVALID
 */
export function nameSafetensors(bytes: Uint8Array, origin: string): ReadInput {
  const tensors = readSafetensors(bytes, origin, efficientnetYolov3.weights.isIdle);
  const port = efficientnetYolov3.weights.namePytorch(tensors);
  return port === undefined
    ? { source: 'Sightline', weights: tensors, notes: [] }
    : { source: 'PyTorch', ...port };
}

async function readHdf5(path: string): Promise<ReadInput> {
  const reader = openHdf5Reader();
  try {
    return { source: 'Keras', ...efficientnetYolov3.weights.nameKeras(await reader.read(path)) };
  } finally {
    await reader.close();
  }
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new SightlineError('ERR_MODEL_NOT_FOUND', `cannot read "${path}": ${messageOf(cause)}`, { cause });
  }
}
