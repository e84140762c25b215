import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { chooseBackend, listBackends } from '../../../../src/model/backends/choose.js';
import type { Machine } from '../../../../src/model/backends/machine.js';
import {
  deviceStates,
  inspectOnnxruntime,
  type OnnxruntimeInstall,
} from '../../../../src/model/backends/onnxruntime-install.js';

const bare: OnnxruntimeInstall = {
  version: '1.30.0',
  ownCopy: true,
  platform: 'linux',
  arch: 'x64',
  binding: true,
  cudaLibrary: false,
  tensorrtLibrary: false,
  directx: false,
  nvidia: false,
  graphics: false,
};
const withCuda: OnnxruntimeInstall = { ...bare, nvidia: true, graphics: true, cudaLibrary: true };
const mac: OnnxruntimeInstall = { ...bare, platform: 'darwin', arch: 'arm64' };

const NOT_LINKED = 'tfjs-node is not linked';
const noTensorflow = ['gpu', 'cpu'].map((device) => ({ device, available: false, reason: NOT_LINKED }));
const wasm = [{ device: 'wasm', available: true, reason: 'tfjs 4.22.0' }];

function machineOf(install: OnnxruntimeInstall, other: Partial<Machine> = {}): Machine {
  return {
    onnxruntime: deviceStates(install),
    tensorflow: noTensorflow,
    'tensorflow-eager': noTensorflow,
    tfjs: wasm,
    ...other,
  };
}

function linked(...devices: string[]): Pick<Machine, 'tensorflow' | 'tensorflow-eager'> {
  const states = ['gpu', 'cpu'].map((device) => {
    const available = devices.includes(device);
    return { device, available, reason: available ? 'TensorFlow 2.15.1' : 'no graphics card' };
  });
  return { tensorflow: states, 'tensorflow-eager': states };
}

async function chosen(request: string, machine: Machine): Promise<string[]> {
  return (await chooseBackend(request, machine)).map(({ backend, device }) => `${backend}:${device}`);
}

