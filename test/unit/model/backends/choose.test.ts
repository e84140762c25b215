import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { chooseBackend, listBackends } from '../../../../src/model/backends/choose.js';
import {
  deviceStates,
  inspectOnnxruntime,
  type OnnxruntimeInstall,
} from '../../../../src/model/backends/onnxruntime-install.js';

const bare: OnnxruntimeInstall = {
  version: '1.30.0',
  platform: 'linux',
  arch: 'x64',
  binding: true,
  cudaLibrary: false,
  tensorrtLibrary: false,
  nvidia: false,
  graphics: false,
};
const withCuda: OnnxruntimeInstall = { ...bare, nvidia: true, graphics: true, cudaLibrary: true };
const mac: OnnxruntimeInstall = { ...bare, platform: 'darwin', arch: 'arm64' };

async function devicesFor(request: string, install: OnnxruntimeInstall): Promise<string[]> {
  return (await chooseBackend(request, install)).map(({ device }) => device);
}

describe('chooseBackend', () => {
  it.each<[string, OnnxruntimeInstall, string[]]>([
    ['auto', bare, ['cpu']],
    // The CPU stands behind CUDA: whether the driver works is known when it has started.
    ['auto', withCuda, ['cuda', 'cpu']],
    ['onnxruntime:auto', withCuda, ['cuda', 'cpu']],
    ['auto', mac, ['cpu']],
    ['cpu', withCuda, ['cpu']],
    ['onnxruntime:cpu', bare, ['cpu']],
    // A demanded device stands alone: no silent fallback.
    ['cuda', withCuda, ['cuda']],
    ['onnxruntime:cuda', withCuda, ['cuda']],
    ['tensorrt', { ...withCuda, tensorrtLibrary: true }, ['tensorrt']],
    ['webgpu', withCuda, ['webgpu']],
    ['webgpu', mac, ['webgpu']],
    ['coreml', mac, ['coreml']],
    ['dml', { ...bare, platform: 'win32' }, ['dml']],
  ])('takes for %s', async (request, install, devices) => {
    expect(await devicesFor(request, install)).toEqual(devices);
  });

  it('says why auto took what it took', async () => {
    expect((await chooseBackend('auto', bare))[0]?.reason).toBe(
      'fastest available; cuda: no NVIDIA driver (no /dev/nvidiactl)',
    );
    expect((await chooseBackend('auto', withCuda))[0]?.reason).toBe('fastest available');
    expect((await chooseBackend('cuda', withCuda))[0]?.reason).toBe('cuda was asked for');
  });

  it.each<[string, OnnxruntimeInstall, RegExp]>([
    ['cuda', bare, /"cuda" is not available: no NVIDIA driver .*; or use "cpu"$/],
    [
      'onnxruntime:cuda',
      { ...withCuda, cudaLibrary: false },
      /provider library is not installed: run `ONNXRUNTIME_NODE_INSTALL=true npm rebuild onnxruntime-node`/,
    ],
    ['cuda', { ...withCuda, arch: 'arm64' }, /on linux x64 only, this is linux arm64/],
    ['tensorrt', withCuda, /the TensorRT provider library is not installed/],
    ['webgpu', bare, /no graphics device/],
    ['webgpu', { ...withCuda, arch: 'arm64' }, /no WebGPU on linux arm64/],
    ['coreml', bare, /macOS only/],
    ['dml', bare, /Windows only/],
    ['cpu', { ...bare, binding: false, arch: 'riscv64' }, /has no build for linux riscv64$/],
    [
      'cpu',
      { ...bare, version: undefined },
      /onnxruntime-node is not installed: run `npm install onnxruntime-node`$/,
    ],
    [
      'auto',
      { ...bare, version: undefined },
      /nothing to run the network on: cuda: .*; cpu: .*not installed/,
    ],
    ['tensorflow', bare, /"tensorflow": the tensorflow backend is not part of this version/],
    ['tfjs:wasm', bare, /"tfjs:wasm": the tfjs backend is not part of this version/],
  ])('refuses %s where it is not', async (request, install, message) => {
    await expect(chooseBackend(request, install)).rejects.toMatchObject({
      code: 'ERR_BACKEND_UNAVAILABLE',
      message: expect.stringMatching(message) as string,
    });
  });

  it.each([
    'gpu',
    '',
    ':',
    ':cpu',
    'cpu:',
    'onnxruntime',
    'onnxruntime:',
    'onnxruntime:cpu:0',
    'torch:cpu',
    'CPU',
  ])('does not know "%s"', async (request) => {
    await expect(chooseBackend(request, bare)).rejects.toMatchObject({
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
    expect(
      listings.filter(({ backend }) => backend !== 'onnxruntime').map(({ available }) => available),
    ).toEqual([false, false]);
    const report = process.report.getReport() as { sharedObjects: string[] };
    expect(report.sharedObjects.filter((path) => path.includes('onnxruntime'))).toEqual([]);
  });

  it('gives one line for every device', () => {
    for (const install of [bare, withCuda, mac]) {
      for (const { reason } of deviceStates(install)) expect(reason).toMatch(/^[^\n]{3,120}$/);
    }
  });
});
