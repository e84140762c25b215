import { execFileSync } from 'node:child_process';
import { listBackends } from '../../src/model/backends/choose.js';

/** Why tests of onnxruntime on a graphics card cannot run here; undefined if they can. */
export function cudaMissing(): Promise<string | undefined> {
  return missingDevice('onnxruntime', 'cuda');
}

/** The same for TensorFlow on a graphics card. */
export function tensorflowGpuMissing(): Promise<string | undefined> {
  return missingDevice('tensorflow', 'gpu');
}

/** A reason is also printed, so that nobody takes a run without these tests for one with them. */
async function missingDevice(backend: string, device: string): Promise<string | undefined> {
  const states = await listBackends();
  const state = states.find((known) => known.backend === backend && known.device === device);
  if (state?.available === true) return undefined;
  const reason = state?.reason ?? 'unknown';
  process.stderr.write(`\n!!! SKIPPED: tests of ${backend} on a graphics card: ${reason}\n\n`);
  return reason;
}

/** Memory of the first card that is taken, by everybody, in MiB. */
export function cardMemoryMb(): number {
  const query = ['--query-gpu=memory.used', '--format=csv,noheader,nounits', '--id=0'];
  return Number(execFileSync('nvidia-smi', query, { encoding: 'utf8' }));
}
