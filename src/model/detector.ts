import { SightlineError } from '../errors.js';
import type { DetectedFrame, Detector, DetectorInfo, ModelInput } from '../contract/detector.js';
import type { Detection } from '../contract/detector.js';
import type { Backend } from './backends/backend.js';
import { createFakeNetwork, FAKE_DEVICE } from './backends/fake.js';
import { hundredths } from '../geometry/box.js';
import { sourceTransformOf } from '../geometry/letterbox.js';
import type { Candidates, OutputDecoder } from './decode/candidates.js';
import {
  checkDetectorOptions,
  checkInputs,
  type DetectorOptions,
  MAX_DETECTIONS,
  thresholdsOf,
} from './detector-options.js';
import { type LoadedNetwork, loadNetwork } from './load-network.js';
import { NonMaximumSuppression } from './nms.js';
import { OutputWatch } from './output-watch.js';
import { loadManifestAt } from './read-network.js';

export type { DetectorOptions } from './detector-options.js';

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
  // Before the weights are loaded, which takes a second or more: a mistyped class is told at once.
  await checkDetectorOptions(options);
  return new LocalDetector(await load(options), options);
}

class LocalDetector implements Detector {
  readonly info: DetectorInfo;
  readonly #backend: Backend;
  readonly #decoder: OutputDecoder;
  readonly #suppressor: NonMaximumSuppression;
  readonly #watch: OutputWatch;
  /** Where frames that do not lie side by side are brought together; made when first needed. */
  #batch: Uint8Array | undefined;
  #running: Promise<unknown> | undefined;
  #closing: Promise<void> | undefined;

  constructor(loaded: LoadedNetwork, options: DetectorOptions) {
    const { manifest, backend } = loaded;
    this.info = infoOf(loaded, options.maxBatch);
    this.#backend = backend;
    this.#watch = new OutputWatch(this.info);
    this.#decoder = loaded.createDecoder(thresholdsOf(manifest, options));
    this.#suppressor = new NonMaximumSuppression({
      iou: options.iou ?? manifest.defaults.iou,
      agnostic: options.agnostic ?? false,
      maxDetections: options.maxDetections ?? MAX_DETECTIONS,
    });
  }

  async detect(inputs: readonly ModelInput[]): Promise<readonly DetectedFrame[]> {
    if (this.#closing !== undefined) throw new SightlineError('ERR_ABORTED', 'the detector is closed');
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

  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    // The backend may not lose its memory under a run; how that ends is its caller's affair.
    await this.#running?.catch(() => undefined);
    await this.#backend.close();
  }

  async #run(inputs: readonly ModelInput[]): Promise<DetectedFrame[]> {
    const heads = await this.#backend.run(this.#pixelsOf(inputs), inputs.length);
    return inputs.map(({ letterbox }, index) => {
      const candidates = this.#decoder.decode(heads, index, sourceTransformOf(letterbox));
      this.#watch.see(candidates);
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

async function load(options: DetectorOptions): Promise<LoadedNetwork> {
  const { modelDir, device, size, threads, gpu, precision, modules, maxBatch } = options;
  if (device !== FAKE_DEVICE) {
    return loadNetwork(modelDir, { device, size, threads, gpu, precision, modules, maxBatch });
  }
  const manifest = await loadManifestAt(modelDir, size);
  return {
    manifest,
    ...(await createFakeNetwork(modelDir, manifest)),
    maxBatch: Infinity,
    reason: 'scripted detections were asked for',
  };
}

function infoOf({ manifest, backend, reason, maxBatch }: LoadedNetwork, wanted: number): DetectorInfo {
  const { width, height, letterbox } = manifest.input;
  return {
    model: manifest.name,
    ...backend.info,
    reason,
    geometry: { width, height, ...letterbox },
    classes: manifest.classes,
    maxBatch: Math.min(wanted, maxBatch),
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
