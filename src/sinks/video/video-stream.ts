import { rm } from 'node:fs/promises';
import { isSightlineError, SightlineError } from '../../errors.js';
import type { SourceOutcome } from '../../contract/run.js';
import type { SinkStream } from '../../contract/sink.js';
import type { PixelBuffer } from '../../contract/picture.js';
import type { FrameResult } from '../../contract/result.js';
import type { SourceInfo } from '../../contract/source.js';
import { createPainter, type Painter } from '../draw/painter.js';
import { reasonOf } from '../../files/reasons.js';
import { checkVideo } from './check-video.js';
import type { VideoEncoder } from './container.js';
import { copyImage, evenImage } from '../pixels/even-image.js';
import { sceneWarning } from './label-warning.js';
import { timeBaseOf } from './encode-command.js';
import { Encoder } from './encoder.js';
import { Soundtrack, type SoundtrackOptions } from './soundtrack.js';
import { fileTimeBase, Timeline } from './timeline.js';

/** What one annotated video is made of. */
export interface VideoStreamOptions extends SoundtrackOptions {
  readonly encoder: VideoEncoder;
}

/** Frames per second of sources that do not say. */
const USUAL_FRAME_RATE = 25;
const HIGHEST_FRAME_RATE = 1000;
/** Pictures under way to the encoder: while it reads one, the next is drawn. */
const BUFFERS = 2;

/** A picture of the sink's own, and the write that uses it. */
interface Slot {
  readonly image: PixelBuffer;
  busy: Promise<void>;
}

/** One video in the making. Frames are drawn into pictures of its own; those of the source stay as they are. */
export class VideoStream implements SinkStream {
  readonly #options: VideoStreamOptions;
  readonly #painter: Painter;
  readonly #timeline: Timeline;
  readonly #frameRate: number;
  readonly #soundtrack: Soundtrack;
  readonly #part: string;
  readonly #slots: readonly Slot[];
  #encoder: Encoder | undefined;
  #frames = 0;
  #cutAtStart = false;
  readonly #beganAt = performance.now();
  #note: string | undefined;
  #failure: SightlineError | undefined;

