import { SightlineError } from '../../errors.js';
import type { Network } from '../network/fold-batch-norm.js';
import type { Backend, BackendOptions } from './backend.js';

/**
 * Loads a network into tfjs.
 * @throws SightlineError ERR_BACKEND_UNAVAILABLE
 */
export function createTfjsBackend(_network: Network, { device }: BackendOptions): Promise<Backend> {
  return Promise.reject(new SightlineError('ERR_BACKEND_UNAVAILABLE', `tfjs:${device} is not there yet`));
}
