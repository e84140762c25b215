import { spawnSync } from 'node:child_process';
import { requireBfloat16Cpu } from '../../src/model/backends/bfloat16-cpu.js';
import { messageOf } from '../../src/errors.js';
import { tensorflowStates } from '../../src/model/backends/tensorflow-install.js';

/**
 * Why tests on TensorFlow cannot run here; undefined if they can. A reason is also printed, so that nobody takes a run
 * without them for one with them: `describe.skipIf((await tensorflowLinked()) !== undefined)(…)`.
 */
export async function tensorflowLinked(): Promise<string | undefined> {
  const cpu = (await tensorflowStates()).find(({ device }) => device === 'cpu');
  if (cpu?.available === true) return undefined;
  const reason = cpu?.reason ?? 'unknown';
  skipped('tests on TensorFlow', reason);
  return reason;
}

/** The same for tests in bfloat16, which not every processor has. */
export async function bfloat16Missing(): Promise<string | undefined> {
  try {
    await requireBfloat16Cpu();
    return await tensorflowLinked();
  } catch (error) {
    skipped('tests in bfloat16', messageOf(error));
    return messageOf(error);
  }
}

/** The Python that SIGHTLINE_PYTHON names if it has TensorFlow; if not, undefined, and the reason is printed. */
export function pythonWithTensorflow(): string | undefined {
  const python = process.env['SIGHTLINE_PYTHON'];
  const look = 'import importlib.util, sys; sys.exit(importlib.util.find_spec("tensorflow") is None)';
  if (python !== undefined && spawnSync(python, ['-c', look]).status === 0) return python;
  skipped('SavedModels in Python', 'SIGHTLINE_PYTHON names no Python with tensorflow');
  return undefined;
}

function skipped(what: string, reason: string): void {
  process.stderr.write(`\n!!! SKIPPED: ${what}: ${reason}\n\n`);
}
