/** What a picture is, and where things lie in it. Boxes are always in source pixels: the picture as a person sees it, rotation
 * applied, pixel aspect not. */

/** A fraction such as a time base (seconds per tick) or a frame rate (frames per second). */
export interface Rational {
  readonly num: number;
  readonly den: number;
}

/** An axis-aligned rectangle, x to the right and y down, `x1 < x2` and `y1 < y2`. */
export interface Box {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
}

/**
 * Where a picture lies inside the network's input.
 *
 * The picture of `sourceWidth` × `sourceHeight` was scaled to `width` × `height` and put at (`x`, `y`) of a canvas of
 * `inputWidth` × `inputHeight`. The two axes may be scaled differently: anamorphic video is shown to the network with
 * square pixels.
 */
export interface Letterbox {
  readonly inputWidth: number;
  readonly inputHeight: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly sourceWidth: number;
  readonly sourceHeight: number;
}

/** Pixels in a pooled buffer: packed RGB rows, or the three planes of 4:2:0 one after another (chroma rounded up). */
export interface PixelBuffer {
  readonly format: 'rgb24' | 'yuv420p';
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** How `Frame.image` stores colours, in ffmpeg's names; absent when the file does not say. */
export interface ColourInfo {
  readonly range?: string;
  readonly space?: string;
  readonly primaries?: string;
  readonly transfer?: string;
}
