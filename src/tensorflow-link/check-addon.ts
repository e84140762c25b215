import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { SightlineError } from '../errors.js';
import { errorLineOf, runProgram } from './run-program.js';
import type { TfjsNodePackage } from './tfjs-node-package.js';

const answerSchema = z.object({ version: z.string(), gpu: z.boolean() });

/** What a native part said of itself: TensorFlow's version, and whether it uses a graphics card. */
export type AddonCheck = z.infer<typeof answerSchema>;

/**
 * Loads a native part in a child process and lets it multiply and convolve.
 * @param binding the file; the package's own, or one that is to become it.
 * @throws SightlineError ERR_BACKEND_UNAVAILABLE if it does not load or computes nonsense.
 */
export async function checkAddon(tfjsNode: TfjsNodePackage, binding: string): Promise<AddonCheck> {
  const env = { TF_CPP_MIN_LOG_LEVEL: '2', TF_FORCE_GPU_ALLOW_GROWTH: 'true', ...process.env };
  const args = [entryPath(), tfjsNode.folder, binding];
  const result = await runProgram(process.execPath, args, { env, timeoutMs: 120_000 });
  const { code, signal, stdout, stderr } = result;
  const line = stdout.trimEnd().split('\n').at(-1) ?? '';
  if (code === 0) return answerSchema.parse(JSON.parse(line));
  const why = signal === undefined ? errorLineOf(stderr) : `it was ended by ${signal}${ADVICE[signal] ?? ''}`;
  throw new SightlineError('ERR_BACKEND_UNAVAILABLE', `the addon of ${tfjsNode.name} does not work: ${why}`);
}

const ADVICE: Partial<Record<NodeJS.Signals, string>> = {
  SIGILL: ' (this processor lacks instructions that TensorFlow was built with)',
  SIGKILL: ' (it took more than two minutes, or too much memory)',
};

/** The child's program: built, also when this module itself runs from its TypeScript source in tests. */
function entryPath(): string {
  const built = import.meta.url.endsWith('.ts')
    ? '../../dist/tensorflow-link/check-main.js'
    : './check-main.js';
  return fileURLToPath(new URL(built, import.meta.url));
}
