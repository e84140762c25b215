/**
 * The only file that knows fluent-ffmpeg and starts ffmpeg processes; run-ffprobe.ts starts those of ffprobe.
 *
 * fluent-ffmpeg puts the command line together. Its own `run` cannot be used for pixels: it reads the child's stdout as
 * text, or pipes it through a stream of its own, and it starts two more processes to ask for capabilities. So the
 * arguments are taken from it and the process is started here, with its plain streams.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { PassThrough, type Readable, type Writable } from 'node:stream';
import ffmpeg from 'fluent-ffmpeg';
import { toError } from '../errors.js';
import { type ByteFlow, type DirectPipe, flowFromStream, openDirectPipe } from './byte-flow.js';
import type { ByteTarget } from './byte-target.js';
import { startReasonOf } from './start-reason.js';
import { writeScript } from './write-script.js';
import { childEnvironment } from './child-environment.js';

/** One `-i` of a command line; `options` come before it, one argument a string. */
export interface FfmpegInput {
  readonly url: string;
  readonly options?: readonly string[];
  /** What the child is to read from its standard input, which `url` names then: addresses that no command line may show. */
  readonly script?: string;
}

/** One output of a command line; `options` come before it, one argument a string. */
export interface FfmpegOutput {
  readonly options: readonly string[];
  /** A path, or `pipe:1`. */
  readonly output: string;
}

/** What to run: inputs, then one output with its options. */
export interface FfmpegCommand {
  readonly ffmpegPath: string;
  readonly inputs: readonly FfmpegInput[];
  /** Outputs besides the one that it is about. */
  readonly reports?: readonly FfmpegOutput[];
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
/** Time that the last lines of a dead process have to arrive; a process of its own that it left may hold the pipe. */
const LAST_WORDS_MS = 1000;

/**
 * Starts ffmpeg. Warnings and errors come as `[level] text` lines, repeated ones not folded.
 * @param onLine called with each line of stderr.
 */
export function startFfmpeg(command: FfmpegCommand, onLine?: (line: string) => void): FfmpegChild {
  return start(command, onLine, undefined);
}

/**
 * Starts ffmpeg and brings what it writes to stdout into `target`. Nothing is brought before `flow.resume()`.
 * @param onLine called with each line of stderr.
 */
export async function startFfmpegInto(
  command: FfmpegCommand,
  target: ByteTarget,
  onLine?: (line: string) => void,
): Promise<{ readonly child: FfmpegChild; readonly flow: ByteFlow }> {
  const direct = await openDirectPipe(target);
  const child = start(command, onLine, direct);
  return { child, flow: direct ?? flowFromStream(child.stdout, target) };
}

function start(
  command: FfmpegCommand,
  onLine: ((line: string) => void) | undefined,
  direct: DirectPipe | undefined,
): FfmpegChild {
  const lastLines: string[] = [];
  const keep = (line: string): void => {
    lastLines.push(line);
    if (lastLines.length > KEPT_LINES) lastLines.shift();
    onLine?.(line);
  };
  const sayWhy = (error: Error): void => {
    keep(`[fatal] ${command.ffmpegPath} could not be started: ${startReasonOf(error) ?? error.message}`);
  };
  const child = spawnWith(command, direct, sayWhy);
  const stderr = child?.stderr ?? undefined;
  if (child === undefined || stderr === undefined) return neverStarted(command, child, sayWhy, lastLines);
  const stdout = direct?.ourEnd ?? child.stdout!;
  readLines(stderr, keep);
  writeScript(child.stdin, scriptOf(command));

  let stopped = false;
  const exited = new Promise<FfmpegExit>((resolve) => {
    child.on('error', (error) => {
      if (child.pid !== undefined) return;
      sayWhy(error);
      resolve({ code: NOT_STARTED, signal: null, stopped });
    });
    // 'close' and not 'exit': the last lines of stderr must have been read.
    child.once('close', (code, signal) => {
      resolve({ code, signal, stopped });
    });
    child.once('exit', () => {
      const timer = setTimeout(() => stderr.destroy(), LAST_WORDS_MS);
      child.once('close', () => {
        clearTimeout(timer);
      });
    });
  });

  return {
    pid: child.pid,
    stdin: child.stdin,
    stdout,
    lastLines,
    exited,
    async stop(graceMs = STOP_GRACE_MS) {
      stopped = true;
      stdout.destroy();
      await terminate(child, graceMs, exited);
      return exited;
    },
  };
}

/** What a shell answers with for a program that it cannot start. */
const NOT_STARTED = 127;

/** A child that the system had no descriptors, memory or processes left for: it has no streams. */
function neverStarted(
  { stdin }: FfmpegCommand,
  child: ChildProcess | undefined,
  sayWhy: (error: Error) => void,
  lastLines: readonly string[],
): FfmpegChild {
  const exit = { code: NOT_STARTED, signal: null, stopped: false };
  const exited = new Promise<FfmpegExit>((resolve) => {
    if (child === undefined) resolve(exit);
    child?.once('error', (error) => {
      sayWhy(error);
      resolve(exit);
    });
  });
  const streams = [new PassThrough(), new PassThrough()] as const;
  for (const stream of streams) stream.destroy();
  const [input, stdout] = streams;
  return {
    pid: undefined,
    stdin: stdin === 'pipe' ? input : null,
    stdout,
    lastLines,
    exited,
    stop: () => exited,
  };
}

/** What the child reads before all else. */
function scriptOf({ inputs }: FfmpegCommand): string | undefined {
  return inputs.find(({ script }) => script !== undefined)?.script;
}

/** @returns undefined if not even the attempt was possible, after `sayWhy`. */
function spawnWith(
  command: FfmpegCommand,
  direct: DirectPipe | undefined,
  sayWhy: (error: Error) => void,
): ChildProcess | undefined {
  try {
    return spawn(command.ffmpegPath, ffmpegArguments(command), {
      stdio: [scriptOf(command) === undefined ? command.stdin : 'pipe', direct?.childEnd ?? 'pipe', 'pipe'],
      windowsHide: true,
      env: childEnvironment(),
      // A process group of its own: a terminal's Ctrl-C goes to the whole foreground group, and would end an encoder whose
      // file we are about to finish. Children still end with us, because their pipes do.
      detached: true,
    });
  } catch (error) {
    direct?.ourEnd.destroy();
    sayWhy(toError(error));
    return undefined;
  } finally {
    // Only the child may hold its end, so that its death is the end of the stream.
    direct?.childEnd.destroy();
  }
}

/** The complete argument list of a command, as it would stand on a command line. */
export function ffmpegArguments(command: FfmpegCommand): string[] {
  const builder = ffmpeg();
  for (const input of command.inputs) {
    builder.input(input.url);
    if (input.options !== undefined && input.options.length > 0) builder.inputOptions([...input.options]);
  }
  for (const { output, options } of command.reports ?? []) builder.output(output).outputOptions([...options]);
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
