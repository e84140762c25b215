/** Options of a detector and their checks, apart from it so that a process that only hosts one loads no native code. */
import { SightlineError } from '../errors.js';
import { type InputSize, isInputSize, SIZE_RULE } from '../geometry/input-size.js';
import type { DetectorInfo, ModelInput } from '../contract/detector.js';
import type { GpuOptions } from './backends/backend.js';
import { classThresholds } from './class-filter.js';
import { type ComputePrecision, deviceForPrecision } from './compute-precision.js';
import type { ModelManifest } from './architectures/base-manifest.js';
import { loadManifestAt } from './read-network.js';

/** What to load and which objects to report. */
export interface DetectorOptions {
  /** Folder with model.json and its weights. */
  readonly modelDir: string;
  /** `auto`, `cpu`, `cuda`, …: what `loadNetwork` knows; or `fake`, see `createFakeNetwork`. */
  readonly device: string;
  /** Size of the network's input, multiples of 32; the model's own if not given. */
  readonly size?: InputSize | undefined;
  /** Threads of the backend on the CPU; its own choice if not given. */
  readonly threads?: number | undefined;
  readonly gpu?: GpuOptions | undefined;
  /** What the network computes in; float32 if not given. bfloat16 is there on `tensorflow:cpu`. */
  readonly precision?: ComputePrecision | undefined;
  /** Modules that the inference process imports first: paths or package names. */
  readonly modules?: readonly string[] | undefined;
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

/** Most detections of a frame if nothing else is asked for. */
export const MAX_DETECTIONS = 300;

/**
 * Checks options against the model's manifest, without loading the model.
 * @throws SightlineError ERR_USAGE, ERR_MODEL_NOT_FOUND, ERR_MODEL_INVALID
 */
export async function checkDetectorOptions(options: DetectorOptions): Promise<void> {
  checkNumbers(options);
  deviceForPrecision(options.device, options.precision);
  thresholdsOf(await loadManifestAt(options.modelDir, options.size), options);
}

/** Checks the number and the sizes of a call's inputs. @throws SightlineError ERR_USAGE */
export function checkInputs(inputs: readonly ModelInput[], { geometry, maxBatch }: DetectorInfo): void {
  const { width, height } = geometry;
  if (inputs.length === 0 || inputs.length > maxBatch) {
    throw new SightlineError(
      'ERR_USAGE',
      `a batch holds 1 to ${maxBatch} frames, this one ${inputs.length}; ask for a larger maxBatch`,
    );
  }
  for (const { pixels, letterbox } of inputs) {
    const fits = letterbox.inputWidth === width && letterbox.inputHeight === height;
    if (fits && pixels.length === width * height * 3) continue;
    throw new SightlineError(
      'ERR_USAGE',
      `the network wants ${width}x${height} rgb24 (${width * height * 3} bytes), got ${letterbox.inputWidth}x` +
        `${letterbox.inputHeight} (${pixels.length} bytes)`,
    );
  }
}

/**
 * The least score of each class id of a model.
 * @throws SightlineError ERR_USAGE
 */
export function thresholdsOf(manifest: ModelManifest, options: DetectorOptions): Float64Array {
  return classThresholds(manifest.classes, {
    ...options,
    confidence: options.confidence ?? manifest.defaults.confidence,
  });
}

function checkNumbers({ iou, maxBatch, maxDetections, size, threads }: DetectorOptions): void {
  if (size !== undefined && !isInputSize(size)) {
    throw new SightlineError(
      'ERR_USAGE',
      `the network's size must be ${SIZE_RULE}; got ${size.width}x${size.height}`,
    );
  }
  if (iou !== undefined && !(iou >= 0 && iou <= 1)) {
    throw new SightlineError('ERR_USAGE', `iou must be a number from 0 to 1, got ${iou}`);
  }
  for (const [name, value, most] of [
    ['maxBatch', maxBatch, 256],
    ['maxDetections', maxDetections ?? MAX_DETECTIONS, 100_000],
    ['threads', threads ?? 1, 256],
  ] as const) {
    if (Number.isInteger(value) && value >= 1 && value <= most) continue;
    throw new SightlineError('ERR_USAGE', `${name} must be a whole number from 1 to ${most}, got ${value}`);
  }
}
