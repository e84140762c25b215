/** Frames of a pool, and what those are given who may not hold one. */
import type { Frame, FrameGeometry, FrameStamp } from '../contract/frame.js';
import type { PixelBuffer } from '../contract/picture.js';
import { SightlineError, toError } from '../errors.js';

/** The memory of one frame. */
export interface FrameBuffers {
  readonly input: PixelBuffer;
  readonly image?: PixelBuffer;
}

/** What a frame is besides its pixels. */
interface FrameFacts extends FrameStamp {
  readonly sourceId: string;
  readonly epoch: number;
  readonly geometry: FrameGeometry;
}

class BareFrame implements Frame {
  readonly sourceId: string;
  readonly epoch: number;
  readonly geometry: FrameGeometry;
  readonly index: number;
  readonly ptsUs: number;
  readonly capturedAt: number;

  constructor({ sourceId, epoch, geometry, index, ptsUs, capturedAt }: FrameFacts) {
    this.sourceId = sourceId;
    this.epoch = epoch;
    this.geometry = geometry;
    this.index = index;
    this.ptsUs = ptsUs;
    this.capturedAt = capturedAt;
  }

  get width(): number {
    return this.geometry.width;
  }

  get height(): number {
    return this.geometry.height;
  }

  get letterbox(): Frame['letterbox'] {
    return this.geometry.letterbox;
  }

  get input(): PixelBuffer {
    throw new SightlineError(
      'ERR_USAGE',
      `frame ${this.index} of "${this.sourceId}" came without pixels: a sink that needs them says "pixels: true"`,
    );
  }

  get image(): PixelBuffer | undefined {
    return undefined;
  }

  retain(): Frame {
    return this;
  }

  release(): void {
    // There is nothing to give back.
  }
}

/** A frame with counted references to the buffers of a pool. */
export class PooledFrame extends BareFrame {
  readonly #buffers: FrameBuffers;
  readonly #onFree: (abandoned: boolean) => void;
  #references = 1;
  #abandoned = false;
  #handedOver = false;

  /** @param onFree called once; `abandoned` if the buffers may still be in use and are not to be given to another frame. */
  constructor(facts: FrameFacts, buffers: FrameBuffers, onFree: (abandoned: boolean) => void) {
    super(facts);
    this.#buffers = buffers;
    this.#onFree = onFree;
  }

  override get input(): PixelBuffer {
    return this.#alive().input;
  }

  override get image(): PixelBuffer | undefined {
    return this.#alive().image;
  }

  override retain(): Frame {
    this.#alive();
    this.#references++;
    return this;
  }

  override release(): void {
    this.#alive();
    if (--this.#references === 0 && !this.#abandoned) this.#onFree(false);
  }

  /** Takes the frame out of its pool for good, as somebody who hangs may read it at any time. References stay valid. */
  abandon(): void {
    if (this.#abandoned || this.#references === 0) return;
    this.#abandoned = true;
    this.#onFree(true);
  }

  /** Notes that its source has delivered it. @returns false if it was delivered or released before. */
  handOver(): boolean {
    if (this.#handedOver || this.#references === 0) return false;
    this.#handedOver = true;
    return true;
  }

  #alive(): FrameBuffers {
    if (this.#references > 0) return this.#buffers;
    throw new SightlineError(
      'ERR_USAGE',
      `frame ${this.index} of "${this.sourceId}" was used after its last release`,
    );
  }
}

/** Lets go of a frame that somebody may have released for us. @returns what is wrong then. */
export function releaseOnce(frame: Frame): Error | undefined {
  try {
    frame.release();
    return undefined;
  } catch (error) {
    return toError(error);
  }
}

/** The same frame without pixels: costs nothing to hold. */
export function withoutPixels(frame: Frame): Frame {
  return new BareFrame(frame);
}
