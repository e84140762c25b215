import { execFile, type ExecFileException } from 'node:child_process';
import { promisify } from 'node:util';
import { type ErrorCode, SightlineError } from '../errors.js';
import { childEnvironment } from './child-environment.js';
import { oneLine } from '../text/printable.js';

const ANSWER_MS = 10_000;

/**
 * Asks ffmpeg something about itself. A program that does not answer is killed.
 * @param code of the error if it fails.
 * @returns what it wrote to its standard output.
 */
export async function askFfmpeg(
  ffmpegPath: string,
  args: readonly string[],
  code: ErrorCode,
): Promise<string> {
  try {
    const env = childEnvironment();
    const limits = { timeout: ANSWER_MS, killSignal: 'SIGKILL', windowsHide: true, env } as const;
    return (await promisify(execFile)(ffmpegPath, args, limits)).stdout;
  } catch (cause) {
    const asked = `"${ffmpegPath} ${args.join(' ')}"`;
    throw new SightlineError(code, `${asked} failed: ${reasonOf(cause as ExecFileException)}`, { cause });
  }
}

function reasonOf({ killed, stderr, message }: ExecFileException): string {
  if (killed === true) return `it gave no answer within ${ANSWER_MS / 1000} s`;
  return oneLine(stderr?.trim() || message);
}
