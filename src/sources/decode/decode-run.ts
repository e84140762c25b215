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
import type { FrameGeometry, FramePool, FrameRequest } from '../../contract/frame.js';
import type { SourceReport } from '../../contract/source.js';
import { rangeMicroseconds, ROUNDED_US, shiftTicks } from './decode-command.js';
import { DecodeLog } from './decode-log.js';
import {
  decodeError,
  type DecodedInput,
  type DecodeOutcome,
  failureOf,
  noFrames,
  warnOfDamage,
  whereOf,
} from './decode-verdict.js';
import { EpochClock } from './epoch-clock.js';
import { type AssembledFrame, FrameAssembler } from './frame-assembler.js';
import { type StallLimits, StallWatch } from './stall-watch.js';

/** What is decoded, for whom. */
export interface DecodeRunOptions extends DecodedInput {
  readonly command: FfmpegCommand;
  readonly request: FrameRequest;
  readonly pool: FramePool;
  readonly signal: AbortSignal;
  readonly stall: StallLimits;
  /** Told when ffmpeg stalls and when it goes on. */
  readonly report: (report: SourceReport) => void;
  /** The first frame begins an epoch with this geometry: an earlier run has filled the pool before. */
  readonly opens?: FrameGeometry;
  /**
   * Jumps of the clock begin no epoch, as `mediaUs` goes on across them; and a new size of the picture ends the run with
   * ERR_SOURCE_CHANGED, as a live source can be opened anew.
   */
  readonly live?: boolean;
}

/** Time that ffmpeg has to exit after it closed its output. */
const EXIT_GRACE_MS = 5000;

/** Decodes one input once. */
export class DecodeRun {
  readonly #options: DecodeRunOptions;
  readonly #log: DecodeLog;
  readonly #clock: EpochClock;
  readonly #assembler: FrameAssembler;
  readonly #reader: NutReader;
  readonly #watch: StallWatch;
  readonly #untilUs: number;
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
    const { pool, signal, request, probe, range, command, name, opens, live = false } = options;
    this.#options = options;
    this.#untilUs = rangeMicroseconds(probe, range).until;
    this.#watch = this.#createWatch();
    this.#log = new DecodeLog({
      sourceId: options.sourceId,
      url: command.inputs[0]?.url ?? name,
      name,
      logger: options.logger,
      onLife: () => {
        this.#watch.alive();
      },
      onSize: live
        ? (change) => {
            this.#fail(new SightlineError('ERR_SOURCE_CHANGED', change));
          }
        : undefined,
    });
    this.#clock = new EpochClock(probe, shiftTicks(probe));
    this.#assembler = new FrameAssembler({
      pool,
      signal,
      input: request.input,
      image: request.image ? (opens ?? probe) : undefined,
      clock: this.#clock,
      opens,
      joinsClocks: live,
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
    const target = {
      room: () => this.#reader.room(),
      filled: (count: number) => {
        this.#watch.alive();
        return this.#reader.filled(count);
      },
    };
    const process = await startFfmpegInto(command, target, (line) => {
      this.#log.line(line);
    });
    this.#process = process;
    signal.addEventListener('abort', this.#onAbort, { once: true });
    this.#throwIfAborted();
    process.flow.ended.then(
      () => {
        this.#flowed = true;
        this.#watch.stop();
        this.#wake?.();
      },
      (error: unknown) => {
        this.#fail(this.#failed(messageOf(error), error));
      },
    );
    this.#watch.start();
    process.flow.resume();
  }

  /**
   * The next frame, or undefined after the last. The caller owns its slot.
   * @throws SightlineError ERR_SOURCE_DECODE, ERR_SOURCE_TRUNCATED, ERR_SOURCE_STALLED, ERR_ABORTED
   */
  async next(): Promise<AssembledFrame | undefined> {
    for (;;) {
      // What was complete before an error is still good; after an abort nobody wants it.
      const frame = this.#options.signal.aborted ? undefined : this.#assembler.take();
      if (frame !== undefined) {
        if (frame.mediaUs >= this.#untilUs - ROUNDED_US) {
          this.#endOfRange(frame);
          return undefined;
        }
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
    this.#watch.stop();
    this.#options.signal.removeEventListener('abort', this.#onAbort);
    // In this order: once it is stopped nothing is read into the slots any more.
    const stopped = this.#process?.child.stop();
    this.#assembler.close();
    await stopped;
  }

  #createWatch(): StallWatch {
    const { stall, report, name } = this.#options;
    const code = 'ERR_SOURCE_STALLED';
    return new StallWatch(stall, {
      isHeldBack: () => this.#assembler.waits,
      onStall: () => {
        report({ state: 'stalled', code, reason: `nothing came of "${name}" for ${stall.stallMs / 1000} s` });
      },
      onResume: () => {
        report({ state: 'running' });
      },
      onGiveUp: () => {
        const reason = `nothing came for ${stall.giveUpMs / 1000} s, so it was given up`;
        this.#fail(new SightlineError(code, `${whereOf(name, this.#frames)}: ${reason}`));
      },
    });
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
    this.#watch.stop();
    this.#wake?.();
  }

  #endOfRange({ slot }: AssembledFrame): void {
    slot.discard();
    if (this.#frames === 0) throw this.#failed(noFrames(this.#options));
    warnOfDamage(this.#options, this.#outcome());
  }

  async #judge(): Promise<void> {
    const exit = await this.#exit();
    this.#throwIfAborted();
    const outcome = this.#outcome();
    const failure = failureOf(exit, this.#reader.complete, this.#options, outcome);
    if (failure !== undefined) throw failure;
    warnOfDamage(this.#options, outcome);
  }

  #outcome(): DecodeOutcome {
    const { concealed, brokeOff, corrupt, lastError } = this.#log;
    const [frames, lastUs, { jumps }] = [this.#frames, this.#lastUs, this.#clock];
    return { frames, lastUs, jumps, concealed, brokeOff, corrupt, lastError };
  }

  async #exit(): Promise<FfmpegExit | undefined> {
    const child = this.#process?.child;
    const timer = setTimeout(() => void child?.stop(), EXIT_GRACE_MS);
    const exit = await child?.exited;
    clearTimeout(timer);
    return exit;
  }

  #failed(reason: string, cause?: unknown): SightlineError {
    return decodeError(this.#options.name, this.#frames, reason, cause);
  }

  #throwIfAborted(): void {
    if (this.#options.signal.aborted) throw this.#aborted();
  }

  #aborted(): SightlineError {
    return new SightlineError('ERR_ABORTED', `decoding "${this.#options.name}" was aborted`);
  }
}
