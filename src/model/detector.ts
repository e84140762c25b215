import { SightlineError } from '../errors.js';
import type { DetectedFrame, Detection, Detector, DetectorInfo, ModelInput } from '../types.js';
import type { Backend } from './backends/backend.js';
import { createFakeBackend, FAKE_DEVICE } from './backends/fake.js';
import { classThresholds } from './class-filter.js';
import { type Candidates, Decoder } from './decode.js';
import { type LoadedNetwork, loadNetwork } from './load-network.js';
import { loadManifest, type ModelManifest } from './manifest.js';
import { Suppressor } from './nms.js';
import { sourceTransformOf } from './box-transform.js';

/** What to load and which objects to report. */
export interface DetectorOptions {
  /** Folder with model.json and its weights. */
  readonly modelDir: string;
  /** `auto`, `cpu`, `cuda`, …: what `loadNetwork` knows; or `fake`, see `createFakeBackend`. */
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

const MAX_DETECTIONS = 300;

/**
 * Loads a model into this process, native code included; `createHostedDetector` keeps that out of it.
 *
 * Detections are sorted by confidence, best first. Coordinates are rounded to 1/100 pixel and confidences to 1/10 000 here,
 * before anybody sees them, so that what a record holds is exactly what the tracker worked with and a replay finds the same.
 * @throws SightlineError ERR_USAGE for a wrong option or unknown class, and what `loadNetwork` throws. `detect` rejects with
 * ERR_USAGE for inputs of a wrong number or size and for a second call before the first is answered, ERR_ABORTED after
 * `close`, ERR_MODEL_INVALID or ERR_BACKEND_FAILED if the network does not do its work.
 */
export async function createDetector(options: DetectorOptions): Promise<Detector> {
  checkOptions(options);
  // Before the weights are loaded, which takes a second or more: a mistyped class is told at once.
  const thresholds = thresholdsOf(await loadManifest(options.modelDir), options);
  const network = await load(options);
  return new LocalDetector(network, thresholds, options);
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
    const fits = letterbox.modelWidth === width && letterbox.modelHeight === height;
    if (fits && pixels.length === width * height * 3) continue;
    throw new SightlineError(
      'ERR_USAGE',
      `the network wants ${width}x${height} rgb24 (${width * height * 3} bytes), got ${letterbox.modelWidth}x` +
        `${letterbox.modelHeight} (${pixels.length} bytes)`,
    );
  }
}

class LocalDetector implements Detector {
  readonly info: DetectorInfo;
  readonly #backend: Backend;
  readonly #decoder: Decoder;
  readonly #suppressor: Suppressor;
  /** Where frames that do not lie side by side are brought together; made when first needed. */
  #batch: Uint8Array | undefined;
  #running: Promise<unknown> | undefined;
  #closed = false;

