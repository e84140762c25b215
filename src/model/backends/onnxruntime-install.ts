/**
 * What the installed onnxruntime-node can do, found by looking at its files: the native library is loaded nowhere but in
 * the inference process.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { exists } from '../../files/exists.js';
import * as z from 'zod';
import type { DeviceState } from './device-state.js';

/** Devices by the names of onnxruntime's execution providers, the ones that `auto` tries first in front. */
export const ONNXRUNTIME_DEVICES = ['cuda', 'cpu', 'tensorrt', 'webgpu', 'coreml', 'dml'] as const;

/** A device of onnxruntime. */
export type OnnxruntimeDevice = (typeof ONNXRUNTIME_DEVICES)[number];

/** The facts that decide what can be used. */
export interface OnnxruntimeInstall {
  /** Version of the package; undefined if it is not installed. */
  readonly version: string | undefined;
  readonly platform: NodeJS.Platform;
  readonly arch: string;
  /** Whether there is a native binding for this platform. */
  readonly binding: boolean;
  readonly cudaLibrary: boolean;
  readonly tensorrtLibrary: boolean;
  /** Whether the NVIDIA driver shows itself. */
  readonly nvidia: boolean;
  /** Whether any graphics device shows itself. */
  readonly graphics: boolean;
}

/** Looks at this machine. Reads a few files, loads nothing. */
export async function inspectOnnxruntime(): Promise<OnnxruntimeInstall> {
  const { platform, arch } = process;
  const folder = locatePackage();
  const native = nativeFolder(folder ?? '');
  const [version, binding, cudaLibrary, tensorrtLibrary, nvidia, graphics] = await Promise.all([
    folder === undefined ? undefined : versionOf(folder),
    exists(join(native, 'onnxruntime_binding.node')),
    exists(join(native, 'libonnxruntime_providers_cuda.so')),
    exists(join(native, 'libonnxruntime_providers_tensorrt.so')),
    anyExists(['/dev/nvidiactl', '/dev/dxg']),
    anyExists(['/dev/dri', '/dev/nvidiactl', '/dev/dxg']),
  ]);
  return { version, platform, arch, binding, cudaLibrary, tensorrtLibrary, nvidia, graphics };
}

/** Where the provider library of a device is, or would be; undefined if onnxruntime-node is not installed. */
export function providerLibrary(device: 'cuda' | 'tensorrt'): string | undefined {
  const folder = locatePackage();
  return folder && join(nativeFolder(folder), `libonnxruntime_providers_${device}.so`);
}

/** The state of every device for an installation. The table of platforms is that of onnxruntime-node 1.30's README. */
export function deviceStates(install: OnnxruntimeInstall): readonly DeviceState[] {
  return ONNXRUNTIME_DEVICES.map((device) => {
    const problem = packageProblem(install) ?? deviceProblem(device, install);
    const reason = problem ?? `onnxruntime ${install.version ?? ''}${NOTES[device]}`;
    return { device, available: problem === undefined, reason };
  });
}

// What can only be known by starting it: drivers and the libraries that a provider library wants in turn.
const NOTES: Readonly<Record<OnnxruntimeDevice, string>> = {
  cpu: '',
  cuda: ', needs cuDNN 9 and the CUDA that its provider library was built for',
  tensorrt: ', needs TensorRT 10 and the same CUDA; the first start takes minutes',
  webgpu: ', experimental',
  coreml: ', not tested by us',
  dml: ', not tested by us',
};

const INSTALL_CUDA = 'run `ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild onnxruntime-node`';

function packageProblem({ version, binding, platform, arch }: OnnxruntimeInstall): string | undefined {
  if (version === undefined) return 'onnxruntime-node is not installed: run `npm install onnxruntime-node`';
  return binding ? undefined : `onnxruntime-node ${version} has no build for ${platform} ${arch}`;
}

function deviceProblem(device: OnnxruntimeDevice, install: OnnxruntimeInstall): string | undefined {
  const here = `${install.platform} ${install.arch}`;
  switch (device) {
    case 'cpu':
      return undefined;
    case 'cuda':
    case 'tensorrt': {
      const [name, library] =
        device === 'cuda' ? ['CUDA', install.cudaLibrary] : ['TensorRT', install.tensorrtLibrary];
      if (here !== 'linux x64') return `onnxruntime-node has ${name} on linux x64 only, this is ${here}`;
      if (!install.nvidia) return 'no NVIDIA driver (no /dev/nvidiactl)';
      return library ? undefined : `the ${name} provider library is not installed: ${INSTALL_CUDA}`;
    }
    case 'webgpu':
      if (here === 'linux arm64') return 'onnxruntime-node has no WebGPU on linux arm64';
      return install.platform !== 'linux' || install.graphics
        ? undefined
        : 'no graphics device (no /dev/dri)';
    case 'coreml':
      return install.platform === 'darwin' ? undefined : 'macOS only';
    case 'dml':
      return install.platform === 'win32' ? undefined : 'Windows only';
  }
}

function locatePackage(): string | undefined {
  try {
    return dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
  } catch {
    return undefined;
  }
}

function nativeFolder(folder: string): string {
  return join(folder, 'bin', 'napi-v6', process.platform, process.arch);
}

async function versionOf(folder: string): Promise<string> {
  const text = await readFile(join(folder, 'package.json'), 'utf8');
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}

async function anyExists(paths: readonly string[]): Promise<boolean> {
  return (await Promise.all(paths.map(exists))).includes(true);
}
