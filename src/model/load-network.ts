import { join } from 'node:path';
import { isSightlineError, SightlineError } from '../errors.js';
import type { Backend } from './backends/backend.js';
import { type BackendChoice, chooseBackend } from './backends/choose.js';
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

  const { threads } = options;
  const started = await startFirst(choices, ({ device }) =>
    createOnnxruntimeBackend(onnx, { device, threads }),
  );
  return { manifest, ...started };
}

/**
 * Starts the first choice that can be started. What failed before it stands in the reason.
 * @param choices at least one.
 * @throws what the last choice failed with, or at once any other error than ERR_BACKEND_UNAVAILABLE.
 */
export async function startFirst(
  choices: readonly BackendChoice[],
  start: (choice: BackendChoice) => Promise<Backend>,
): Promise<{ readonly backend: Backend; readonly reason: string }> {
  const failures: string[] = [];
  for (const choice of choices) {
    try {
      const backend = await start(choice);
      return { backend, reason: [choice.reason, ...failures].join('; ') };
    } catch (error) {
      const last = choice === choices.at(-1);
      if (last || !isSightlineError(error, 'ERR_BACKEND_UNAVAILABLE')) throw error;
      failures.push(error.message);
    }
  }
  throw new SightlineError('ERR_BACKEND_UNAVAILABLE', 'there is no device to try');
}

/** Graph and numbers of a model, checked against each other, batch norms and scaling folded away. */
async function readNetwork(modelDir: string, manifest: ModelManifest): Promise<Network> {
  const origin = join(modelDir, manifest.weights.file);
  const weights = readSafetensors(await readWeights(modelDir, manifest), origin);
  const graph = buildNetwork(networkOptionsOf(manifest));
  checkWeights(weights, weightShapes(graph), origin);
  return foldScale(foldBatchNorm({ graph, weights }));
}
