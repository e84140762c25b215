import { isSightlineError, SightlineError } from '../errors.js';
import type { InputSize } from '../geometry/input-size.js';
import type { Backend, BackendOptions } from './backends/backend.js';
import { type BackendChoice, chooseBackend } from './backends/choose.js';
import { createOnnxFileBackend, createOnnxruntimeBackend } from './backends/onnxruntime.js';
import { createTensorflowEagerBackend } from './backends/tensorflow-eager.js';
import { createTensorflowBackend } from './backends/tensorflow.js';
import { createTfjsBackend } from './backends/tfjs.js';
import { emitOnnx } from './export/onnx.js';
import { deviceForPrecision } from './compute-precision.js';
import type { Program } from './architectures/architecture.js';
import type { ModelManifest } from './architectures/base-manifest.js';
import type { OutputDecoder } from './decode/candidates.js';
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
  /** Most pictures of one call that are run together. */
  readonly maxBatch: number;
  /** @param thresholds least score of each class id; Infinity leaves a class out. */
  readonly createDecoder: (thresholds: Float64Array) => OutputDecoder;
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
  const { manifest, architecture, program } = await readModel(modelDir, options.size);
  const start = starterOf(program);
  const able = architecture.onnxOnly ? onnxruntimeOf(choices, options.device, manifest) : choices;
  const started = await startFirst(able, (choice) => start(choice, { ...options, device: choice.device }));
  return {
    manifest,
    ...started,
    maxBatch: program.kind === 'onnx' ? program.onnx.maxBatch : Infinity,
    createDecoder: (thresholds) => architecture.createDecoder(manifest, thresholds),
  };
}

function onnxruntimeOf(
  choices: readonly BackendChoice[],
  device: string,
  { name }: ModelManifest,
): readonly BackendChoice[] {
  const able = choices.filter(({ backend }) => backend === 'onnxruntime');
  if (able.length > 0) return able;
  throw new SightlineError(
    'ERR_BACKEND_UNAVAILABLE',
    `model "${name}" is an ONNX file, which only onnxruntime runs, not "${device}"; use auto, cpu or cuda`,
  );
}

async function choicesFor({ device, precision }: LoadNetworkOptions): Promise<readonly BackendChoice[]> {
  const wanted = deviceForPrecision(device, precision);
  const choices = await chooseBackend(wanted);
  if (wanted === device) return choices;
  return choices.map((choice) => ({ ...choice, reason: `only ${wanted} computes in bfloat16` }));
}

type Starter = (choice: BackendChoice, options: BackendOptions) => Promise<Backend>;

function starterOf(program: Program): Starter {
  if (program.kind === 'onnx') return (_, options) => createOnnxFileBackend(program.onnx, options);
  const network = foldNetwork(program.network);
  return ({ backend }, options) => {
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
  };
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
