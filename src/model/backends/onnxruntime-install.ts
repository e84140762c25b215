/**
 * What the installed onnxruntime-node can do, found by looking at its files: the native library is loaded nowhere but in
 * the inference process.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exists } from '../../files/exists.js';
import * as z from 'zod';
import type { DeviceState } from './device-state.js';

/** Where the packed Sightline has its copy: scripts/package.mjs. */
const OWN_COPY = fileURLToPath(new URL('../../../vendor/onnxruntime-node', import.meta.url));
/** What Sightline is tested with; an installed package of another minor version is passed over. */
const TESTED = '1.30.0';
const SAME_MINOR = /^1\.30\./;

/** Devices by the names of onnxruntime's execution providers, the ones that `auto` tries first in front. */
export const ONNXRUNTIME_DEVICES = ['cuda', 'cpu', 'tensorrt', 'webgpu', 'coreml', 'dml'] as const;

/** A device of onnxruntime. */
export type OnnxruntimeDevice = (typeof ONNXRUNTIME_DEVICES)[number];

/** The facts that decide what can be used. */
export interface OnnxruntimeInstall {
  /** Version of the package; undefined if it is not installed. */
  readonly version: string | undefined;
  /** Whether it is the copy inside Sightline's package, which has the libraries for the processor only. */
  readonly ownCopy: boolean;
  readonly platform: NodeJS.Platform;
  readonly arch: string;
  /** Whether there is a native binding for this platform. */
  readonly binding: boolean;
  readonly cudaLibrary: boolean;
  readonly tensorrtLibrary: boolean;
  /** Whether the libraries that DirectML and WebGPU want on Windows lie beside it. */
  readonly directx: boolean;
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
  const [version, binding, cudaLibrary, tensorrtLibrary, directx, nvidia, graphics] = await Promise.all([
    folder === undefined ? undefined : versionOf(folder),
    exists(join(native, 'onnxruntime_binding.node')),
    exists(join(native, 'libonnxruntime_providers_cuda.so')),
    exists(join(native, 'libonnxruntime_providers_tensorrt.so')),
    exists(join(native, 'DirectML.dll')),
    anyExists(['/dev/nvidiactl', '/dev/dxg']),
    anyExists(['/dev/dri', '/dev/nvidiactl', '/dev/dxg']),
  ]);
  const ownCopy = folder === OWN_COPY;
  const libraries = { binding, cudaLibrary, tensorrtLibrary, directx };
  return { version, ownCopy, platform, arch, ...libraries, nvidia, graphics };
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

/** Gets the package without what its install script downloads; it is taken before the copy. */
export const INSTALL_ONNXRUNTIME = `run \`npm install --ignore-scripts onnxruntime-node@${TESTED}\``;
const REBUILD = 'npm rebuild --ignore-scripts=false onnxruntime-node';
const installCuda = (ownCopy: boolean): string =>
  `run \`ONNXRUNTIME_NODE_INSTALL=cuda12 ${ownCopy ? `npm install onnxruntime-node@${TESTED}` : REBUILD}\``;

const NO_DIRECTX = `its DirectX libraries are not in this package: ${INSTALL_ONNXRUNTIME}`;

function packageProblem({ version, binding, platform, arch }: OnnxruntimeInstall): string | undefined {
  if (version === undefined) return `onnxruntime-node is not installed: ${INSTALL_ONNXRUNTIME}`;
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
      return library
        ? undefined
        : `the ${name} provider library is not installed: ${installCuda(install.ownCopy)}`;
    }
    case 'webgpu':
      if (here === 'linux arm64') return 'onnxruntime-node has no WebGPU on linux arm64';
      if (install.platform === 'win32' && !install.directx) return NO_DIRECTX;
      return install.platform !== 'linux' || install.graphics
        ? undefined
        : 'no graphics device (no /dev/dri)';
    case 'coreml':
      return install.platform === 'darwin' ? undefined : 'macOS only';
    case 'dml':
      if (install.platform !== 'win32') return 'Windows only';
      return install.directx ? undefined : NO_DIRECTX;
  }
}

/**
 * The folder of onnxruntime-node: an installed one of the version that Sightline is tested with, which may have CUDA, or
 * else the copy inside the package; undefined if there is neither.
 */
export function locatePackage(): string | undefined {
  const require = createRequire(import.meta.url);
  for (const candidate of ['onnxruntime-node', OWN_COPY]) {
    try {
      const manifest = require.resolve(`${candidate}/package.json`);
      const { version } = require(manifest) as { version: string };
      if (SAME_MINOR.test(version)) return dirname(manifest);
    } catch {
      // Not there, or half there.
    }
  }
  return undefined;
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
