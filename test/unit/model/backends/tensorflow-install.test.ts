import { describe, expect, it } from 'vitest';
import {
  tensorflowDeviceStates,
  type TensorflowInstall,
} from '../../../../src/model/backends/tensorflow-install.js';

const LINKED: TensorflowInstall = {
  tfjsNode: {
    name: '@tensorflow/tfjs-node-gpu',
    version: '4.22.0',
    folder: '/p',
    binding: '/p/b.node',
    napiVersion: 8,
  },
  source: 'linked',
  record: {
    tensorflow: {
      version: '2.21.0',
      folder: '/tf',
      library: '/tf/lib',
      stamp: { size: 1, mtimeMs: 1 },
      cuda: true,
    },
    binding: { size: 1, mtimeMs: 1 },
    package: '4.22.0',
    nodeAbi: '115',
  },
  stale: undefined,
  nvidia: true,
};
const CPU_BUILD = { ...LINKED.record!, tensorflow: { ...LINKED.record!.tensorflow, cuda: false } };
const STOCK: Partial<TensorflowInstall> = { source: 'stock', record: undefined };

describe('tensorflowDeviceStates', () => {
  it.each<[string, Partial<TensorflowInstall>, boolean, boolean, RegExp]>([
    ['linked with CUDA and a card', {}, true, true, /TensorFlow 2\.21\.0/],
    ['linked with CUDA, no card', { nvidia: false }, false, true, /no NVIDIA driver/],
    ['linked without CUDA', { record: CPU_BUILD }, false, true, /without CUDA/],
    ['as its installer left it', STOCK, true, true, /CUDA 11/],
    [
      'tfjs-node as its installer left it',
      { ...STOCK, tfjsNode: { ...LINKED.tfjsNode!, name: '@tensorflow/tfjs-node' } },
      false,
      true,
      /without CUDA/,
    ],
    ['not linked', { source: 'none', record: undefined }, false, false, /link-tensorflow/],
    ['linked to what is gone', { stale: 'TensorFlow 2.21.0 in /tf is gone' }, false, false, /is gone: run/],
    [
      'not installed',
      { tfjsNode: undefined, source: 'none', record: undefined },
      false,
      false,
      /npm install/,
    ],
  ])('%s', (_name, change, gpu, cpu, gpuReason) => {
    const [gpuState, cpuState] = tensorflowDeviceStates({ ...LINKED, ...change });
    expect(gpuState).toMatchObject({ device: 'gpu', available: gpu });
    expect(cpuState).toMatchObject({ device: 'cpu', available: cpu });
    expect(gpuState?.reason).toMatch(gpuReason);
  });
});
