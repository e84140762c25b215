import type * as z from 'zod';
import type { OnnxProgram } from '../backends/backend.js';
import type { OutputDecoder } from '../decode/candidates.js';
import type { NetworkDescription } from '../graph/describe.js';
import type { Network } from '../graph/fold-batch-norm.js';
import type { InputSize } from '../../geometry/input-size.js';
import type { ModelManifest } from './base-manifest.js';

/** What a model is to a backend: a network that is written in each runtime's own form, or a file that only onnxruntime runs. */
export type Program =
  | { readonly kind: 'network'; readonly network: Network }
  | { readonly kind: 'onnx'; readonly onnx: OnnxProgram };

/** A kind of detector, with all that belongs to it. The registry joins them by name. */
export interface Architecture<M extends ModelManifest = ModelManifest> {
  /** As in model.json. */
  readonly name: string;
  /** What it is, in one line. */
  readonly summary: string;
  /** Whether its models are ONNX files, which no other backend than onnxruntime runs. */
  readonly onnxOnly: boolean;
  /** Checks a whole model.json. */
  readonly manifest: z.ZodType<M>;
  /** What a model calls itself in lists: `efficientnet-b0-yolov3`. */
  title(manifest: M): string;
  /** The manifest with another input size. @throws SightlineError ERR_USAGE if the network has one size only. */
  atSize(manifest: M, size: InputSize): M;
  /**
   * Reads what a backend runs.
   * @throws SightlineError ERR_MODEL_NOT_FOUND, ERR_MODEL_INVALID, ERR_WEIGHTS_INVALID
   */
  read(dir: string, manifest: M): Promise<Program>;
  /** @param thresholds least score of each class id; Infinity leaves a class out. */
  createDecoder(manifest: M, thresholds: Float64Array): OutputDecoder;
  /** Describes a model; no runtime is loaded. @throws as `read` does. */
  describe(dir: string, manifest: M): Promise<ArchitectureDescription>;
}

/** What an architecture knows about one of its models. */
export interface ArchitectureDescription {
  /** Form of most of its numbers, such as `float16`. */
  readonly precision: string;
  /** Titles and lines for people. */
  readonly facts: readonly (readonly [title: string, text: string])[];
  /** The same for programs. */
  readonly details: Readonly<Record<string, unknown>>;
  /** Layer by layer, where that is known. */
  readonly network?: NetworkDescription | undefined;
}
