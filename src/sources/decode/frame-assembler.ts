/** Puts together the frames that ffmpeg sends in parts, in slots of a pool, in whatever order the parts come. */
import { SightlineError } from '../../errors.js';
import { ticksToMicroseconds } from '../../ffmpeg/media-time.js';
import type { NutVideoStream } from '../../ffmpeg/nut-headers.js';
import type { NutConsumer } from '../../ffmpeg/nut-reader.js';
import type { FramePool, FrameSlot } from '../../contract/frame.js';
import type { Rational } from '../../contract/picture.js';
import { INPUT_STREAM, IMAGE_STREAM } from './decode-command.js';

/** A complete frame that nobody has taken yet. */
export interface AssembledFrame {
  readonly slot: FrameSlot;
  /** Time in the source's own timeline. */
  readonly ptsUs: number;
}

/** What comes, from where, to whom. */
export interface AssemblerOptions {
  readonly pool: FramePool;
  readonly signal: AbortSignal;
  readonly input: { readonly width: number; readonly height: number };
  readonly image: { readonly width: number; readonly height: number } | undefined;
  /** Microseconds that were added to every timestamp. */
  readonly shiftUs: number;
  /** A frame is complete. */
  readonly onFrame: () => void;
  /** There is memory again for a frame that had to wait. */
  readonly onMemory: () => void;
  /** Waiting for memory failed. */
  readonly onFailure: (error: unknown) => void;
}

interface Part {
  readonly pts: number;
  readonly slot: FrameSlot;
  readonly missing: Set<number>;
}

/**
 * Consumes a NUT of two streams, or of the first alone. A slot is taken before a frame's first byte is read; while the pool
 * has none the reader is told to wait, and so is ffmpeg by its pipe. Complete frames are held in order until taken.
 */
export class FrameAssembler implements NutConsumer {
  /** Frames of which only a part came, and which never became frames. */
  incomplete = 0;
  readonly #options: AssemblerOptions;
  readonly #streams: readonly number[];
  readonly #parts: Part[] = [];
  readonly #ready: AssembledFrame[] = [];
  #timeBase: Rational = { num: 1, den: 1 };
  #granted: FrameSlot | undefined;
  #asked = false;
  #closed = false;
  #current: { part: Part; streamId: number } | undefined;

  constructor(options: AssemblerOptions) {
    this.#options = options;
    this.#streams = options.image === undefined ? [INPUT_STREAM] : [INPUT_STREAM, IMAGE_STREAM];
  }

  /** The next complete frame, if there is one. */
  take(): AssembledFrame | undefined {
    return this.#ready.shift();
  }

  /** Gives back all slots that were not taken. */
  close(): void {
    this.#closed = true;
    for (const { slot } of [...this.#parts, ...this.#ready]) slot.discard();
    this.#parts.length = 0;
    this.#ready.length = 0;
    this.#granted?.discard();
    this.#granted = undefined;
  }

  onStreams(streams: readonly NutVideoStream[]): void {
    const { input, image } = this.#options;
    const expected = image === undefined ? [input] : [input, image];
    const fits = expected.every(({ width, height }, id) => {
      const stream = streams[id];
      return stream?.width === width && stream.height === height;
    });
    const [first] = streams;
    const sameTime = streams.every(({ timeBaseId }) => timeBaseId === first?.timeBaseId);
    if (first === undefined || !fits || !sameTime || streams.length !== expected.length) {
      throw unexpected(
        `streams of ${streams.map(({ width, height }) => `${width}x${height}`).join(' and ')}`,
        expected.map(({ width, height }) => `${width}x${height}`).join(' and '),
      );
    }
    this.#timeBase = first.timeBase;
  }

  onFrame(streamId: number, pts: number, size: number): Uint8Array | undefined {
    let part = this.#parts.find((each) => each.pts === pts && each.missing.has(streamId));
    if (part === undefined) {
      const slot = this.#slot();
      if (slot === undefined) return undefined;
      part = { pts, slot, missing: new Set(this.#streams) };
      this.#parts.push(part);
    }
    const memory = streamId === IMAGE_STREAM ? part.slot.image : part.slot.input;
    if (memory?.length !== size) throw unexpected(`a frame of ${size} bytes`, `${memory?.length ?? 0}`);
    this.#current = { part, streamId };
    return memory;
  }

  onFrameEnd(): void {
    if (this.#current === undefined) return;
    const { part, streamId } = this.#current;
    this.#current = undefined;
    part.missing.delete(streamId);
    if (part.missing.size > 0) return;
    // The parts of each stream come in order, so what an older frame still lacks will not come.
    for (const older of this.#parts.splice(0, this.#parts.indexOf(part) + 1)) {
      if (older === part) continue;
      older.slot.discard();
      this.incomplete++;
    }
    const ptsUs = ticksToMicroseconds(part.pts, this.#timeBase) - this.#options.shiftUs;
    this.#ready.push({ slot: part.slot, ptsUs });
    this.#options.onFrame();
  }

  #slot(): FrameSlot | undefined {
    const { pool } = this.#options;
    const slot = this.#granted ?? pool.tryAcquire();
    this.#granted = undefined;
    if (slot !== undefined) return slot;
    if (this.#parts.length >= pool.capacity) {
      throw new SightlineError(
        'ERR_FFMPEG_FAILED',
        `ffmpeg sent parts of more than ${pool.capacity} frames without completing one`,
      );
    }
    if (!this.#asked) void this.#waitForSlot();
    return undefined;
  }

  async #waitForSlot(): Promise<void> {
    this.#asked = true;
    try {
      this.#granted = await this.#options.pool.acquire(this.#options.signal);
    } catch (error) {
      this.#options.onFailure(error);
      return;
    } finally {
      this.#asked = false;
    }
    if (this.#closed) this.close();
    else this.#options.onMemory();
  }
}

function unexpected(got: string, expected: string): SightlineError {
  return new SightlineError('ERR_FFMPEG_FAILED', `ffmpeg sent ${got} where ${expected} was expected`);
}
