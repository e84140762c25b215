/** Puts together the frames that ffmpeg sends in parts, in slots of a pool, in whatever order the parts come. */
import { SightlineError } from '../../errors.js';
import type { NutVideoStream } from '../../ffmpeg/nut-headers.js';
import type { NutConsumer } from '../../ffmpeg/nut-reader.js';
import type { FrameGeometry, FramePool, FrameSlot } from '../../contract/frame.js';
import { CLOCK_STREAM, IMAGE_STREAM, INPUT_STREAM } from './decode-command.js';
import { CLOCK_IMAGE, type EpochClock, type Moment } from './epoch-clock.js';

/** A complete frame that nobody has taken yet. */
export interface AssembledFrame extends Pick<Moment, 'ptsUs' | 'mediaUs'> {
  readonly slot: FrameSlot;
}

/** What comes, from where, to whom. */
export interface AssemblerOptions {
  readonly pool: FramePool;
  readonly signal: AbortSignal;
  readonly input: { readonly width: number; readonly height: number };
  readonly image: { readonly width: number; readonly height: number } | undefined;
  readonly clock: EpochClock;
  /** The first frame begins an epoch with this geometry: frames of an earlier run went before it. */
  readonly opens?: FrameGeometry | undefined;
  /** Whether the epoch goes on where the clock jumps. */
  readonly joinsClocks: boolean;
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
  readonly moment: Moment;
  readonly missing: Set<number>;
}

/**
 * Consumes a NUT of times, network inputs and, if asked for, images. The time of a frame comes before its images. A slot is taken before a frame's first byte is read; while the pool
 * has none the reader is told to wait, and so is ffmpeg by its pipe. Complete frames are held in order until taken.
 */
export class FrameAssembler implements NutConsumer {
  /** Frames of which only a part came, and which never became frames. */
  incomplete = 0;
  readonly #options: AssemblerOptions;
  readonly #streams: readonly number[];
  readonly #parts: Part[] = [];
  readonly #ready: AssembledFrame[] = [];
  /** Of frames that have not begun, by their timestamp in the stream, which rises. */
  readonly #moments = new Map<number, Moment>();
  #opens: FrameGeometry | undefined;
  #granted: FrameSlot | undefined;
  #asked = false;
  #closed = false;
  #current: { part: Part; streamId: number } | { pts: number; pixels: Uint8Array } | undefined;

  constructor(options: AssemblerOptions) {
    this.#options = options;
    this.#opens = options.opens;
    this.#streams = options.image === undefined ? [INPUT_STREAM] : [INPUT_STREAM, IMAGE_STREAM];
  }

  /** The next complete frame, if there is one. */
  take(): AssembledFrame | undefined {
    return this.#ready.shift();
  }

  /** Whether nothing is read because there is no memory for it. */
  get waits(): boolean {
    return this.#asked;
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
    const expected = [CLOCK_IMAGE, input, ...(image === undefined ? [] : [image])];
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
  }

  onFrame(streamId: number, pts: number, size: number): Uint8Array | undefined {
    if (streamId === CLOCK_STREAM) {
      const pixels = new Uint8Array(CLOCK_IMAGE.width * CLOCK_IMAGE.height);
      if (size !== pixels.length) throw unexpected(`a time of ${size} bytes`, `${pixels.length}`);
      this.#current = { pts, pixels };
      return pixels;
    }
    const part =
      this.#parts.find((each) => each.pts === pts && each.missing.has(streamId)) ?? this.#begin(pts);
    if (part === undefined) return undefined;
    const memory = streamId === IMAGE_STREAM ? part.slot.image : part.slot.input;
    if (memory?.length !== size) throw unexpected(`a frame of ${size} bytes`, `${memory?.length ?? 0}`);
    this.#current = { part, streamId };
    return memory;
  }

  onFrameEnd(): void {
    if (this.#current === undefined) return;
    const current = this.#current;
    this.#current = undefined;
    if ('pixels' in current) {
      this.#moments.set(current.pts, this.#options.clock.next(current.pixels, current.pts));
      return;
    }
    const { part, streamId } = current;
    part.missing.delete(streamId);
    if (part.missing.size > 0) return;
    // The parts of each stream come in order, so what an older frame still lacks will not come.
    for (const older of this.#parts.splice(0, this.#parts.indexOf(part) + 1)) {
      if (older === part) continue;
      older.slot.discard();
      this.incomplete++;
    }
    const { ptsUs, mediaUs } = part.moment;
    this.#ready.push({ slot: part.slot, ptsUs, mediaUs });
    this.#options.onFrame();
  }

  // The epoch begins before a slot is asked for, and once only, although memory may have to be waited for.
  #begin(pts: number): Part | undefined {
    const { pool, joinsClocks } = this.#options;
    const moment = this.#moments.get(pts);
    if (moment === undefined) throw unexpected('an image without its time', 'a time');
    if (this.#opens !== undefined) pool.beginEpoch(this.#opens);
    this.#opens = undefined;
    for (const [at, { beginsEpoch }] of this.#moments) {
      if (at > pts) break;
      if (beginsEpoch && !joinsClocks) pool.beginEpoch();
      // Of a frame before this one no image came, but if the clock jumped there, it has jumped.
      if (at < pts) this.#moments.delete(at);
      else this.#moments.set(at, { ...moment, beginsEpoch: false });
    }
    const slot = this.#slot();
    if (slot === undefined) return undefined;
    this.#moments.delete(pts);
    const part = { pts, slot, moment, missing: new Set(this.#streams) };
    this.#parts.push(part);
    return part;
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
