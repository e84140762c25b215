import type { DeviceState } from './device-state.js';

/** The state of TensorFlow's devices, found by looking at files. */
export function tensorflowStates(): Promise<readonly DeviceState[]> {
  const reason = 'tfjs-node is not linked to a TensorFlow: run `sightline link-tensorflow`';
  return Promise.resolve(['gpu', 'cpu'].map((device) => ({ device, available: false, reason })));
}
