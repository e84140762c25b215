import type { GpuOptions } from './backend.js';

/** Tells CUDA which cards to use; has an effect only before a runtime has first looked at them. */
export function setVisibleDevices(gpu: GpuOptions | undefined): void {
  if (gpu?.visibleDevices === undefined) return;
  // -1 is CUDA's way to say none: an empty value would mean the same, but not to every runtime.
  process.env['CUDA_VISIBLE_DEVICES'] = gpu.visibleDevices.length > 0 ? gpu.visibleDevices.join(',') : '-1';
}
