/**
 * The interfaces of the stages: what a source, a detector, a tracker, analytics and a sink are to the pipeline, and how they
 * sum up what became of a run.
 */
import type { AnalyticsEvent, AnalyticsState, AnalyticsTotals, HeatMapSnapshot } from './events.js';
import type { Detection, Frame, FrameResult, Letterbox, SourceInfo, Track } from './types.js';

/** What the network wants to be fed with. */
export interface ModelGeometry {
  readonly width: number;
  readonly height: number;
  /** Grey level of the letterbox borders, 0 to 255. */
  readonly pad: number;
  readonly kernel: 'area' | 'bicubic' | 'bilinear';
}

/** What the pipeline asks of a source when it opens it. */
export interface FrameRequest {
  readonly model: ModelGeometry;
  /** Whether full-size pictures are wanted too. */
  readonly picture: boolean;
}

/** An empty pooled buffer to be filled by a source. Exactly one of `publish` and `discard` must be called. */
export interface FrameSlot {
  readonly model: Uint8Array;
  readonly picture?: Uint8Array;
  publish(stamp: FrameStamp): Frame;
  discard(): void;
}

/** What a source knows about the frame that it put into a slot. */
export interface FrameStamp {
  readonly epoch: number;
  readonly index: number;
  readonly ptsUs: number;
  readonly capturedAt: number;
}

