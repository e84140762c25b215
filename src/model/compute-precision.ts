import { SightlineError } from '../errors.js';

/**
 * What a network computes in. `bfloat16` is a mixture: the layers that bear it, in bfloat16 with sums in float32; the others
 * in float32.
 */
export type ComputePrecision = 'float32' | 'bfloat16';

/** The only backend and device that compute in bfloat16. */
export const BFLOAT16_DEVICE = 'tensorflow:cpu';

const OPEN_REQUESTS: ReadonlySet<string> = new Set([
  'auto',
  'tensorflow',
  'tensorflow:auto',
  BFLOAT16_DEVICE,
]);

/**
 * The device that a request comes to with a precision: for bfloat16 the one that has it, where the request leaves it open.
 * @throws SightlineError ERR_USAGE if another device was asked for.
 */
export function deviceForPrecision(device: string, precision: ComputePrecision | undefined): string {
  if (precision !== 'bfloat16') return device;
  if (OPEN_REQUESTS.has(device)) return BFLOAT16_DEVICE;
  throw new SightlineError(
    'ERR_USAGE',
    `device "${device}" does not compute in bfloat16, only ${BFLOAT16_DEVICE} does: ask for that device, or for float32`,
  );
}
