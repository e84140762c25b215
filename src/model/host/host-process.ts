import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { SightlineError } from '../../errors.js';
import type { DetectedFrame, DetectorInfo, ModelInput } from '../../contract/detector.js';
import type { DetectorOptions } from '../detector-options.js';
import {
  controlRoom,
  decodeDetections,
  decodeFailure,
  decodeJson,
  encodeJson,
  encodeLetterboxes,
  type FrameKind,
  FrameReader,
  headerOf,
  type HostFrame,
} from './protocol.js';
import { watchForSilence } from './silence.js';

/** What a child is started with. */
export interface HostProcessOptions {
  readonly detector: DetectorOptions;
  /** Longest time for an answer; start-up and the first batch of each size may take {@link FIRST_TIME_FACTOR} times that. */
  readonly requestTimeoutMs: number;
  /** Called with each line that the child writes to stderr. */
  readonly onLine?: ((line: string) => void) | undefined;
}

/** How much longer a device may work on what it has not done before: it compiles kernels, searches for algorithms. */
const FIRST_TIME_FACTOR = 10;

/** The child ended, or was ended because it hung or failed. `message` is a clause: "was killed by SIGKILL". */
export class HostLost extends Error {
  override readonly name = 'HostLost';
}

interface Pending {
  readonly id: number;
  readonly resolve: (frame: HostFrame) => void;
  readonly reject: (error: HostLost) => void;
}

const KEPT_LINES = 20;
const LONGEST_LINE = 500;

/** One inference child, from its start to its end; it does not come back. */
export class HostProcess {
  /** The last lines that the child wrote to stderr, oldest first. */
  readonly lastLines: string[] = [];
  /** Settles once the child is reaped and its descriptors are closed, with how it came to its end; never rejects. */
  readonly ended: Promise<HostLost>;
  readonly #child: ChildProcess;
  readonly #channel: Socket | undefined;
  readonly #options: HostProcessOptions;
  readonly #sizesSeen = new Set<number>();
  #info: DetectorInfo | undefined;
  #pending: Pending | undefined;
  #lastId = 0;
  #quietMs: number;
  /** Begins to count the silence anew; there while an answer is waited for. */
  #watchAgain: (() => void) | undefined;
  /** Why we ended it, if we did. */
  #verdict: HostLost | undefined;
  /** What `ended` settled with. */
  #gone: HostLost | undefined;

