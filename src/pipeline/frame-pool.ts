/**
 * The fixed set of buffers that bounds the memory of one source.
 *
 * RxJS has no backpressure, so the pool is it: a source cannot decode into a buffer that is still in use, and waits.
 */
import { SightlineError } from '../errors.js';
import type { FramePool, FrameRequest, FrameSlot, FrameStamp } from '../contract/frame.js';
import type { Frame } from '../contract/frame.js';
import type { PixelBuffer } from '../contract/picture.js';
import type { SourceInfo } from '../contract/source.js';

/** What the buffers of a pool look like. */
export interface FramePoolOptions {
  /** Number of frames that can exist at once, at least 2. */
  readonly capacity: number;
  readonly source: SourceInfo;
  readonly request: FrameRequest;
  /** Told the label of a frame that was garbage collected while still retained: a bug of its holder. */
  readonly onLeak?: (label: string) => void;
}

interface Buffers {
  readonly input: PixelBuffer;
  readonly image?: PixelBuffer;
}

/** Bytes that one frame of such a pool holds. */
export function bytesPerFrame(source: SourceInfo, request: FrameRequest): number {
  const model = request.input.width * request.input.height * 3;
  return request.image ? model + yuv420pBytes(source.width, source.height) : model;
}

/** Size of a 4:2:0 picture; odd sizes round chroma up, as ffmpeg does. */
export function yuv420pBytes(width: number, height: number): number {
  return width * height + 2 * Math.ceil(width / 2) * Math.ceil(height / 2);
}

/** Makes a pool. Buffers are allocated when first needed and then reused for good. */
export function createFramePool(options: FramePoolOptions): FramePool & { readonly free: number } {
  const { capacity, source } = options;
  if (!Number.isInteger(capacity) || capacity < 2) {
    throw new SightlineError('ERR_USAGE', `a frame pool needs at least 2 frames but was given ${capacity}`);
  }
  const idle: Buffers[] = [];
  const waiters: ((slot: FrameSlot) => void)[] = [];
  let allocated = 0;
  const leaks = new FinalizationRegistry<{ label: string; buffers: Buffers }>(({ label, buffers }) => {
    options.onLeak?.(label);
    giveBack(buffers);
  });

  function take(): Buffers | undefined {
    const buffers = idle.pop();
    if (buffers !== undefined) return buffers;
    if (allocated === capacity) return undefined;
    allocated++;
    return allocateBuffers(options);
  }

  function giveBack(buffers: Buffers): void {
    const waiter = waiters.shift();
    if (waiter === undefined) idle.push(buffers);
    else waiter(slotOf(buffers));
  }

  function slotOf(buffers: Buffers): FrameSlot {
    let used = false;
    const use = (): void => {
      if (used)
        throw new SightlineError(
          'ERR_USAGE',
          `a frame slot of "${source.id}" was published or discarded twice`,
        );
      used = true;
    };
    return {
      input: buffers.input.data,
      ...(buffers.image !== undefined && { image: buffers.image.data }),
      publish(stamp) {
        use();
        const token = {};
        const frame = new PooledFrame(source, stamp, buffers, () => {
          leaks.unregister(token);
          giveBack(buffers);
        });
        leaks.register(frame, { label: `${source.id} frame ${stamp.index}`, buffers }, token);
        return frame;
      },
      discard() {
        use();
        giveBack(buffers);
      },
    };
  }

  return {
    capacity,
    get free() {
      return capacity - allocated + idle.length;
    },
    tryAcquire() {
      const buffers = take();
      return buffers === undefined ? undefined : slotOf(buffers);
    },
    async acquire(signal) {
      if (signal.aborted) throw aborted(source.id);
      const buffers = take();
      if (buffers !== undefined) return slotOf(buffers);
      return new Promise<FrameSlot>((resolve, reject) => {
        const onAbort = (): void => {
          waiters.splice(waiters.indexOf(waiter), 1);
          reject(aborted(source.id));
        };
        const waiter = (slot: FrameSlot): void => {
          signal.removeEventListener('abort', onAbort);
          resolve(slot);
        };
        signal.addEventListener('abort', onAbort, { once: true });
        waiters.push(waiter);
      });
    },
  };
}

class PooledFrame implements Frame {
  readonly sourceId: string;
  readonly epoch: number;
  readonly index: number;
  readonly ptsUs: number;
  readonly capturedAt: number;
  readonly width: number;
  readonly height: number;
  readonly letterbox;
  readonly #buffers: Buffers;
  readonly #onFree: () => void;
  #references = 1;

  constructor(source: SourceInfo, stamp: FrameStamp, buffers: Buffers, onFree: () => void) {
    this.sourceId = source.id;
    this.epoch = stamp.epoch;
    this.index = stamp.index;
    this.ptsUs = stamp.ptsUs;
    this.capturedAt = stamp.capturedAt;
    this.width = source.width;
    this.height = source.height;
    this.letterbox = source.letterbox;
    this.#buffers = buffers;
    this.#onFree = onFree;
  }

  get input(): PixelBuffer {
    return this.#alive().input;
  }

  get image(): PixelBuffer | undefined {
    return this.#alive().image;
  }

  retain(): Frame {
    this.#alive();
    this.#references++;
    return this;
  }

  release(): void {
    this.#alive();
    if (--this.#references === 0) this.#onFree();
  }

  #alive(): Buffers {
    if (this.#references > 0) return this.#buffers;
    throw new SightlineError(
      'ERR_USAGE',
      `frame ${this.index} of "${this.sourceId}" was used after its last release`,
    );
  }
}

function allocateBuffers({ source, request }: FramePoolOptions): Buffers {
  const { width, height } = request.input;
  const model: PixelBuffer = { format: 'rgb24', width, height, data: new Uint8Array(width * height * 3) };
  if (!request.image) return { input: model };
  const data = new Uint8Array(yuv420pBytes(source.width, source.height));
  return { input: model, image: { format: 'yuv420p', width: source.width, height: source.height, data } };
}

function aborted(id: string): SightlineError {
  return new SightlineError('ERR_ABORTED', `waiting for a free frame of "${id}" was aborted`);
}
