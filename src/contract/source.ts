/** Sources: where frames come from, and what they tell about themselves. */
import type { Frame, FrameGeometry, FramePool, FrameRequest } from './frame.js';
import type { Rational } from './picture.js';

/** What a source says about itself once it is open. Its geometry is that of the first epoch. */
export interface SourceInfo extends FrameGeometry {
  readonly id: string;
  /** Path or URL without credentials. */
  readonly uri: string;
  readonly live: boolean;
  /** Seconds per tick of the stream's timestamps. */
  readonly timeBase: Rational;
  /** Average rate as the container states it, if it does. */
  readonly frameRate?: Rational;
  /** Time of the first frame. */
  readonly startUs: number;
  readonly durationUs?: number;
  /** Frames that will be delivered if all goes well, after `start`, `duration`, `stride` and `maxFrames`. */
  readonly expectedFrames?: number;
  /** Present where the source ends after a given time or number of frames: the input may go on. */
  readonly limited?: true;
  /** Names of the audio codecs, in stream order. */
  readonly audioCodecs: readonly string[];
}

/**
 * Where a source is in its life. `stalled`, `reconnecting` and `running` may alternate; `ended` and `failed` are final.
 * `removed` follows when the source was taken out of a run that goes on: what is known of it may be forgotten.
 */
export type SourceState =
  'connecting' | 'running' | 'stalled' | 'reconnecting' | 'ended' | 'failed' | 'removed';

/** A change of a source's state. Errors of a source are values: they do not end other sources. */
export interface SourceStatus {
  readonly sourceId: string;
  readonly state: SourceState;
  /** Wall clock of the change in milliseconds since 1970: a label. */
  readonly atMs: number;
  /** Why, as a stable name such as ERR_SOURCE_DECODE; absent where there is nothing to explain. */
  readonly code?: string;
  /** Why, in one line without credentials. */
  readonly reason?: string;
}

/** What a source tells of itself while it delivers frames; the other states are the pipeline's to tell. */
export interface SourceReport {
  readonly state: 'running' | 'stalled' | 'reconnecting';
  readonly code?: string;
  readonly reason?: string;
}

/**
 * What becomes of a frame for which all buffers of the source are in use. `wait`: the source waits, nothing is lost.
 * `latest`: of the frames that wait for the detector the oldest gives its place up, and is counted as dropped.
 */
export type Overload = 'wait' | 'latest';

/** A producer of frames. */
export interface Source {
  readonly id: string;
  /** Whether its frames come when they come: it never waits its turn, and its overload policy is `latest`. */
  readonly live?: boolean;
  /** Instead of the policy that goes with `live`. */
  readonly overload?: Overload;
  /**
   * Looks at the input and says what it is.
   * @param report takes changes of state that the source deals with itself; may be called until `frames` has ended.
   * @throws SightlineError if it cannot be used.
   */
  open(
    request: FrameRequest,
    signal: AbortSignal,
    report: (report: SourceReport) => void,
  ): Promise<SourceInfo>;
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
