import { spawn } from 'node:child_process';

/** What a finished program left. */
export interface ProgramResult {
  /** Exit code; undefined if it did not start or a signal ended it. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** Whether there is such a program at all. */
  readonly found: boolean;
  readonly signal: NodeJS.Signals | undefined;
}

/** The end of an output holds its errors; this much of it is kept. */
const MOST_OUTPUT = 1024 * 1024;

/**
 * Runs a program to its end, without a shell. A failure is a result and no error.
 * @param options `timeoutMs`: killed after that; without it, it may take its time.
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv; readonly timeoutMs?: number } = {},
): Promise<ProgramResult> {
  const { cwd, env = process.env, timeoutMs } = options;
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd,
      env,
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout = (stdout + text).slice(-MOST_OUTPUT);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-MOST_OUTPUT);
    });
    child.on('error', (error) => {
      resolve({ code: undefined, stdout, stderr: error.message, found: false, signal: undefined });
    });
    child.on('close', (code, signal) => {
      resolve({ code: code ?? undefined, stdout, stderr, found: true, signal: signal ?? undefined });
    });
  });
}

/** The line of an output that says what went wrong: the last one that calls itself an error, or the last. */
export function errorLineOf(output: string): string {
  const lines = output
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const line =
    lines.findLast((text) => /\berror\b|\bfatal\b/i.test(text)) ?? lines.at(-1) ?? 'it said nothing';
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}
