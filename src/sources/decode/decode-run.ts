/** One ffmpeg at work: from its start to the verdict on how it ended. */
import { messageOf, SightlineError } from '../../errors.js';
import type { ByteFlow } from '../../ffmpeg/byte-flow.js';
import {
  type FfmpegChild,
  type FfmpegCommand,
  type FfmpegExit,
  startFfmpegInto,
} from '../../ffmpeg/child.js';
import { NutReader } from '../../ffmpeg/nut-reader.js';
import type { VideoProbe } from '../../ffmpeg/probe.js';
import type { FramePool, FrameRequest } from '../../contract/frame.js';
import type { Logger } from '../../contract/logger.js';
import { type DecodeRange, rangeMicroseconds, shiftMicroseconds } from './decode-command.js';
import { DecodeLog } from './decode-log.js';
import { type AssembledFrame, FrameAssembler } from './frame-assembler.js';

/** What is decoded, for whom. */
export interface DecodeRunOptions {
  readonly sourceId: string;
  /** How the input is called in errors. */
  readonly name: string;
  readonly command: FfmpegCommand;
  readonly probe: VideoProbe;
  readonly range: DecodeRange;
  readonly request: FrameRequest;
  readonly pool: FramePool;
  readonly signal: AbortSignal;
  /** To warn of an input that ends early; an estimate unless the container states it. */
  readonly expectedFrames: number | undefined;
  readonly logger: Logger | undefined;
}

/** Time that ffmpeg has to exit after it closed its output. */
const EXIT_GRACE_MS = 5000;
/** Less than this part of what was expected is worth a warning. */
const FAR_LESS = 0.9;

