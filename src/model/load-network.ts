import { isSightlineError, SightlineError } from '../errors.js';
import type { InputSize } from '../geometry/input-size.js';
import type { Backend, BackendOptions } from './backends/backend.js';
import { type BackendChoice, chooseBackend } from './backends/choose.js';
import { createOnnxruntimeBackend } from './backends/onnxruntime.js';
import { createTensorflowEagerBackend } from './backends/tensorflow-eager.js';
import { createTensorflowBackend } from './backends/tensorflow.js';
import { createTfjsBackend } from './backends/tfjs.js';
import { emitOnnx } from './export/onnx.js';
import { deviceForPrecision } from './compute-precision.js';
import type { ModelManifest } from './manifest.js';
import type { Network } from './graph/fold-batch-norm.js';
import { foldNetwork, readModel } from './read-network.js';

/** How a network is to be run. */
export interface LoadNetworkOptions extends BackendOptions {
  /** `auto`, a device such as `cpu` or `cuda`, a backend, or `backend:device` such as `onnxruntime:cuda`. */
  readonly device: string;
  /** Another size of the network's input than the manifest's. */
  readonly size?: InputSize | undefined;
}

/** A network that is ready to run. */
export interface LoadedNetwork {
  /** With the input size that the network runs at. */
  readonly manifest: ModelManifest;
  /** Belongs to the caller, who closes it. */
  readonly backend: Backend;
  /** Why this device was taken, in one line. */
  readonly reason: string;
}

/**
 * Makes a running network of a model folder: manifest, weights, graph, folded batch norms, backend.
 *
 * Loads native code into this process; only the inference child calls it.
 * @throws SightlineError ERR_MODEL_NOT_FOUND, ERR_MODEL_INVALID, ERR_WEIGHTS_INVALID, ERR_USAGE for an unknown device or one
 * without the precision, ERR_BACKEND_UNAVAILABLE or ERR_BACKEND_FAILED.
 */
export async function loadNetwork(modelDir: string, options: LoadNetworkOptions): Promise<LoadedNetwork> {
  const choices = await choicesFor(options);
  const { manifest, network } = await readModel(modelDir, options.size);
  const folded = foldNetwork(network);
  const started = await startFirst(choices, (choice) =>
    startBackend(choice, folded, { ...options, device: choice.device }),
  );
  return { manifest, ...started };
}

async function choicesFor({ device, precision }: LoadNetworkOptions): Promise<readonly BackendChoice[]> {
  const wanted = deviceForPrecision(device, precision);
  const choices = await chooseBackend(wanted);
  if (wanted === device) return choices;
  return choices.map((choice) => ({ ...choice, reason: `only ${wanted} computes in bfloat16` }));
}

function startBackend(
  { backend }: BackendChoice,
  network: Network,
  options: BackendOptions,
): Promise<Backend> {
  switch (backend) {
    case 'onnxruntime':
      return createOnnxruntimeBackend(emitOnnx(network), options);
    case 'tensorflow':
      return createTensorflowBackend(network, options);
    case 'tensorflow-eager':
      return createTensorflowEagerBackend(network, options);
    case 'tfjs':
      return createTfjsBackend(network, options);
  }
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