/** The fixed number of buffers that bounds the memory of one source. */
export interface FramePool {
  readonly capacity: number;
  /** Waits for a free slot; rejects when `signal` aborts. */
  acquire(signal: AbortSignal): Promise<FrameSlot>;
  /** A free slot now, or undefined. */
  tryAcquire(): FrameSlot | undefined;
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

/** Pixels for the network, and where the picture lies in them. */
export interface ModelInput {
  /** rgb24, `modelWidth × modelHeight × 3` bytes; only read during the call. */
  readonly pixels: Uint8Array;
  readonly letterbox: Letterbox;
  /** Which frame it is; for detectors that look up what they know instead of looking at pixels. */
  readonly frame?: FrameKey;
}

/** What tells a frame from every other one of a run. */
export type FrameKey = Pick<Frame, 'sourceId' | 'epoch' | 'index'>;

/** What runs where; stands in the summary, in `doctor`, in health and in the hello message. */
export interface DetectorInfo {
  readonly model: string;
  readonly backend: string;
  readonly device: string;
  readonly precision: string;
  /** Version of the inference runtime. */
  readonly version: string;
  /** Why this device was taken, in one line. */
  readonly reason: string;
  readonly geometry: ModelGeometry;
  readonly classes: readonly string[];
  readonly maxBatch: number;
  /** Nothing of this ran: its detections come from a recording. */
  readonly replayed?: boolean;
}

/** Detections of one frame; `invalid` counts anchors thrown away because they held NaN or infinity. */
export interface DetectedFrame {
  readonly detections: readonly Detection[];
  readonly invalid: number;
}

/** Finds objects in a batch of frames. One call at a time. */
export interface Detector {
  readonly info: DetectorInfo;
  /** @returns one entry per input, in the same order. */
  detect(inputs: readonly ModelInput[]): Promise<readonly DetectedFrame[]>;
  close(): Promise<void>;
}

/** What follows the objects of a run. */
export interface TrackingInfo {
  readonly tracker: string;
  /** Under the names of docs/tracking.md; what is not named has its default. */
  readonly parameters: Readonly<Record<string, number | boolean | string>>;
}

/** What a tracker makes of one frame. */
export interface TrackerUpdate {
  /** Confirmed tracks first, then lost ones at their predicted place. */
  readonly tracks: readonly Track[];
  readonly ended: readonly Track[];
}

/** Follows objects through one source. Pure: the same calls give the same answers. */
export interface Tracker {
  /** Whether `update` makes use of a picture. */
  readonly usesPicture: boolean;
  /**
   * @param ptsUs media time of the frame; must not go backwards (call `flush` where a stream's clock restarts).
   * @param picture the network's input and where the picture lies in it; only read during the call.
   */
  update(
    detections: readonly Detection[],
    ptsUs: number,
    picture?: Pick<Frame, 'model' | 'letterbox'>,
  ): TrackerUpdate;
  /** Ends all tracks. Times may start anew afterwards; ids go on and are never given again. @returns the tracks that ended. */
  flush(): readonly Track[];
}

/** Analytics of one source. Pure: the same calls give the same answers. */
export interface Analytics {
  /** Takes the next result of the source. A new epoch, or time that goes back, ends all tracks first. */
  update(result: FrameResult): readonly AnalyticsEvent[];
  /** No more results will come. Call once. */
  finish(): readonly AnalyticsEvent[];
  state(): AnalyticsState;
  /** Undefined if no heat map is asked for. */
  heatMap(): HeatMapSnapshot | undefined;
}

/** The part of a sink that belongs to one source. */
export interface SinkStream {
  /**
   * Takes one result; the promise settles when the sink can take more. The sink may use the result, pixels included,
   * until then; it must not change the pixels of `frame.picture`.
   */
  write(result: FrameResult): Promise<void>;
  /**
   * No more results will come. Settles when everything is written.
   * @param outcome whether the source came to its own end.
   * @param events what analytics had left to tell after the last result.
   * @param heatMap where objects spent their time, if that was asked for.
   */
  end(outcome: SourceOutcome, events?: readonly AnalyticsEvent[], heatMap?: HeatMapSnapshot): Promise<void>;
  /** One line about what was left behind, for the summary. */
  describe?(): string | undefined;
}

/** How a source ended: by itself, because the run was stopped, or by an error. */
export type SourceOutcome = 'completed' | 'stopped' | 'failed';

/**
 * A consumer of results. `wait`: results queue (the frame pool bounds the queue) and nothing is lost.
 * `latest`: while the sink is busy, only the newest result is kept for it; the others are counted as skipped.
 */
export interface Sink {
  readonly name: string;
  readonly policy: 'wait' | 'latest';
  /** Whether `frame.picture` is needed. */
  readonly picture: boolean;
  /** Called once before anything is decoded, to claim or check what will be needed. @throws SightlineError */
  prepare?(): Promise<void>;
  open(source: SourceInfo, detector: DetectorInfo, tracking?: TrackingInfo): Promise<SinkStream>;
  /** Called once after every stream has ended. */
  close(summary: RunSummary): Promise<void>;
}

/** Why a decoded frame was not emitted. */
export type DropReason = 'inference-lost' | 'stopped';

/** Where the frames of one source went. `decoded = emitted + failed + inFlight + sum(dropped)` holds at any time. */
export interface FrameLedger {
  readonly decoded: number;
  readonly emitted: number;
  readonly failed: number;
  readonly inFlight: number;
  readonly dropped: Readonly<Record<DropReason, number>>;
}

/** What became of one source. */
export interface SourceSummary {
  readonly id: string;
  readonly uri: string;
  readonly outcome: SourceOutcome;
  readonly error?: Error;
  readonly frames: FrameLedger;
  readonly decodeErrors: number;
  readonly invalidAnchors: number;
  readonly detections: number;
  readonly tracks: number;
  /** Media time from the first to the last emitted frame, of each epoch, added up. */
  readonly mediaUs: number;
  readonly sinks: readonly SinkSummary[];
  /** How lines and zones stood at the end; absent where there is no analytics. */
  readonly analytics?: AnalyticsTotals;
  /** Where objects spent their time; absent if no heat map was asked for. */
  readonly heatMap?: HeatMapSnapshot;
}

/** What became of one sink of one source. */
export interface SinkSummary {
  readonly name: string;
  readonly written: number;
  readonly skipped: number;
  readonly note?: string;
  readonly error?: Error;
}

/** What became of a run. */
export interface RunSummary {
  readonly detector: DetectorInfo;
  readonly sources: readonly SourceSummary[];
  /** Times that the inference process had to be started again. */
  readonly inferenceRestarts: number;
  readonly elapsedMs: number;
}

/** Where log lines go; a subset of pino's interface. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
