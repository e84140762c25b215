import { join } from 'node:path';
import { isSightlineError, SightlineError } from '../errors.js';
import type { Backend } from './backends/backend.js';
import { chooseBackend } from './backends/choose.js';
import { createOnnxruntimeBackend } from './backends/onnxruntime.js';
import { emitOnnx } from './emit/onnx.js';
import { loadManifest, type ModelManifest, readWeights } from './manifest.js';
import { foldBatchNorm, foldScale, type Network } from './network/fold-batch-norm.js';
import { weightShapes } from './network/graph.js';
import { buildNetwork, networkOptionsOf } from './network/yolov3.js';
import { readSafetensors } from './weights/safetensors.js';
import { checkWeights } from './weights/weights.js';

/** How a network is to be run. */
export interface LoadNetworkOptions {
  /** `auto`, a device such as `cpu` or `cuda`, or `backend:device` such as `onnxruntime:cuda`. */
  readonly device: string;
  /** CPU threads of one inference; what the backend thinks best if absent. */
  readonly threads?: number | undefined;
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
 * @throws SightlineError ERR_MODEL_NOT_FOUND, ERR_MODEL_INVALID, ERR_WEIGHTS_INVALID, ERR_USAGE for an unknown device,
 * ERR_BACKEND_UNAVAILABLE or ERR_BACKEND_FAILED.
 */
export async function loadNetwork(modelDir: string, options: LoadNetworkOptions): Promise<LoadedNetwork> {
  const choices = await chooseBackend(options.device);
  const manifest = await loadManifest(modelDir);
  const onnx = emitOnnx(await readNetwork(modelDir, manifest));

  const failures: SightlineError[] = [];
  for (const { device, reason } of choices) {
    try {
      const backend = await createOnnxruntimeBackend(onnx, { device, threads: options.threads });
      return { manifest, backend, reason: [reason, ...failures.map(({ message }) => message)].join('; ') };
    } catch (error) {
      const last = failures.length === choices.length - 1;
      if (last || !isSightlineError(error, 'ERR_BACKEND_UNAVAILABLE')) throw error;
      failures.push(error);
    }
  }
  throw new SightlineError('ERR_BACKEND_UNAVAILABLE', `no device was chosen for "${options.device}"`);
}

/** Graph and numbers of a model, checked against each other, batch norms and scaling folded away. */
async function readNetwork(modelDir: string, manifest: ModelManifest): Promise<Network> {
  const origin = join(modelDir, manifest.weights.file);
  const weights = readSafetensors(await readWeights(modelDir, manifest), origin);
  const graph = buildNetwork(networkOptionsOf(manifest));
  checkWeights(weights, weightShapes(graph), origin);
  return foldScale(foldBatchNorm({ graph, weights }));
}
