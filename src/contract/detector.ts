/** Detectors: what finds objects in frames. */
import type { FrameKey, InputGeometry } from './frame.js';
import type { Box, Letterbox } from './picture.js';

/** One found object. `confidence` is objectness times class probability, 0 to 1. */
export interface Detection {
  readonly box: Box;
  readonly classId: number;
  readonly label: string;
  readonly confidence: number;
}

/** Pixels for the network, and where the picture lies in them. */
export interface ModelInput {
  /** rgb24, `inputWidth × inputHeight × 3` bytes; only read during the call. */
  readonly pixels: Uint8Array;
  readonly letterbox: Letterbox;
  /** Which frame it is; for detectors that look up what they know instead of looking at pixels. */
  readonly frame?: FrameKey;
}

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
  readonly geometry: InputGeometry;
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
  /** The run is ending: what is left is little, and nothing that hangs is worth a new start. May be called again. */
  windDown?(): void;
  close(): Promise<void>;
}
