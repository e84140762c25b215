/**
 * The only file that knows fluent-ffmpeg and starts ffmpeg processes.
 *
 * fluent-ffmpeg puts the command line together. Its own `run` cannot be used for pixels: it reads the child's stdout as
 * text, or pipes it through a stream of its own, and it starts two more processes to ask for capabilities. So the
 * arguments are taken from it and the process is started here, with its plain streams.
 */
import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import ffmpeg from 'fluent-ffmpeg';

/** One `-i` of a command line; `options` come before it, one argument a string. */
export interface FfmpegInput {
  readonly url: string;
  readonly options?: readonly string[];
}

/** What to run: inputs, then one output with its options. */
export interface FfmpegCommand {
  readonly ffmpegPath: string;
  readonly inputs: readonly FfmpegInput[];
  readonly outputOptions: readonly string[];
  /** A path, or `pipe:1`. */
  readonly output: string;
  /** `pipe` when the caller writes to `stdin`. */
  readonly stdin: 'pipe' | 'ignore';
}

/** How a child ended. */
export interface FfmpegExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Whether `stop` ended it. */
  readonly stopped: boolean;
}

/** A running ffmpeg. */
export interface FfmpegChild {
  readonly pid: number | undefined;
  readonly stdin: Writable | null;
  readonly stdout: Readable;
  /** The last lines that ffmpeg wrote to stderr, oldest first. */
  readonly lastLines: readonly string[];
  /** Settles once the process is reaped; never rejects, a failed start is exit code 127 with the reason in `lastLines`. */
  readonly exited: Promise<FfmpegExit>;
  /** Asks the process to end and kills it if it does not within `graceMs`. Settles once it is reaped. */
  stop(graceMs?: number): Promise<FfmpegExit>;
}

const KEPT_LINES = 100;
const STOP_GRACE_MS = 2000;

/**
 * Starts ffmpeg. Warnings and errors come as `[level] text` lines, repeated ones not folded.
 * @param onLine called with each line of stderr.
 */
export function startFfmpeg(command: FfmpegCommand, onLine?: (line: string) => void): FfmpegChild {
  const child = spawn(command.ffmpegPath, ffmpegArguments(command), {
    stdio: [command.stdin, 'pipe', 'pipe'],
    windowsHide: true,
    // A process group of its own: a terminal's Ctrl-C goes to the whole foreground group, and would end an encoder whose
    // file we are about to finish. Children still end with us, because their pipes do.
    detached: true,
  }) as ChildProcessByStdio<Writable | null, Readable, Readable>;
  const lastLines: string[] = [];
  const keep = (line: string): void => {
    lastLines.push(line);
    if (lastLines.length > KEPT_LINES) lastLines.shift();
    onLine?.(line);
  };
  readLines(child.stderr, keep);

  let stopped = false;
  const exited = new Promise<FfmpegExit>((resolve) => {
    child.once('error', (error) => {
      if (child.pid !== undefined) return;
      keep(`[fatal] ${command.ffmpegPath} could not be started: ${error.message}`);
      resolve({ code: 127, signal: null, stopped });
    });
    // 'close' and not 'exit': the last lines of stderr must have been read.
    child.once('close', (code, signal) => {
      resolve({ code, signal, stopped });
    });
  });

  return {
    pid: child.pid,
    stdin: child.stdin,
    stdout: child.stdout,
    lastLines,
    exited,
    async stop(graceMs = STOP_GRACE_MS) {
      stopped = true;
      await terminate(child, graceMs, exited);
      return exited;
    },
  };
}

/** The complete argument list of a command, as it would stand on a command line. */
export function ffmpegArguments(command: FfmpegCommand): string[] {
  const builder = ffmpeg();
  for (const input of command.inputs) {
    builder.input(input.url);
    if (input.options !== undefined && input.options.length > 0) builder.inputOptions([...input.options]);
  }
  builder.output(command.output).outputOptions([...command.outputOptions]);
  const built = (builder as unknown as { _getArguments(): string[] })._getArguments();
  return ['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'repeat+level+warning', ...built];
}

async function terminate(child: ChildProcess, graceMs: number, exited: Promise<unknown>): Promise<void> {
  child.stdin?.destroy();
  child.stdout?.destroy();
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
  await exited;
  clearTimeout(timer);
}

function readLines(stream: Readable, onLine: (line: string) => void): void {
  const longest = 4096;
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const parts = (rest + text).split(/[\r\n]+/);
    rest = (parts.pop() ?? '').slice(0, longest);
    for (const part of parts) if (part !== '') onLine(part.slice(0, longest));
  });
  stream.on('end', () => {
    if (rest !== '') onLine(rest);
    rest = '';
  });
}
