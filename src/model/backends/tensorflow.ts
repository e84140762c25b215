import { SightlineError } from '../../errors.js';
import type { Network } from '../network/fold-batch-norm.js';
import type { Backend, BackendOptions } from './backend.js';

/**
 * Loads a network into tensorflow.
 * @throws SightlineError ERR_BACKEND_UNAVAILABLE
 */
export function createTensorflowBackend(_network: Network, { device }: BackendOptions): Promise<Backend> {
  return Promise.reject(
    new SightlineError('ERR_BACKEND_UNAVAILABLE', `tensorflow:${device} is not there yet`),
  );
}