  private constructor(options: HostProcessOptions) {
    this.#options = options;
    this.#quietMs = options.requestTimeoutMs;
    this.#child = spawn(process.execPath, [entryPath()], {
      // Only the socket and stderr: a native library that prints to stdout would print into the user's data.
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      windowsHide: true,
    });
    // Without descriptors left there is no `stdio` at all, whatever its type says.
    const stdio = this.#child.stdio as ChildProcess['stdio'] | undefined;
    this.#channel = stdio?.[3] as Socket | undefined;
    this.ended = this.#watch();
    this.#listen();
  }

  /**
   * Starts a child and waits until its model is loaded.
   * @throws SightlineError as `createDetector` does; HostLost if the child ended without a word or `signal` aborted. In each
   * case the child is gone by then. Its last words are in `report` if one is given.
   */
  static async start(
    options: HostProcessOptions,
    signal: AbortSignal,
    report?: (lines: readonly string[]) => void,
  ): Promise<HostProcess> {
    const host = new HostProcess(options);
    const abort = (): void => void host.stop();
    signal.addEventListener('abort', abort, { once: true });
    try {
      if (signal.aborted) abort();
      const body = encodeJson(options.detector);
      const reply = await host.#ask('init', [body], options.requestTimeoutMs * FIRST_TIME_FACTOR);
      if (reply.kind === 'failure') throw decodeFailure(reply.body);
      host.#info = decodeJson(reply.body) as DetectorInfo;
      return host;
    } catch (error) {
      await host.stop();
      report?.(host.lastLines);
      throw error;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  get info(): DetectorInfo {
    return this.#info!;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /**
   * Has a batch looked at. Pixels are written as they lie; when this settles, nobody reads them any more.
   * @throws HostLost if there is no answer and will not be one; the child is gone by then.
   */
  async detect(inputs: readonly ModelInput[]): Promise<DetectedFrame[]> {
    const { requestTimeoutMs } = this.#options;
    const timeoutMs = this.#sizesSeen.has(inputs.length)
      ? requestTimeoutMs
      : requestTimeoutMs * FIRST_TIME_FACTOR;
    const letterboxes = encodeLetterboxes(inputs.map(({ letterbox }) => letterbox));
    const pixels = inputs.map((input) => input.pixels);
    const reply = await this.#ask('request', [letterboxes, ...pixels], timeoutMs);
    try {
      if (reply.kind === 'failure') throw decodeFailure(reply.body);
      const frames = decodeDetections(reply.body, inputs.length, this.info.classes);
      this.#sizesSeen.add(inputs.length);
      return frames;
    } catch (error) {
      // A device that failed once often fails from then on; a new process has a new one.
      throw await this.#lose(new HostLost('failed', { cause: error }));
    }
  }

  /** From now on a child that uses no processor time for `quietMs` is lost. */
  hurry(quietMs: number): void {
    this.#quietMs = Math.min(this.#quietMs, quietMs);
    this.#watchAgain?.();
  }

  /** Kills the child, which has nothing to save, and waits until it is reaped. */
  async stop(): Promise<void> {
    await this.#lose(new HostLost('was stopped'));
  }

  /** Sends a frame, with pixels in a second one, and waits for the answer, and that everything has left. */
  async #ask(kind: 'init' | 'request', bodies: readonly Uint8Array[], timeoutMs: number): Promise<HostFrame> {
    if (this.#gone !== undefined) throw this.#gone;
    const id = ++this.#lastId;
    const answer = new Promise<HostFrame>((resolve, reject) => {
      this.#pending = { id, resolve, reject };
    });
    const watch = (): (() => void) =>
      watchForSilence(this.pid, { longestMs: timeoutMs, quietMs: this.#quietMs }, (ms) => {
        void this.#lose(new HostLost(`did not answer for ${ms / 1000} s`));
      });
    let cancel = watch();
    this.#watchAgain = () => {
      cancel();
      cancel = watch();
    };
    const [body, ...pixels] = bodies;
    const chunks = [headerOf(kind, id, body!.length), body!];
    if (pixels.length > 0) {
      const length = pixels.reduce((sum, part) => sum + part.length, 0);
      chunks.push(headerOf('pixels', id, length), ...pixels);
    }
    try {
      // Not `all`: the caller may reuse its pixels when this settles, so both have to be over.
      const [replied] = await Promise.allSettled([answer, this.#write(chunks)]);
      if (replied.status === 'fulfilled') return replied.value;
      throw replied.reason;
    } finally {
      cancel();
      this.#watchAgain = undefined;
      this.#pending = undefined;
    }
  }

  /** Settles when all chunks are written, or never will be. */
  #write(chunks: readonly Uint8Array[]): Promise<void> {
    const channel = this.#channel;
    if (channel === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      channel.cork();
      for (const [i, chunk] of chunks.entries()) {
        // A failed write shows in the child's end; what matters here is that the chunks are free.
        if (i < chunks.length - 1) channel.write(chunk);
        else
          channel.write(chunk, () => {
            resolve();
          });
      }
      channel.uncork();
    });
  }

  /** Kills the child. @returns why, once it is reaped. */
  #lose(reason: HostLost): Promise<HostLost> {
    this.#verdict ??= reason;
    this.#child.kill('SIGKILL');
    return this.ended;
  }

  #listen(): void {
    const reader = new FrameReader(controlRoom, (frame) => {
      this.#take(frame);
    });
    this.#channel?.on('data', (chunk: Buffer) => {
      try {
        reader.feed(chunk);
      } catch (error) {
        void this.#lose(new HostLost('sent what it should not', { cause: error }));
      }
    });
    // The child's end tells what happened; a broken socket is only how it shows first.
    this.#channel?.on('error', () => undefined);
    if (this.#child.stderr === null) return;
    createInterface({ input: this.#child.stderr, crlfDelay: Infinity }).on('line', (line) => {
      if (line.trim() === '') return;
      this.lastLines.push(line.slice(0, LONGEST_LINE));
      if (this.lastLines.length > KEPT_LINES) this.lastLines.shift();
      this.#options.onLine?.(line.slice(0, LONGEST_LINE));
    });
  }

  #take(frame: HostFrame): void {
    const expected: FrameKind = this.#info === undefined ? 'ready' : 'detections';
    if (frame.id === this.#pending?.id && (frame.kind === expected || frame.kind === 'failure')) {
      this.#pending.resolve(frame);
      return;
    }
    throw new SightlineError('ERR_BACKEND_FAILED', `a ${frame.kind} frame that nobody asked for came in`);
  }

  async #watch(): Promise<HostLost> {
    const child = this.#child;
    const natural = await new Promise<HostLost>((resolve) => {
      child.on('error', (error) => {
        if (child.pid === undefined) resolve(new HostLost('could not be started', { cause: error }));
      });
      // Writes under way to a dead child must come to their end for 'close' to follow.
      child.once('exit', () => this.#channel?.destroy());
      // 'close' and not 'exit': the last lines of stderr must have been read.
      child.once('close', (code, signal) => {
        resolve(
          new HostLost(signal === null ? `ended with exit code ${String(code)}` : `was killed by ${signal}`),
        );
      });
    });
    this.#gone = this.#verdict ?? natural;
    this.#pending?.reject(this.#gone);
    return this.#gone;
  }
}

/** The child's program: built, also when this module itself runs from its TypeScript source in tests. */
function entryPath(): string {
  const built = import.meta.url.endsWith('.ts') ? '../../../dist/model/host/host-main.js' : './host-main.js';
  return fileURLToPath(new URL(built, import.meta.url));
}
