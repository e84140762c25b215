/**
 * The fixed set of buffers that bounds the memory of one source.
 *
 * RxJS has no backpressure, so the pool is it: a source cannot decode into a buffer that is still in use, and waits.
 */
import type { Frame, FrameGeometry, FramePool, FrameRequest, FrameSlot } from '../contract/frame.js';
import type { PixelBuffer } from '../contract/picture.js';
import { SightlineError } from '../errors.js';
import { type FrameBuffers, PooledFrame } from './pooled-frame.js';

/** What the buffers of a pool look like. */
export interface FramePoolOptions {
  readonly sourceId: string;
  /** Number of frames that can exist at once, at least 2. */
  readonly capacity: number;
  /** Geometry of the first epoch. */
  readonly geometry: FrameGeometry;
  readonly request: FrameRequest;
  /** Asked when all buffers are in use: gives one up if it can. Without it the source waits. */
  readonly makeRoom?: () => boolean;
  /**
   * Told the number of the oldest frame that is held each time that the source has waited `STUCK_MS` for one to come free;
   * undefined if there is none: the source itself has them all.
   */
  readonly onStuck?: (index: number | undefined) => void;
  /** Told the label of a frame that was garbage collected while still retained: a bug of its holder. */
  readonly onLeak?: (label: string) => void;
}

/** The pool as the pipeline sees it. */
export interface OwnedFramePool extends FramePool {
  /** Frames that could be taken at once; `capacity` when nobody holds one. */
  readonly free: number;
  /** Makes room for more frames. */
  grow(by: number): void;
}

/** Bytes that one frame of such a pool holds. */
export function bytesPerFrame({ width, height }: FrameGeometry, request: FrameRequest): number {
  const input = request.input.width * request.input.height * 3;
  return request.image ? input + yuv420pBytes(width, height) : input;
}

/** Size of a 4:2:0 picture; odd sizes round chroma up, as ffmpeg does. */
export function yuv420pBytes(width: number, height: number): number {
  return width * height + 2 * Math.ceil(width / 2) * Math.ceil(height / 2);
}

/** Waiting so long for a frame to come free is worth a word. */
export const STUCK_MS = 10_000;

/** Makes a pool. Buffers are allocated when first needed and then reused as long as the geometry stays. */
export function createFramePool(options: FramePoolOptions): OwnedFramePool {
  const { sourceId, request } = options;
  let { capacity } = options;
  if (!Number.isInteger(capacity) || capacity < 2) {
    throw new SightlineError('ERR_USAGE', `a frame pool needs at least 2 frames but was given ${capacity}`);
  }
  const idle: FrameBuffers[] = [];
  const waiters: (() => void)[] = [];
  /** Numbers of the frames that somebody holds, oldest first. */
  const held = new Set<number>();
  mustBeGeometry(sourceId, options.geometry);
  let geometry = options.geometry;
  let epoch = 0;
  let inUse = 0;
  const leaks = new FinalizationRegistry<string>((label) => {
    options.onLeak?.(label);
    // Its buffers went with it.
    leave();
  });

  function take(): FrameSlot | undefined {
    if (inUse === capacity && options.makeRoom?.() !== true) return undefined;
    if (inUse === capacity) return undefined;
    inUse++;
    return slotOf(idle.pop() ?? allocateBuffers(geometry, request));
  }

  /** One frame less is in use. */
  function leave(): void {
    inUse--;
    waiters.shift()?.();
  }

  function giveBack(buffers: FrameBuffers, of: FrameGeometry): void {
    if (of === geometry) idle.push(buffers);
    leave();
  }

  function slotOf(buffers: FrameBuffers): FrameSlot {
    const own = { epoch, geometry };
    let used = false;
    const use = (): void => {
      if (used)
        throw new SightlineError(
          'ERR_USAGE',
          `a frame slot of "${sourceId}" was published or discarded twice`,
        );
      used = true;
    };
    return {
      input: buffers.input.data,
      ...(buffers.image !== undefined && { image: buffers.image.data }),
      publish(stamp): Frame {
        use();
        const token = {};
        const frame = new PooledFrame({ sourceId, ...own, ...stamp }, buffers, (abandoned) => {
          leaks.unregister(token);
          held.delete(stamp.index);
          if (abandoned) leave();
          else giveBack(buffers, own.geometry);
        });
        held.add(stamp.index);
        leaks.register(frame, `${sourceId} frame ${stamp.index}`, token);
        return frame;
      },
      discard() {
        use();
        giveBack(buffers, own.geometry);
      },
    };
  }

  return {
    get capacity() {
      return capacity;
    },
    grow(by) {
      capacity += by;
      for (const wake of waiters.splice(0)) wake();
    },
    get free() {
      return capacity - inUse;
    },
    get epoch() {
      return epoch;
    },
    beginEpoch(next = geometry) {
      mustBeGeometry(sourceId, next);
      if (next !== geometry) idle.length = 0;
      geometry = next;
      return ++epoch;
    },
    tryAcquire: take,
    async acquire(signal) {
      for (;;) {
        if (signal.aborted) throw aborted(sourceId);
        const slot = take();
        if (slot !== undefined) return slot;
        const stuck = setInterval(() => {
          const [oldest] = held;
          options.onStuck?.(oldest);
        }, STUCK_MS);
        await untilRoom(waiters, signal);
        clearInterval(stuck);
      }
    },
  };
}

/** Settles when there may be room again, or `signal` aborts. */
function untilRoom(waiters: (() => void)[], signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = (): void => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    };
    const onAbort = (): void => {
      waiters.splice(waiters.indexOf(wake), 1);
      resolve();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    waiters.push(wake);
  });
}

function allocateBuffers({ width, height }: FrameGeometry, request: FrameRequest): FrameBuffers {
  const { width: inputWidth, height: inputHeight } = request.input;
  const input: PixelBuffer = {
    format: 'rgb24',
    width: inputWidth,
    height: inputHeight,
    data: new Uint8Array(inputWidth * inputHeight * 3),
  };
  if (!request.image) return { input };
  return {
    input,
    image: { format: 'yuv420p', width, height, data: new Uint8Array(yuv420pBytes(width, height)) },
  };
}

function aborted(id: string): SightlineError {
  return new SightlineError('ERR_ABORTED', `waiting for a free frame of "${id}" was aborted`);
}

/** Sources of others may be written without types. @throws SightlineError ERR_USAGE */
export function mustBeGeometry(id: string, geometry: Partial<FrameGeometry> | undefined): void {
  const { width = 0, height = 0, letterbox } = geometry ?? {};
  const isSize = [width, height].every((side) => Number.isSafeInteger(side) && side > 0);
  if (isSize && letterbox !== undefined && geometry?.pixelAspect !== undefined) return;
  throw new SightlineError(
    'ERR_USAGE',
    `"${id}" does not say what its images are: "width", "height", "pixelAspect" and "letterbox" are needed`,
  );
}