describe('chooseBackend', () => {
  it.each<[string, Machine, string[]]>([
    ['auto', machineOf(bare), ['onnxruntime:cpu', 'tfjs:wasm']],
    // The CPU stands behind CUDA: whether the driver works is known when it has started.
    ['auto', machineOf(withCuda), ['onnxruntime:cuda', 'onnxruntime:cpu', 'tfjs:wasm']],
    [
      'auto',
      machineOf(withCuda, linked('gpu', 'cpu')),
      ['onnxruntime:cuda', 'tensorflow:gpu', 'onnxruntime:cpu', 'tensorflow:cpu', 'tfjs:wasm'],
    ],
    ['auto', machineOf({ ...bare, binding: false }), ['tfjs:wasm']],
    ['onnxruntime', machineOf(withCuda), ['onnxruntime:cuda', 'onnxruntime:cpu']],
    ['onnxruntime:auto', machineOf(withCuda), ['onnxruntime:cuda', 'onnxruntime:cpu']],
    // A demanded device stands alone: no silent fallback.
    ['cpu', machineOf(withCuda), ['onnxruntime:cpu']],
    ['onnxruntime:cpu', machineOf(bare), ['onnxruntime:cpu']],
    ['cuda', machineOf(withCuda), ['onnxruntime:cuda']],
    ['tensorrt', machineOf({ ...withCuda, tensorrtLibrary: true }), ['onnxruntime:tensorrt']],
    ['webgpu', machineOf(mac), ['onnxruntime:webgpu']],
    ['coreml', machineOf(mac), ['onnxruntime:coreml']],
    ['dml', machineOf({ ...bare, platform: 'win32', directx: true }), ['onnxruntime:dml']],
    ['tensorflow', machineOf(bare, linked('gpu', 'cpu')), ['tensorflow:gpu', 'tensorflow:cpu']],
    ['tensorflow', machineOf(bare, linked('cpu')), ['tensorflow:cpu']],
    ['tensorflow:cpu', machineOf(bare, linked('gpu', 'cpu')), ['tensorflow:cpu']],
    ['tensorflow-eager', machineOf(bare, linked('cpu')), ['tensorflow-eager:cpu']],
    ['wasm', machineOf(bare), ['tfjs:wasm']],
    ['tfjs', machineOf(bare), ['tfjs:wasm']],
    // Whether a module of the user's registers it is known when that has been imported.
    ['tfjs:my-own', machineOf(bare), ['tfjs:my-own']],
  ])('takes for %s', async (request, machine, expected) => {
    expect(await chosen(request, machine)).toEqual(expected);
  });

  it('says why auto took what it took', async () => {
    expect((await chooseBackend('auto', machineOf(bare)))[0]?.reason).toBe(
      `fastest available; onnxruntime:cuda: no NVIDIA driver (no /dev/nvidiactl); tensorflow:gpu: ${NOT_LINKED}`,
    );
    expect((await chooseBackend('auto', machineOf(withCuda)))[0]?.reason).toBe('fastest available');
    expect((await chooseBackend('cuda', machineOf(withCuda)))[0]?.reason).toBe('cuda was asked for');
  });

  it.each<[string, OnnxruntimeInstall, RegExp]>([
    ['cuda', bare, /"cuda" is not available: no NVIDIA driver .*; or use "cpu"$/],
    [
      'onnxruntime:cuda',
      { ...withCuda, cudaLibrary: false },
      /provider library is not installed: run `ONNXRUNTIME_NODE_INSTALL=cuda12 npm install onnxruntime-node@1\.30\.0`/,
    ],
    [
      'cuda',
      { ...withCuda, cudaLibrary: false, ownCopy: false },
      /`ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild --ignore-scripts=false onnxruntime-node`/,
    ],
    ['cuda', { ...withCuda, arch: 'arm64' }, /on linux x64 only, this is linux arm64/],
    ['tensorrt', withCuda, /the TensorRT provider library is not installed/],
    ['webgpu', bare, /no graphics device/],
    ['webgpu', { ...withCuda, arch: 'arm64' }, /no WebGPU on linux arm64/],
    ['coreml', bare, /macOS only/],
    ['dml', bare, /Windows only/],
    ...(['dml', 'webgpu'] as const).map((device): [string, OnnxruntimeInstall, RegExp] => [
      device,
      { ...bare, platform: 'win32' },
      /DirectX libraries are not in this package: run `npm install --ignore-scripts onnxruntime-node@1\.30\.0`/,
    ]),
    ['cpu', { ...bare, binding: false, arch: 'riscv64' }, /has no build for linux riscv64$/],
    [
      'cpu',
      { ...bare, version: undefined },
      /onnxruntime-node is not installed: run `npm install --ignore-scripts onnxruntime-node@1\.30\.0`$/,
    ],
    [
      'tensorflow',
      bare,
      /"tensorflow" is not available: tensorflow:gpu: .*not linked; tensorflow:cpu: .*not linked$/,
    ],
    ['tensorflow:gpu', bare, /"tensorflow:gpu" is not available: tfjs-node is not linked; or use "cpu"$/],
  ])('refuses %s where it is not', async (request, install, message) => {
    await expect(chooseBackend(request, machineOf(install))).rejects.toMatchObject({
      code: 'ERR_BACKEND_UNAVAILABLE',
      message: expect.stringMatching(message) as string,
    });
  });

  it('says what is missing if there is nothing at all', async () => {
    const tfjs = [{ device: 'wasm', available: false, reason: 'not installed' }];
    await expect(
      chooseBackend('auto', machineOf({ ...bare, version: undefined }, { tfjs })),
    ).rejects.toMatchObject({
      code: 'ERR_BACKEND_UNAVAILABLE',
      message: expect.stringMatching(
        /^nothing to run the network on: onnxruntime:cuda: .*; onnxruntime:cpu: .*not installed.*; tfjs:wasm: not installed$/,
      ) as string,
    });
  });

  it.each([
    'gpu',
    '',
    ':',
    ':cpu',
    'cpu:',
    'onnxruntime:',
    'tensorflow:cuda',
    'tfjs:',
    'tfjs:../x',
    'auto:cpu',
    'onnxruntime:cpu:0',
    'torch:cpu',
    'CPU',
  ])('does not know "%s"', async (request) => {
    await expect(chooseBackend(request, machineOf(bare))).rejects.toMatchObject({
      code: 'ERR_USAGE',
      message: expect.stringMatching(/^there is no device ".*"; known are auto, cuda, cpu, /) as string,
    });
  });
});

describe('listBackends', () => {
  it('tells the truth about this machine without loading onnxruntime', async () => {
    const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as {
      version: string;
    };
    const install = await inspectOnnxruntime();
    expect(install).toMatchObject({ version, binding: true, platform: process.platform, arch: process.arch });
    const listings = await listBackends();
    expect(listings).toContainEqual({
      backend: 'onnxruntime',
      device: 'cpu',
      available: true,
      reason: `onnxruntime ${version}`,
    });
    expect(new Set(listings.map(({ backend }) => backend))).toEqual(
      new Set(['onnxruntime', 'tensorflow', 'tensorflow-eager', 'tfjs']),
    );
    const report = process.report.getReport() as { sharedObjects: string[] };
    expect(report.sharedObjects.filter((path) => /onnxruntime|tensorflow/.test(path))).toEqual([]);
  });

  it('gives one line for every device', () => {
    for (const install of [bare, withCuda, { ...withCuda, cudaLibrary: false, ownCopy: false }, mac]) {
      for (const { reason } of deviceStates(install)) expect(reason).toMatch(/^[^\n]{3,150}$/);
    }
  });
});