/** Decodes one input once. */
export class DecodeRun {
  readonly #options: DecodeRunOptions;
  readonly #log: DecodeLog;
  readonly #assembler: FrameAssembler;
  readonly #reader: NutReader;
  #process: { readonly child: FfmpegChild; readonly flow: ByteFlow } | undefined;
  #failure: { readonly error: unknown } | undefined;
  #flowed = false;
  #frames = 0;
  #lastUs = 0;
  #wake: (() => void) | undefined;
  #stopping: Promise<void> | undefined;
  readonly #onAbort = (): void => {
    this.#fail(this.#aborted());
    void this.stop();
  };

  constructor(options: DecodeRunOptions) {
    const { pool, signal, request, probe, command, name } = options;
    this.#options = options;
    this.#log = new DecodeLog(options.sourceId, command.inputs[0]?.url ?? name, name, options.logger);
    this.#assembler = new FrameAssembler({
      pool,
      signal,
      input: request.input,
      image: request.image ? probe : undefined,
      shiftUs: shiftMicroseconds(probe),
      onFrame: () => this.#wake?.(),
      onMemory: () => {
        this.#resume();
      },
      onFailure: (error) => {
        this.#fail(error);
      },
    });
    this.#reader = new NutReader(this.#assembler);
  }

  /** Frames and packets that were lost so far. */
  get decodeErrors(): number {
    return this.#log.lost + this.#assembler.incomplete;
  }

  /** Starts ffmpeg, which decodes ahead as far as the pool goes. Call once. @throws SightlineError ERR_ABORTED */
  async start(): Promise<void> {
    const { signal, command } = this.#options;
    this.#throwIfAborted();
    const process = await startFfmpegInto(command, this.#reader, (line) => {
      this.#log.line(line);
    });
    this.#process = process;
    signal.addEventListener('abort', this.#onAbort, { once: true });
    this.#throwIfAborted();
    process.flow.ended.then(
      () => {
        this.#flowed = true;
        this.#wake?.();
      },
      (error: unknown) => {
        this.#fail(this.#failed(messageOf(error), error));
      },
    );
    process.flow.resume();
  }

  /**
   * The next frame, or undefined after the last. The caller owns its slot.
   * @throws SightlineError ERR_SOURCE_DECODE, ERR_ABORTED
   */
  async next(): Promise<AssembledFrame | undefined> {
    for (;;) {
      // What was complete before an error is still good; after an abort nobody wants it.
      const frame = this.#options.signal.aborted ? undefined : this.#assembler.take();
      if (frame !== undefined) {
        this.#frames++;
        this.#lastUs = frame.ptsUs;
        return frame;
      }
      if (this.#failure !== undefined) throw this.#failure.error;
      if (this.#flowed) break;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    await this.#judge();
    return undefined;
  }

  /** Ends ffmpeg if it still runs, and gives back every slot that was not taken. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#options.signal.removeEventListener('abort', this.#onAbort);
    // In this order: once it is stopped nothing is read into the slots any more.
    const stopped = this.#process?.child.stop();
    this.#assembler.close();
    await stopped;
  }

  #resume(): void {
    if (this.#stopping !== undefined || this.#failure !== undefined) return;
    try {
      if (this.#reader.resume()) this.#process?.flow.resume();
    } catch (error) {
      this.#fail(this.#failed(messageOf(error), error));
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#wake?.();
  }

  async #judge(): Promise<void> {
    const exit = await this.#exit();
    this.#throwIfAborted();
    const { probe, range, name, expectedFrames = 0, logger, sourceId } = this.#options;
    const lastError = this.#log.lastError;
    if (exit?.stopped !== false) throw this.#failed('ffmpeg closed its output but did not end');
    if (exit.signal !== null) throw this.#failed(`ffmpeg was killed by ${exit.signal}`);
    if (exit.code !== 0)
      throw this.#failed(lastError ?? `ffmpeg ended with exit code ${exit.code ?? 'unknown'}`);
    if (this.#frames === 0) {
      const { start = 0 } = range;
      const lasts =
        probe.durationUs === undefined ? '' : `; it lasts ${(probe.durationUs / 1e6).toFixed(1)} s`;
      if (start > 0 && lastError === undefined)
        throw this.#failed(`it has no frame at or after ${start} s${lasts}`);
      throw this.#failed(lastError ?? 'it holds no frames');
    }
    if (!this.#reader.complete) throw this.#failed('ffmpeg ended in the middle of a frame');
    const { concealed } = this.#log;
    if (concealed > 0)
      logger?.warn({ source: sourceId }, `${concealed} frames of "${name}" are damaged in parts`);
    if (this.#endedEarly()) {
      const counts = `${this.#frames} of about ${expectedFrames} frames`;
      logger?.warn(
        { source: sourceId },
        `"${name}" ended early, after ${counts}; it may be damaged or cut short`,
      );
    }
  }

  // The average rate of a container can be a bad guess where the rate varies, so a count that was estimated is not enough.
  #endedEarly(): boolean {
    const { probe, range, expectedFrames = 0 } = this.#options;
    if (this.#frames >= FAR_LESS * expectedFrames) return false;
    if (probe.frameCount !== undefined || probe.durationUs === undefined) return true;
    const { from, until } = rangeMicroseconds(probe, range);
    const end = Math.min(until, probe.startUs + probe.durationUs);
    return this.#lastUs < from + FAR_LESS * (end - from);
  }

  async #exit(): Promise<FfmpegExit | undefined> {
    const child = this.#process?.child;
    const timer = setTimeout(() => void child?.stop(), EXIT_GRACE_MS);
    const exit = await child?.exited;
    clearTimeout(timer);
    return exit;
  }

  #failed(reason: string, cause?: unknown): SightlineError {
    const { name } = this.#options;
    const where =
      this.#frames === 0
        ? `no frame of "${name}" could be decoded`
        : `decoding "${name}" failed after ${this.#frames} frames`;
    return new SightlineError('ERR_SOURCE_DECODE', `${where}: ${reason}`, { cause });
  }

  #throwIfAborted(): void {
    if (this.#options.signal.aborted) throw this.#aborted();
  }

  #aborted(): SightlineError {
    return new SightlineError('ERR_ABORTED', `decoding "${this.#options.name}" was aborted`);
  }
}