  /** Starts nothing: the encoder is started by the first frame. */
  constructor(options: VideoStreamOptions) {
    const { source, encoder, output } = options;
    const { width, height, colour } = source;
    this.#options = options;
    this.#painter = createPainter({ width, height, colour });
    this.#frameRate = frameRateOf(source);
    const timeBase = timeBaseOf({ encoder, timeBase: fileTimeBase(source.timeBase) });
    this.#timeline = new Timeline(timeBase, this.#frameRate);
    this.#soundtrack = new Soundtrack(options);
    this.#part = output.partPath('part');
    this.#slots = Array.from({ length: BUFFERS }, () => ({
      image: evenImage(width, height),
      busy: Promise.resolve(),
    }));
  }

  async write(result: FrameResult): Promise<void> {
    const { frame } = result;
    const slot = this.#slots[this.#frames % BUFFERS]!;
    await this.#whenFree(slot);
    if (frame.image === undefined) throw new TypeError('a video sink needs frames with pictures');
    copyImage(frame.image, slot.image);
    if (this.#frames === 0) this.#sayUnreadable(result);
    this.#painter.draw(slot.image, result);
    const ticks = this.#timeline.ticksOf(frame, this.#startsInside(frame.ptsUs));
    if (this.#frames++ === 0) this.#sayShift();
    this.#encoder ??= this.#startEncoder();
    slot.busy = this.#encoder.write(slot.image.data, ticks);
    // Its failure is told by whoever waits for the slot next.
    slot.busy.catch(() => undefined);
  }

  #sayUnreadable({ totals }: FrameResult): void {
    const { logger, source } = this.#options;
    const text = totals && sceneWarning(totals);
    if (text !== undefined) logger.warn({ source: source.id }, text);
  }

  async end(outcome: SourceOutcome): Promise<void> {
    if (this.#encoder === undefined) {
      this.#note = 'no frames, so no file was written';
      return;
    }
    for (const slot of this.#slots) await this.#whenFree(slot);
    let whole: string;
    try {
      await this.#encoder.finish();
      whole = await this.#soundtrack.join({
        path: this.#part,
        timeline: this.#timeline,
        cutAtStart: this.#cutAtStart,
        cutAtEnd: this.#endsInside(outcome),
        tookMs: performance.now() - this.#beganAt,
        check: (file) => this.#check(file),
      });
      if (whole === this.#part) await this.#check(whole);
    } catch (error) {
      throw await this.#failed(error);
    }
    await this.#options.output.place(whole);
    this.#note = this.#describeFile();
  }

  describe(): string | undefined {
    return this.#note;
  }

  async #whenFree(slot: Slot): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      await slot.busy;
    } catch (error) {
      throw await this.#failed(error);
    }
  }

  /** Removes what there is of the file, and says so. */
  async #failed(cause: unknown): Promise<SightlineError> {
    await this.#encoder?.abandon();
    await rm(this.#part, { force: true });
    const { name } = this.#options.output;
    const message = isSightlineError(cause) ? cause.message : `writing "${name}" failed: ${reasonOf(cause)}`;
    this.#failure = new SightlineError('ERR_SINK_FAILED', `${message}; the unfinished video was removed`, {
      cause,
    });
    return this.#failure;
  }

  #startEncoder(): Encoder {
    const { source, ffmpeg, container, encoder, output } = this.#options;
    const { width, height } = this.#slots[0]!.image;
    return new Encoder({
      ffmpeg,
      container,
      encoder,
      width,
      height,
      timeBase: this.#timeline.timeBase,
      frameRate: this.#frameRate,
      pixelAspect: source.pixelAspect,
      colour: source.colour,
      final: !this.#soundtrack.wanted,
      output: this.#part,
      label: output.name,
    });
  }

  /** @throws SightlineError ERR_SINK_FAILED for a file that is not whole. */
  async #check(file: string): Promise<void> {
    const { output, ffmpeg, container } = this.#options;
    await checkVideo({ ffmpeg, container, file, frames: this.#frames, label: output.name });
  }

  /** Whether the first frame is not the source's first. */
  #startsInside(firstUs: number): boolean {
    if (this.#frames === 0) {
      const tolerance = Math.min(1, Math.max(0.1, 2 / this.#frameRate));
      this.#cutAtStart = (firstUs - this.#options.source.startUs) / 1e6 > tolerance;
    }
    return this.#cutAtStart;
  }

  /** Whether the source goes on after the last frame: then its audio is cut there too. */
  #endsInside(outcome: SourceOutcome): boolean {
    const { startUs, durationUs, limited = false } = this.#options.source;
    if (outcome !== 'completed') return true;
    // Nobody knows where it would have ended.
    if (durationUs === undefined) return limited;
    const { span, shiftSeconds, gapSeconds } = this.#timeline;
    const tolerance = limited ? gapSeconds : Math.max(0.5, 2 * gapSeconds);
    return span.end - shiftSeconds + tolerance < (startUs + durationUs) / 1e6;
  }

  #sayShift(): void {
    const { logger, output, source } = this.#options;
    const seconds = this.#timeline.shiftSeconds;
    if (seconds === 0) return;
    const text = `"${output.name}" begins at 0, where the source is at ${(-seconds).toFixed(3)} s`;
    logger.info({ source: source.id }, text);
  }

  #describeFile(): string {
    const { output } = this.#options;
    const parts = [`${this.#frames} frames`];
    if (this.#soundtrack.note !== undefined) parts.push(this.#soundtrack.note);
    if (this.#timeline.moved > 0) parts.push(`${this.#timeline.moved} timestamps out of order`);
    return `${output.name} (${parts.join(', ')})`;
  }
}

function frameRateOf({ frameRate }: SourceInfo): number {
  const rate = frameRate === undefined ? 0 : frameRate.num / frameRate.den;
  return rate > 0 && rate <= HIGHEST_FRAME_RATE ? rate : USUAL_FRAME_RATE;
}
