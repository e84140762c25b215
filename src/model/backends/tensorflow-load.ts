/** Starts TensorFlow in this process. It can be started once, and only what is set before that has an effect. */
import { createRequire } from 'node:module';
import type * as tfjsNode from '@tensorflow/tfjs-node-gpu';
import { messageOf, SightlineError } from '../../errors.js';
import { restoreUtil } from '../../tensorflow-link/restore-util.js';
import type { BackendOptions } from './backend.js';
import { keepFloat32 } from './nvidia-precision.js';
import { inspectTfjsNode, tensorflowDeviceStates } from './tensorflow-install.js';
import { setVisibleDevices } from './visible-devices.js';

/** tfjs-node-gpu, or tfjs-node, which has the same interface. */
export type TfjsNode = typeof tfjsNode;

/** A running TensorFlow. */
export interface LoadedTensorflow {
  readonly tf: TfjsNode;
  /** Version of the native library, such as `2.21.0`. */
  readonly version: string;
  /** What operations run on: `gpu` only if TensorFlow really took a card. */
  readonly device: 'cpu' | 'gpu';
}

/** What the backend object of tfjs-node has beyond its public type. */
interface NativeBackend {
  readonly isUsingGpuDevice: boolean;
  readonly binding: { readonly TF_Version: string };
}

/**
 * Loads TensorFlow and makes it the backend of TensorFlow.js.
 * @param options `device` `cpu` hides graphics cards; `threads` bounds those of one operation.
 * @throws SightlineError ERR_BACKEND_UNAVAILABLE if it is not linked, does not load, or has no card when `gpu` was demanded.
 */
export async function loadTensorflow(options: BackendOptions): Promise<LoadedTensorflow> {
  const { device } = options;
  const install = await inspectTfjsNode();
  const state = tensorflowDeviceStates(install).find((known) => known.device === device);
  if (install.tfjsNode === undefined || state?.available !== true) {
    throw unavailable(
      `TensorFlow on "${device}" is not available: ${state?.reason ?? 'there is no such device'}`,
    );
  }
  setEnvironment(options);
  restoreUtil();
  let tf: TfjsNode;
  try {
    // Not `import`: which of the two is known only now, and both are CommonJS.
    tf = createRequire(import.meta.url)(install.tfjsNode.folder) as TfjsNode;
    await tf.ready();
  } catch (cause) {
    const why = messageOf(cause).replace(/\s+/g, ' ').slice(0, 300);
    throw unavailable(
      `${install.tfjsNode.name} does not load: ${why}; run \`sightline link-tensorflow\``,
      cause,
    );
  }
  const backend = tf.backend() as unknown as NativeBackend;
  const used = backend.isUsingGpuDevice ? 'gpu' : 'cpu';
  if (device === 'gpu' && used !== 'gpu') {
    throw unavailable(
      'TensorFlow found no graphics card that it can use (TF_CPP_MIN_LOG_LEVEL=0 in the environment shows why; docs/gpu.md ' +
        'says what it needs); or use "tensorflow:cpu"',
    );
  }
  return { tf, version: backend.binding.TF_Version, device: used };
}

function setEnvironment({ device, threads, gpu }: BackendOptions): void {
  const { env } = process;
  // Errors are thrown as well. Newer versions still print two lines while the library is being loaded ("oneDNN custom
  // operations are on"): no setting reaches those, but for one that would turn oneDNN off.
  env['TF_CPP_MIN_LOG_LEVEL'] ??= '3';
  if (device === 'gpu') keepFloat32();
  setVisibleDevices(device === 'cpu' ? { visibleDevices: [] } : gpu);
  env['TF_FORCE_GPU_ALLOW_GROWTH'] = String(gpu?.memoryGrowth ?? true);
  if (threads !== undefined) env['TF_NUM_INTRAOP_THREADS'] = String(threads);
}

function unavailable(message: string, cause?: unknown): SightlineError {
  return new SightlineError('ERR_BACKEND_UNAVAILABLE', message, { cause });
}
