/** Frames: pixels of a pool with their place in time, and the pool that bounds them. */
import type { ColourInfo, Letterbox, PixelBuffer, Rational } from './picture.js';

/**
 * One decoded frame. Its pixels belong to a pool: whoever keeps a frame past the call that handed it over calls
 * `retain`, and every holder calls `release` exactly once. After the last release the pixels are reused.
 */
export interface Frame {
  readonly sourceId: string;
  /** Counts the unbroken stretches of a source from 0: see {@link FramePool.beginEpoch}. */
  readonly epoch: number;
  /** What the images of this epoch look like; the same object for all of its frames. */
  readonly geometry: FrameGeometry;
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
  /** yuv420p at source size; there only if a sink asked for pixels. */
  readonly image?: PixelBuffer | undefined;
  retain(): Frame;
  release(): void;
}

/** What all images of one epoch have in common. */
export interface FrameGeometry {
  readonly width: number;
  readonly height: number;
  /** Shape of a stored pixel, width : height; 1/1 for nearly all video. */
  readonly pixelAspect: Rational;
  readonly colour: ColourInfo;
  readonly letterbox: Letterbox;
}

/** An unbroken stretch of a source: one clock that goes forward, one geometry. */
export interface Epoch {
  readonly number: number;
  readonly geometry: FrameGeometry;
  /** Time of its first frame. */
  readonly startUs: number;
}

/** What tells a frame from every other one of a run. */
export type FrameKey = Pick<Frame, 'sourceId' | 'epoch' | 'index'>;

/** What a source knows about the frame that it put into a slot. */
export interface FrameStamp {
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

/**
 * The fixed number of buffers that bounds the memory of one source. It belongs to the pipeline, which decides by the
 * source's overload policy what becomes of a frame for which there is no room.
 */
export interface FramePool {
  readonly capacity: number;
  /** Number of the epoch that slots taken now belong to. */
  readonly epoch: number;
  /**
   * Frames of slots that are taken from now on have another clock (timestamps may be anywhere) and, if given, another
   * geometry. Tracks end and sinks are told with the first of these frames.
   * @returns the number of the epoch.
   */
  beginEpoch(geometry?: FrameGeometry): number;
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
  /** `letterbox` keeps the picture's shape and is meant if nothing is said; `stretch` fills the whole input. */
  readonly fit?: 'letterbox' | 'stretch' | undefined;
  /** Where a letterboxed picture lies; in the centre if nothing is said. */
  readonly placement?: 'centre' | 'top-left' | undefined;
}
