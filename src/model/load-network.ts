import { SightlineError } from '../errors.js';
import type { Backend } from './backends/backend.js';
import { loadManifest, type ModelManifest } from './manifest.js';

/** How a network is to be run. */
export interface LoadNetworkOptions {
  /** `auto`, a device such as `cpu` or `cuda`, or `backend:device` such as `onnxruntime:cuda`. */
  readonly device: string;
  /** CPU threads of one inference; what the machine offers if absent. */
  readonly threads?: number;
}

/** A network that is ready to run. */
export interface LoadedNetwork {
  readonly manifest: ModelManifest;
  /** Belongs to the caller, who closes it. */
  readonly backend: Backend;
  /** Why this device was taken, in one line. */
  readonly reason: string;
}

/**
 * Makes a running network of a model folder: manifest, weights, graph, folded batch norms, ONNX, backend.
 *
 * Loads native code into this process; only the inference child calls it.
 * @throws SightlineError ERR_MODEL_NOT_FOUND, ERR_MODEL_INVALID, ERR_WEIGHTS_INVALID, ERR_BACKEND_UNAVAILABLE or
 * ERR_BACKEND_FAILED.
 */
export async function loadNetwork(modelDir: string, options: LoadNetworkOptions): Promise<LoadedNetwork> {
  const manifest = await loadManifest(modelDir);
  throw new SightlineError('ERR_BACKEND_UNAVAILABLE', `no backend for ${manifest.name} on ${options.device}`);
}
