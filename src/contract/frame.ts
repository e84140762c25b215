/** Frames: pixels of a pool with their place in time, and the pool that bounds them. */
import type { Letterbox, PixelBuffer } from './picture.js';

/**
 * One decoded frame. Its pixels belong to a pool: whoever keeps a frame past the call that handed it over calls
 * `retain`, and every holder calls `release` exactly once. After the last release the pixels are reused.
 */
export interface Frame {
  readonly sourceId: string;
  /** Grows by one when the clock of a live stream restarts. */
  readonly epoch: number;
  /** Position among the decoded frames of the source, from 0. */
  readonly index: number;
  /** Presentation time in microseconds, in the source's own timeline. */
  readonly ptsUs: number;
  /** Wall clock at arrival in milliseconds since 1970: a label, never used to measure time. */
  readonly capturedAt: number;
  readonly width: number;
  readonly height: number;
  readonly letterbox: Letterbox;
  /** rgb24 at the network's size, letterboxed. */
  readonly input: PixelBuffer;
  /** yuv420p at source size; there only if a sink asked for pictures. */
  readonly image?: PixelBuffer | undefined;
  retain(): Frame;
  release(): void;
}

/** What tells a frame from every other one of a run. */
export type FrameKey = Pick<Frame, 'sourceId' | 'epoch' | 'index'>;

/** What a source knows about the frame that it put into a slot. */
export interface FrameStamp {
  readonly epoch: number;
  readonly index: number;
  readonly ptsUs: number;
  readonly capturedAt: number;
}

/** An empty pooled buffer to be filled by a source. Exactly one of `publish` and `discard` must be called. */
export interface FrameSlot {
  readonly input: Uint8Array;
  readonly image?: Uint8Array;
  publish(stamp: FrameStamp): Frame;
  discard(): void;
}

/** The fixed number of buffers that bounds the memory of one source. */
export interface FramePool {
  readonly capacity: number;
  /** Waits for a free slot; rejects when `signal` aborts. */
  acquire(signal: AbortSignal): Promise<FrameSlot>;
  /** A free slot now, or undefined. */
  tryAcquire(): FrameSlot | undefined;
}

/** What the pipeline asks of a source when it opens it. */
export interface FrameRequest {
  readonly input: InputGeometry;
  /** Whether full-size pictures are wanted too. */
  readonly image: boolean;
}

/** What the network wants to be fed with. */
export interface InputGeometry {
  readonly width: number;
  readonly height: number;
  /** Grey level of the letterbox borders, 0 to 255. */
  readonly pad: number;
  readonly kernel: 'area' | 'bicubic' | 'bilinear';
}
