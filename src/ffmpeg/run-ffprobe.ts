import { execFile } from 'node:child_process';
import { SightlineError } from '../errors.js';
import { childEnvironment } from './child-environment.js';
import { startReasonOf } from './start-reason.js';
import { writeScript } from './write-script.js';

/** What a finished ffprobe left. */
export interface FfprobeResult {
  /** Exit code; undefined if it was killed because the time was over. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

const MOST_PROBE_OUTPUT = 16 * 1024 * 1024;

/**
 * Runs ffprobe to its end. It is killed when `signal` aborts or `timeoutMs` are over.
 * @param options.script what it reads from its standard input.
 * @throws SightlineError ERR_ABORTED, or ERR_FFMPEG_FAILED if it could not be started or said far too much.
 */
export async function runFfprobe(
  ffprobePath: string,
  args: readonly string[],
  options: { readonly signal: AbortSignal; readonly timeoutMs: number; readonly script?: string | undefined },
): Promise<FfprobeResult> {
  const { signal, timeoutMs, script } = options;
  const limits = {
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    maxBuffer: MOST_PROBE_OUTPUT,
    windowsHide: true,
    env: childEnvironment(),
  } as const;
  return new Promise((resolve, reject) => {
    const aborted = new SightlineError('ERR_ABORTED', 'looking at the input was aborted');
    if (signal.aborted) {
      reject(aborted);
      return;
    }
    const child = execFile(ffprobePath, args, limits, (error, stdout, stderr) => {
      signal.removeEventListener('abort', onAbort);
      if (error === null) resolve({ code: 0, stdout, stderr });
      else if (signal.aborted) reject(aborted);
      else if (typeof error.code === 'number') resolve({ code: error.code, stdout, stderr });
      else if (error.killed === true && error.code !== OUTPUT_OVERFLOW)
        resolve({ code: undefined, stdout, stderr });
      // Not as `cause`: the error holds the command line, and with it any password of a URL.
      else
        reject(
          new SightlineError(
            'ERR_FFMPEG_FAILED',
            `${ffprobePath} failed: ${startReasonOf(error) ?? String(error.code ?? error.signal)}`,
          ),
        );
    });
    writeScript(child.stdin, script);
    // Not the `signal` option of execFile: that asks with SIGTERM, and leaves it at that.
    const onAbort = (): void => {
      child.stdout?.destroy();
      child.stderr?.destroy();
      child.kill('SIGKILL');
    };
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

const OUTPUT_OVERFLOW = 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER';
