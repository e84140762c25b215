/** Writes HDF5 files in the layout of Keras, with the reference's names. */
import { File, type Group, ready } from 'h5wasm/node';
import type { Weights, WeightTensor } from '../../src/model/weights/weights.js';

/** How a file is laid out. */
export interface KerasFileOptions {
  /** Number of the head's first convolution; Keras gives 0 none. */
  readonly firstConv?: number;
  readonly firstNorm?: number;
  /** As `model.save` writes it: everything under `model_weights`. */
  readonly whole?: boolean;
  /** All layers inside one model, as when a model is used as a layer. */
  readonly nested?: boolean;
  /** gzip, in pieces of a whole tensor. */
  readonly compressed?: boolean;
}

/**
 * Writes canonical weights the way the reference's network is saved. Layers come in an order that has nothing to do with their
 * creation.
 */
export async function writeKerasFile(
  path: string,
  weights: Weights,
  { firstConv = 0, firstNorm = 0, whole = false, nested = false, compressed = false }: KerasFileOptions = {},
): Promise<void> {
  await ready;
  const layers = layersOf(weights, firstConv, firstNorm);
  const file = new File(path, 'w');
  const root: Group = whole ? file.create_group('model_weights') : file;
  if (whole) file.create_group('optimizer_weights');
  const names = [...layers.keys()].sort((a, b) => reversed(a).localeCompare(reversed(b)));
  // Input, activation and padding layers have no weights; Keras lists them all the same.
  root.create_attribute('layer_names', nested ? ['input_1', 'model_1'] : ['input_1', ...names]);
  writeEmpty(root, 'input_1');
  const write = (group: Group, owned: readonly string[]): void => {
    const weightNames = owned.flatMap((layer) =>
      [...layers.get(layer)!.keys()].map((kind) => `${layer}/${kind}:0`),
    );
    group.create_attribute('weight_names', weightNames);
    for (const layer of owned) {
      group.create_group(layer);
      for (const [kind, { shape, data }] of layers.get(layer)!) {
        const gzip = compressed && shape.length > 1 ? { chunks: [...shape], compression: 1 } : {};
        group.create_dataset({ name: `${layer}/${kind}:0`, data, shape: [...shape], ...gzip });
      }
    }
  };
  if (nested) write(root.create_group('model_1'), names);
  else for (const layer of names) write(root.create_group(layer), [layer]);
  file.close();
}

function writeEmpty(root: Group, layer: string): void {
  root.create_group(layer).create_attribute('weight_names', new Float64Array(0), [0]);
}

/** Tensors by layer, with the head's layers numbered in the order of `weights`, which is that of creation. */
function layersOf(
  weights: Weights,
  firstConv: number,
  firstNorm: number,
): Map<string, Map<string, WeightTensor>> {
  let conv = firstConv;
  let norm = firstNorm;
  const renamed = new Map<string, string>();
  const layers = new Map<string, Map<string, WeightTensor>>();
  for (const [name, tensor] of weights) {
    const [layer = '', kind = ''] = name.split('/');
    if (/^(five|head|lateral)/.test(layer) && !renamed.has(layer)) {
      renamed.set(
        layer,
        layer.endsWith('_bn') ? counted('batch_normalization', norm++) : counted('conv2d', conv++),
      );
    }
    const called = renamed.get(layer) ?? layer;
    const kinds = layers.get(called) ?? new Map<string, WeightTensor>();
    layers.set(called, kinds.set(kind, tensor));
  }
  return layers;
}

function counted(name: string, number: number): string {
  return number === 0 ? name : `${name}_${number}`;
}

function reversed(text: string): string {
  return Array.from(text).reverse().join('');
}
