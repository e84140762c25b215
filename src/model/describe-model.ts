import type { InputSize } from '../geometry/input-size.js';
import type { ArchitectureDescription } from './architectures/architecture.js';
import type { ModelManifest } from './architectures/base-manifest.js';
import { architectureOf } from './architectures/registry.js';
import type { NetworkDescription } from './graph/describe.js';
import { loadManifestAt } from './read-network.js';
import { readWeights } from './read-weights.js';

/** What `sightline model info --json` prints; what an architecture knows of its own stands beside. */
export interface ModelDescription {
  readonly format: 'sightline-model-info/1';
  readonly name: string;
  readonly architecture: string;
  readonly classes: readonly string[];
  readonly input: ModelManifest['input'];
  readonly defaults: ModelManifest['defaults'];
  readonly weights: {
    readonly file: string;
    readonly bytes: number;
    readonly sha256: string;
    /** As most of the numbers are stored; the network computes in what its backend has. */
    readonly precision: string;
  };
  /** Layer by layer; not there for files that are not taken apart. */
  readonly network?: NetworkDescription | undefined;
}

/** A model, for programs and for people. */
export interface DescribedModel {
  readonly description: ModelDescription;
  readonly title: string;
  readonly facts: ArchitectureDescription['facts'];
}

/**
 * Describes the model in a folder, its weights checked; no runtime is loaded.
 * @param size another input size than the model's own.
 * @throws SightlineError ERR_MODEL_NOT_FOUND, ERR_MODEL_INVALID, ERR_WEIGHTS_INVALID, ERR_USAGE for the size
 */
export async function describeModel(dir: string, size?: InputSize): Promise<DescribedModel> {
  const manifest = await loadManifestAt(dir, size);
  const architecture = architectureOf(manifest);
  const { precision, facts, details, network } = await architecture.describe(dir, manifest);
  const bytes = await readWeights(dir, manifest);
  const { name, classes, input, defaults, weights } = manifest;
  const { file, sha256 } = weights;
  return {
    title: architecture.title(manifest),
    facts,
    description: {
      format: 'sightline-model-info/1',
      name,
      architecture: architecture.name,
      classes,
      ...details,
      input,
      defaults,
      weights: { file, bytes: bytes.byteLength, sha256, precision },
      network,
    },
  };
}
