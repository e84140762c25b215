/** Sources: where frames come from, and what they tell about themselves. */
import type { Frame, FramePool, FrameRequest } from './frame.js';
import type { ColourInfo, Letterbox, Rational } from './picture.js';

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

/** State changes of a source. */
export type SourceState = 'connecting' | 'running' | 'stalled' | 'reconnecting' | 'ended' | 'failed';

/** Something that happened to a source; errors of a source are values, they do not end other sources. */
export interface SourceEvent {
  readonly sourceId: string;
  readonly state: SourceState;
  readonly error?: Error;
}

/** A producer of frames. */
export interface Source {
  readonly id: string;
  /** Looks at the input and says what it is. @throws SightlineError if it cannot be used. */
  open(request: FrameRequest, signal: AbortSignal): Promise<SourceInfo>;
  /**
   * Decodes until the end of the stream; call once, after `open`. Returning early from the iteration, or aborting
   * `signal`, ends everything that was started. The consumer owns one reference to each frame.
   * @throws SightlineError when decoding cannot go on; frames delivered before stay valid.
   */
  frames(pool: FramePool, signal: AbortSignal): AsyncIterable<Frame>;
  /** False if frames have no pixels: they are replayed from records. */
  readonly hasPixels?: boolean;
  /** Damaged frames or packets that the decoder could not deliver so far; they never became frames. */
  readonly decodeErrors: number;
}
