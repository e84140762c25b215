import { tensorflowStates } from '../../src/model/backends/tensorflow-install.js';

/**
 * Why tests on TensorFlow cannot run here; undefined if they can. A reason is also printed, so that nobody takes a run
 * without them for one with them: `describe.skipIf((await tensorflowLinked()) !== undefined)(…)`.
 */
export async function tensorflowLinked(): Promise<string | undefined> {
  const cpu = (await tensorflowStates()).find(({ device }) => device === 'cpu');
  if (cpu?.available === true) return undefined;
  const reason = cpu?.reason ?? 'unknown';
  process.stderr.write(`\n!!! SKIPPED: tests on TensorFlow: ${reason}\n\n`);
  return reason;
}
