import type { Network } from '../graph/fold-batch-norm.js';
import type { Backend, BackendOptions } from './backend.js';
import { cardPrecision } from './nvidia-precision.js';
import { loadTensorflow } from './tensorflow-load.js';
import { TfjsBackend } from './tfjs-backend.js';

/**
 * Loads a network into TensorFlow, operation by operation: slower than the one graph of the `tensorflow` backend, and
 * for use where that does not work.
 * @throws SightlineError ERR_BACKEND_UNAVAILABLE
 */
export async function createTensorflowEagerBackend(
  network: Network,
  options: BackendOptions,
): Promise<Backend> {
  const { tf, version, device } = await loadTensorflow(options);
  return new TfjsBackend(tf, network, {
    backend: 'tensorflow-eager',
    device,
    precision: device === 'gpu' ? cardPrecision() : 'float32',
    version,
  });
}
