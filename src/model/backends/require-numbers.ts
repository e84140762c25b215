import { SightlineError } from '../../errors.js';
import type { BackendInfo, HeadTensor } from './backend.js';

/**
 * Looks at the heads of a card's first run. With a library of the wrong version a runtime may start, run, and compute
 * nothing: then another device has to be taken. Infinities are let through: somebody else's model may mean them.
 * @throws SightlineError ERR_BACKEND_UNAVAILABLE if a value is NaN.
 */
export function requireNumbers(heads: readonly HeadTensor[], { backend, device }: BackendInfo): void {
  if (!heads.some(({ data }) => data.some(Number.isNaN))) return;
  throw new SightlineError(
    'ERR_BACKEND_UNAVAILABLE',
    `${backend} on "${device}" starts and computes no numbers (NaN): check the versions of its libraries, or use "cpu"`,
  );
}
