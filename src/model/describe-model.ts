import type { InputSize } from '../geometry/input-size.js';
import { anchorsOfHeads } from './architectures/efficientnet-yolov3/head-anchors.js';
import { type ModelManifest, readWeights } from './manifest.js';
import { describeNetwork, type NetworkDescription } from './graph/describe.js';
import { readModel } from './read-network.js';

/** What `sightline model info --json` prints. */
export interface ModelDescription {
  readonly format: 'sightline-model-info/1';
  readonly name: string;
  readonly backbone: string;
  readonly head: string;
  readonly classes: readonly string[];
  /** For each head, coarse to fine, its prior boxes in pixels of the network's input. */
  readonly anchors: readonly (readonly (readonly [width: number, height: number])[])[];
  readonly input: ModelManifest['input'];
  readonly defaults: ModelManifest['defaults'];
  readonly weights: {
    readonly file: string;
    readonly bytes: number;
    readonly sha256: string;
    /** As most of the numbers are stored; the network computes in what its backend has. */
    readonly precision: string;
  };
  readonly network: NetworkDescription;
}

const PRECISIONS: Readonly<Record<string, string>> = {
  F16: 'float16',
  BF16: 'bfloat16',
  F32: 'float32',
  F64: 'float64',
};

/**
 * Describes the model in a folder, its weights checked; no runtime is loaded.
 * @param size another input size than the model's own.
 * @throws SightlineError ERR_MODEL_NOT_FOUND, ERR_MODEL_INVALID, ERR_WEIGHTS_INVALID
 */
export async function describeModel(dir: string, size?: InputSize): Promise<ModelDescription> {
  const { manifest, network } = await readModel(dir, size);
  const bytes = await readWeights(dir, manifest);
  const { name, backbone, head, classes, input, defaults, weights } = manifest;
  return {
    format: 'sightline-model-info/1',
    name,
    backbone,
    head,
    classes,
    anchors: anchorsOfHeads(manifest).map(pairs),
    input,
    defaults,
    weights: {
      file: weights.file,
      bytes: bytes.byteLength,
      sha256: weights.sha256,
      precision: precisionOf(bytes),
    },
    network: describeNetwork(network.graph),
  };
}

function pairs(sides: Float64Array): [number, number][] {
  return Array.from({ length: sides.length / 2 }, (_, at) => [sides[2 * at]!, sides[2 * at + 1]!]);
}

/** The type that most bytes of a safetensors file have. The file has been read before, so its header is sound. */
function precisionOf(bytes: Uint8Array): string {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Record<
    string,
    Tensor
  >;
  const shares = new Map<string, number>();
  for (const [name, tensor] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const [begin, end] = tensor.data_offsets;
    shares.set(tensor.dtype, (shares.get(tensor.dtype) ?? 0) + end - begin);
  }
  const [most = 'F32'] = [...shares].sort(([, a], [, b]) => b - a)[0] ?? [];
  return PRECISIONS[most] ?? most;
}

interface Tensor {
  readonly dtype: string;
  readonly data_offsets: readonly [number, number];
}
