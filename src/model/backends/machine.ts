import type { DeviceState } from './device-state.js';
import { deviceStates, inspectOnnxruntime } from './onnxruntime-install.js';
import { tensorflowStates } from './tensorflow-install.js';
import { tfjsStates } from './tfjs-install.js';

/**
 * What runs networks. `tensorflow` runs a SavedModel as one graph, `tensorflow-eager` the same library operation by
 * operation, `tfjs` TensorFlow.js without native code.
 */
export const BACKENDS = ['onnxruntime', 'tensorflow', 'tensorflow-eager', 'tfjs'] as const;

/** Name of a backend. */
export type BackendName = (typeof BACKENDS)[number];

/** The devices of every backend on a machine. */
export type Machine = Readonly<Record<BackendName, readonly DeviceState[]>>;

/** Looks at this machine. Reads a few files, loads no native code. */
export async function inspectMachine(): Promise<Machine> {
  const [onnxruntime, tensorflow, tfjs] = await Promise.all([
    inspectOnnxruntime(),
    tensorflowStates(),
    tfjsStates(),
  ]);
  return {
    onnxruntime: deviceStates(onnxruntime),
    tensorflow,
    'tensorflow-eager': tensorflow,
    tfjs,
  };
}
