/**
 * The values and interfaces that stages of the pipeline hand to each other.
 *
 * Everything here is a plain shape: sources, models, trackers and sinks know these and not each other. Units stand in
 * the names. Boxes are always in source pixels: the picture as a person sees it, rotation applied, pixel aspect not.
 */
import type { AnalyticsEvent, AnalyticsTotals } from './events.js';

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
 * `modelWidth` × `modelHeight`. The two axes may be scaled differently: anamorphic video is shown to the network with
 * square pixels.
 */
export interface Letterbox {
  readonly modelWidth: number;
  readonly modelHeight: number;
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
  readonly model: PixelBuffer;
  /** yuv420p at source size; there only if a sink asked for pictures. */
  readonly picture?: PixelBuffer | undefined;
  retain(): Frame;
  release(): void;
}

/** One found object. `confidence` is objectness times class probability, 0 to 1. */
export interface Detection {
  readonly box: Box;
  readonly classId: number;
  readonly label: string;
  readonly confidence: number;
}

/** An object followed over time. */
export interface Track extends Detection {
  /** From 1, unique within its source for the whole run. */
  readonly trackId: number;
  readonly state: 'tentative' | 'confirmed' | 'lost';
  /** Media time since the track's first frame. */
  readonly ageUs: number;
  /** Velocity of the box centre in source pixels per second of media time. */
  readonly velocity: { readonly x: number; readonly y: number };
}

/** Where the time of one frame went, in milliseconds of the monotonic clock. */
export interface Timing {
  readonly queueMs: number;
  readonly inferenceMs: number;
  readonly trackMs: number;
}

/** All that is known about one frame; what sinks receive. */
export interface FrameResult {
  readonly frame: Frame;
  readonly detections: readonly Detection[];
  /** Confirmed tracks first, then lost ones at their predicted place. */
  readonly tracks: readonly Track[];
  /** Tracks that ended with this frame. */
  readonly ended: readonly Track[];
  readonly timing: Timing;
  /** What analytics made of this frame; absent where there is none. An event may tell of an earlier moment: see its `ptsUs`. */
  readonly events?: readonly AnalyticsEvent[];
  /** How lines and zones stand; the same object as long as nothing has changed. */
  readonly totals?: AnalyticsTotals;
}

/** What a source says about itself once it is open. */
export interface SourceInfo {
  readonly id: string;
  /** Path or URL without credentials. */
  readonly uri: string;
  readonly live: boolean;
  readonly width: number;
  readonly height: number;
  /** Shape of a stored pixel, width : height; 1/1 for nearly all video. */
  readonly pixelAspect: Rational;
  /** Seconds per tick of the stream's timestamps. */
  readonly timeBase: Rational;
  /** Average rate as the container states it, if it does. */
  readonly frameRate?: Rational;
  /** Time of the first frame. */
  readonly startUs: number;
  readonly durationUs?: number;
  /** Frames that will be delivered if all goes well, after `start`, `duration`, `stride` and `maxFrames`. */
  readonly expectedFrames?: number;
  /** Names of the audio codecs, in stream order. */
  readonly audioCodecs: readonly string[];
  readonly colour: ColourInfo;
  readonly letterbox: Letterbox;
}

/** Colour tags of the decoded picture in ffmpeg's names; absent when the file does not say. */
export interface ColourInfo {
  readonly range?: string;
  readonly space?: string;
  readonly primaries?: string;
  readonly transfer?: string;
}

/** State changes of a source. */
export type SourceState = 'connecting' | 'running' | 'stalled' | 'reconnecting' | 'ended' | 'failed';

/** Something that happened to a source; errors of a source are values, they do not end other sources. */
export interface SourceEvent {
  readonly sourceId: string;
  readonly state: SourceState;
  readonly error?: Error;
}
