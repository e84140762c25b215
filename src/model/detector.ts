import { SightlineError } from '../errors.js';
import type { Detector } from '../types.js';

/** What to load and which objects to report. */
export interface DetectorOptions {
  /** Folder with model.json and its weights. */
  readonly modelDir: string;
  /** `auto`, `cpu`, `cuda`, …: what `loadNetwork` knows. */
  readonly device: string;
  /** Threads of the backend on the CPU; its own choice if not given. */
  readonly threads?: number | undefined;
  /** Most frames of one call to `detect`. */
  readonly maxBatch: number;
  /** Least confidence of a detection, 0 to 1; the model's own if not given. */
  readonly confidence?: number | undefined;
  /** Boxes that overlap a better one by more than this are dropped, 0 to 1; the model's own if not given. */
  readonly iou?: number | undefined;
  /** Names of the classes to report; all if not given. */
  readonly classes?: readonly string[] | undefined;
  /** Least confidence by class name, instead of `confidence`. */
  readonly classConfidence?: Readonly<Record<string, number>> | undefined;
  /** Whether boxes of different classes suppress each other; not by default. */
  readonly agnostic?: boolean | undefined;
  /** Most detections of one frame, best first; 300 if not given. */
  readonly maxDetections?: number | undefined;
}

/** Loads a model into this process. */
export function createDetector(options: DetectorOptions): Promise<Detector> {
  return Promise.reject(new SightlineError('ERR_BACKEND_UNAVAILABLE', `cannot load ${options.modelDir} yet`));
}
