/**
 * How Keras lays weights out in HDF5, from its `legacy_h5_format`: the attribute `layer_names` of a group lists layers, each
 * layer's group has an attribute `weight_names`, and each of those names is the path of a dataset in it. A model inside a
 * model is one "layer" whose weights are named `layer/kernel:0`. A whole model keeps all of it under `model_weights`.
 */
import { Dataset, type File, Group } from 'h5wasm/node';
import { printableName } from './weights.js';

/** A tensor of the file under its layer's name. */
export interface KerasTensor {
  /** `stem_conv`, `conv2d_17` … */
  readonly layer: string;
  /** `kernel`, `gamma` … */
  readonly kind: string;
  readonly shape: readonly number[];
  readonly data: Float32Array<ArrayBuffer>;
}

const FLOAT_CLASS = 1;
const STRING_CLASS = 3;
/** The largest network of the family has 2,000 tensors. */
const MAX_NAMES = 20_000;
const MAX_NAMES_BYTES = 4 * 2 ** 20;
const MAX_RANK = 8;
/** Weights do not compress well: what claims to is made to fill memory. */
const MAX_RATIO = 16;

/**
 * All tensors of a file that `save_weights` or `save` of Keras wrote.
 * @param fileBytes size of the file: no memory is taken for tensors that cannot be in it.
 * @throws Error, in words for the message, if the file has another layout or claims what cannot be.
 */
export function readKerasLayout(file: File, fileBytes: number): KerasTensor[] {
  const root = layersRoot(file);
  const tensors: KerasTensor[] = [];
  let bytesLeft = fileBytes;
  for (const layer of readNames(root, 'layer_names')) {
    const group = root.get(layer);
    if (!(group instanceof Group))
      throw new Error(`it lists a layer "${printableName(layer)}" that it does not have`);
    const names = readNames(group, 'weight_names');
    const nested = new Set(names.map(scopeOf)).size > 1;
    for (const name of names) {
      const dataset = group.get(name);
      if (!(dataset instanceof Dataset)) {
        throw new Error(`it lists a tensor "${printableName(name)}" that it does not have`);
      }
      const { shape, bytes } = checkDataset(dataset, name, bytesLeft, fileBytes);
      bytesLeft -= bytes;
      const kind = /([^/]*?)(?::\d+)?$/.exec(name)?.[1] ?? '';
      tensors.push({ layer: nested ? scopeOf(name) : layer, kind, shape, data: readValues(dataset, name) });
    }
  }
  return tensors;
}

/** The last part of a weight's path before its own name. */
function scopeOf(name: string): string {
  return name.split('/').at(-2) ?? '';
}

function layersRoot(file: File): Group {
  for (const group of [file, file.get('model_weights')]) {
    if (group instanceof Group && Object.keys(group.attrs).some((name) => /^layer_names0?$/.test(name))) {
      return group;
    }
  }
  const keys = file.keys();
  if (keys.includes('layers') || keys.includes('_layer_checkpoint_dependencies')) {
    throw new Error(
      'it is a .weights.h5 file of Keras 3, which names no layers; in Python, load it into its model and write the older ' +
        "layout with model.save('model.h5')",
    );
  }
  throw new Error('it has no "layer_names" as Keras writes them');
}

/** A list of names; Keras splits long ones over attributes with a number behind their name. */
function readNames(group: Group, attribute: string): string[] {
  const { attrs } = group;
  const parts = Object.keys(attrs)
    .filter((name) => name.startsWith(attribute) && /^\d*$/.test(name.slice(attribute.length)))
    .sort((a, b) => Number(a.slice(attribute.length)) - Number(b.slice(attribute.length)));
  if (parts.length === 0) throw new Error(`the group "${printableName(group.path)}" has no "${attribute}"`);
  return parts.flatMap((name) => {
    const { metadata } = attrs[name]!;
    const count = countOf(metadata.shape ?? []);
    // An empty list has no type: Keras writes it as floats.
    if (count === 0) return [];
    if (metadata.type !== STRING_CLASS || count > MAX_NAMES || count * metadata.size > MAX_NAMES_BYTES) {
      throw new Error(
        `"${attribute}" of "${printableName(group.path)}" is not a list of at most ${MAX_NAMES} names`,
      );
    }
    const { value } = attrs[name]!;
    const names = Array.isArray(value) ? value : [value];
    if (names.every((item) => typeof item === 'string')) return names;
    throw new Error(`"${attribute}" of "${printableName(group.path)}" is not a list of names`);
  });
}

function checkDataset(
  dataset: Dataset,
  name: string,
  bytesLeft: number,
  fileBytes: number,
): { shape: readonly number[]; bytes: number } {
  const { metadata } = dataset;
  const { type, size, littleEndian, chunks } = metadata;
  const shape = metadata.shape ?? [];
  if (type !== FLOAT_CLASS || (size !== 4 && size !== 8) || !littleEndian) {
    throw new Error(`"${printableName(name)}" does not hold float32 or float64 in little-endian order`);
  }
  const bytes = countOf(shape) * size;
  const limit = chunks === null ? bytesLeft : bytesLeft + (MAX_RATIO - 1) * fileBytes;
  if (shape.length > MAX_RANK || !(bytes <= limit)) {
    throw new Error(
      `"${printableName(name)}" of shape [${shape.join(', ')}] would have ${bytes} bytes, more than a file of ${fileBytes} can hold`,
    );
  }
  if (chunks?.some((chunk, axis) => !(chunk <= (shape[axis] ?? 0))) === true) {
    throw new Error(`"${printableName(name)}" is cut into pieces larger than itself`);
  }
  return { shape: [...shape], bytes };
}

function readValues(dataset: Dataset, name: string): Float32Array<ArrayBuffer> {
  const { value } = dataset;
  if (value instanceof Float32Array) return new Float32Array(value);
  if (value instanceof Float64Array) return Float32Array.from(value);
  // A tensor of rank 0.
  if (typeof value === 'number') return Float32Array.of(value);
  throw new Error(`the numbers of "${printableName(name)}" cannot be read`);
}

function countOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
