/** What the installed tfjs-node can do, found by looking at its files: native code is loaded in the inference process only. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { exists } from '../../files/exists.js';
import { type LinkRecord, readLinkRecord, staleness } from '../../tensorflow-link/link-record.js';
import { findTfjsNodePackages, type TfjsNodePackage } from '../../tensorflow-link/tfjs-node-package.js';
import type { DeviceState } from './device-state.js';

/** The facts that decide what can be used. */
export interface TensorflowInstall {
  /** The package that would be loaded; undefined if none is installed. */
  readonly tfjsNode: TfjsNodePackage | undefined;
  /** Where its TensorFlow comes from: our link, the package's own installer, or nowhere. */
  readonly source: 'linked' | 'stock' | 'none';
  readonly record: LinkRecord | undefined;
  /** Why what was linked cannot be loaded any more. */
  readonly stale: string | undefined;
  /** Whether the NVIDIA driver shows itself. */
  readonly nvidia: boolean;
}

const LINK = 'run `sightline link-tensorflow`';

/** The state of TensorFlow's devices on this machine. Reads a few files. */
export async function tensorflowStates(): Promise<readonly DeviceState[]> {
  return tensorflowDeviceStates(await inspectTfjsNode());
}

/** Looks at this machine; of several packages, at the first that has a TensorFlow. */
export async function inspectTfjsNode(): Promise<TensorflowInstall> {
  const [packages, nvidiactl, dxg] = await Promise.all([
    findTfjsNodePackages(),
    exists('/dev/nvidiactl'),
    exists('/dev/dxg'),
  ]);
  const nvidia = nvidiactl || dxg;
  const installs = await Promise.all(packages.map((tfjsNode) => inspectPackage(tfjsNode, nvidia)));
  return (
    installs.find(({ source, stale }) => source !== 'none' && stale === undefined) ??
    installs[0] ?? { tfjsNode: undefined, source: 'none', record: undefined, stale: undefined, nvidia }
  );
}

async function inspectPackage(tfjsNode: TfjsNodePackage, nvidia: boolean): Promise<TensorflowInstall> {
  const record = await readLinkRecord(tfjsNode);
  const stale = record === undefined ? undefined : await staleness(record, tfjsNode);
  return { tfjsNode, source: await sourceOf(tfjsNode, record), record, stale, nvidia };
}

async function sourceOf(
  tfjsNode: TfjsNodePackage,
  record: LinkRecord | undefined,
): Promise<TensorflowInstall['source']> {
  if (!(await exists(tfjsNode.binding))) return 'none';
  if (record !== undefined) return 'linked';
  // The package's own installer puts the library there.
  const names = await readdir(join(tfjsNode.folder, 'deps', 'lib')).catch(() => []);
  return names.some((name) => /tensorflow/.test(name)) ? 'stock' : 'none';
}

/** The state of both devices for an installation. */
export function tensorflowDeviceStates(install: TensorflowInstall): readonly DeviceState[] {
  const problem = packageProblem(install);
  const gpuMiss = problem ?? gpuProblem(install);
  const { tfjsNode, record } = install;
  const through = `${tfjsNode?.name.replace('@tensorflow/', '') ?? ''} ${tfjsNode?.version ?? ''}`;
  const what =
    record === undefined
      ? `${through} as its installer left it`
      : `TensorFlow ${record.tensorflow.version}, ${through}`;
  const needs = record === undefined ? 'CUDA 11 and cuDNN 8' : 'the CUDA libraries of its wheel';
  return [
    { device: 'gpu', available: gpuMiss === undefined, reason: gpuMiss ?? `${what}, needs ${needs}` },
    { device: 'cpu', available: problem === undefined, reason: problem ?? what },
  ];
}

function packageProblem({ tfjsNode, source, stale }: TensorflowInstall): string | undefined {
  if (tfjsNode === undefined) {
    return `tfjs-node is not installed: run \`npm install --ignore-scripts @tensorflow/tfjs-node-gpu@4.22.0\`, then ${LINK}`;
  }
  const name = tfjsNode.name.replace('@tensorflow/', '');
  if (source === 'none') return `${name} is not linked to a TensorFlow: ${LINK}`;
  return stale === undefined ? undefined : `${name} was linked, but ${stale}: ${LINK}`;
}

function gpuProblem({ tfjsNode, record, nvidia }: TensorflowInstall): string | undefined {
  if (record?.tensorflow.cuda === false) {
    return `TensorFlow ${record.tensorflow.version} is linked without CUDA: see docs/gpu.md`;
  }
  if (record === undefined && tfjsNode?.name === '@tensorflow/tfjs-node') {
    return 'tfjs-node has a TensorFlow without CUDA: see docs/gpu.md';
  }
  return nvidia ? undefined : 'no NVIDIA driver (no /dev/nvidiactl)';
}