  constructor(
    { manifest, backend, reason }: LoadedNetwork,
    thresholds: Float64Array,
    options: DetectorOptions,
  ) {
    this.info = infoOf(manifest, backend, reason, options.maxBatch);
    this.#backend = backend;
    this.#decoder = new Decoder({
      anchors: manifest.anchors,
      anchorMask: manifest.anchorMask,
      inputWidth: manifest.input.width,
      inputHeight: manifest.input.height,
      thresholds,
      clip: true,
    });
    this.#suppressor = new Suppressor({
      iou: options.iou ?? manifest.defaults.iou,
      agnostic: options.agnostic ?? false,
      maxDetections: options.maxDetections ?? MAX_DETECTIONS,
    });
  }

  async detect(inputs: readonly ModelInput[]): Promise<readonly DetectedFrame[]> {
    if (this.#closed) throw new SightlineError('ERR_ABORTED', 'the detector is closed');
    if (this.#running !== undefined) {
      throw new SightlineError('ERR_USAGE', 'detect was called before the call under way was answered');
    }
    checkInputs(inputs, this.info);
    const running = this.#run(inputs);
    this.#running = running;
    try {
      return await running;
    } finally {
      this.#running = undefined;
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    // The backend may not lose its memory under a run; how that ends is its caller's affair.
    await this.#running?.catch(() => undefined);
    await this.#backend.close();
  }

  async #run(inputs: readonly ModelInput[]): Promise<DetectedFrame[]> {
    const heads = await this.#backend.run(this.#pixelsOf(inputs), inputs.length);
    return inputs.map(({ letterbox }, index) => {
      const candidates = this.#decoder.decode(heads, index, sourceTransformOf(letterbox));
      const count = this.#suppressor.select(candidates);
      const detections = detectionsOf(
        candidates,
        this.#suppressor.kept.subarray(0, count),
        this.info.classes,
      );
      return { detections, invalid: candidates.invalid };
    });
  }

  /** The batch's pixels as one array: without a copy if they already lie side by side. */
  #pixelsOf(inputs: readonly ModelInput[]): Uint8Array {
    const first = inputs[0]!.pixels;
    const size = first.length;
    const together = inputs.every(
      ({ pixels }, i) => pixels.buffer === first.buffer && pixels.byteOffset === first.byteOffset + i * size,
    );
    if (together) return new Uint8Array(first.buffer, first.byteOffset, inputs.length * size);
    this.#batch ??= new Uint8Array(this.info.maxBatch * size);
    for (const [i, { pixels }] of inputs.entries()) this.#batch.set(pixels, i * size);
    return this.#batch.subarray(0, inputs.length * size);
  }
}

async function load({ modelDir, device, threads }: DetectorOptions): Promise<LoadedNetwork> {
  if (device === FAKE_DEVICE) {
    const manifest = await loadManifest(modelDir);
    return {
      manifest,
      backend: await createFakeBackend(modelDir, manifest),
      reason: 'scripted detections were asked for',
    };
  }
  return loadNetwork(modelDir, threads === undefined ? { device } : { device, threads });
}

function thresholdsOf(manifest: ModelManifest, options: DetectorOptions): Float64Array {
  return classThresholds(manifest.classes, {
    ...options,
    confidence: options.confidence ?? manifest.defaults.confidence,
  });
}

function checkOptions({ iou, maxBatch, maxDetections }: DetectorOptions): void {
  if (iou !== undefined && !(iou >= 0 && iou <= 1)) {
    throw new SightlineError('ERR_USAGE', `iou must be a number from 0 to 1, got ${iou}`);
  }
  for (const [name, value, most] of [
    ['maxBatch', maxBatch, 256],
    ['maxDetections', maxDetections ?? MAX_DETECTIONS, 100_000],
  ] as const) {
    if (Number.isInteger(value) && value >= 1 && value <= most) continue;
    throw new SightlineError('ERR_USAGE', `${name} must be a whole number from 1 to ${most}, got ${value}`);
  }
}

function infoOf(manifest: ModelManifest, backend: Backend, reason: string, maxBatch: number): DetectorInfo {
  const { width, height, letterbox } = manifest.input;
  return {
    model: manifest.name,
    ...backend.info,
    reason,
    geometry: { width, height, pad: letterbox.pad, kernel: letterbox.kernel },
    classes: manifest.classes,
    maxBatch,
  };
}

function detectionsOf(
  { boxes, scores, classIds }: Candidates,
  kept: Int32Array,
  classes: readonly string[],
): Detection[] {
  return Array.from(kept, (index) => {
    const classId = classIds[index]!;
    return {
      box: {
        x1: hundredths(boxes[4 * index]!),
        y1: hundredths(boxes[4 * index + 1]!),
        x2: hundredths(boxes[4 * index + 2]!),
        y2: hundredths(boxes[4 * index + 3]!),
      },
      classId,
      label: classes[classId]!,
      confidence: Math.round(scores[index]! * 1e4) / 1e4,
    };
  });
}

function hundredths(pixels: number): number {
  return Math.round(pixels * 100) / 100;
}
