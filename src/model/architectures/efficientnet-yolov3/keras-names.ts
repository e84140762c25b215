/**
 * Layers of the reference's Keras network (bubbliiiing/efficientnet-yolo3-keras) under our names.
 *
 * Its backbone has names. Its head has those that Keras makes up, `conv2d`, `conv2d_1` … and `batch_normalization` …: a
 * counter for each kind of layer that runs through the whole Python session, so it may start anywhere, or at no number at
 * all. Files list layers by depth in the graph, which puts the three outputs last; the numbers tell the order of creation,
 * and that is the order in which the reference's code describes the head.
 */
import type { KerasTensor } from '../../weights/keras-layout.js';
import type { NamedWeights, WeightTensor } from '../../weights/weights.js';

const COUNTED = /^(conv2d|batch_normalization)(?:_(\d+))?$/;

/** Names the tensors of a Keras file. @param headConvs the head's convolutions in the order of creation. */
export function nameKerasTensors(
  tensors: readonly KerasTensor[],
  headConvs: readonly string[],
): NamedWeights {
  const normed = headConvs.filter((name) => !name.endsWith('_out'));
  const convs = inOrder(tensors, 'conv2d');
  const norms = inOrder(tensors, 'batch_normalization');
  const renamed = new Map([
    ...convs.map((layer, index) => [layer, headConvs[index] ?? layer] as const),
    ...norms.map(
      (layer, index) => [layer, normed[index] === undefined ? layer : `${normed[index]}_bn`] as const,
    ),
  ]);
  const notes: string[] = [];
  const counted = convs.length + norms.length > 0;
  const named = tensors.some(({ layer }) => headConvs.includes(layer));
  if ((counted || !named) && (convs.length !== headConvs.length || norms.length !== normed.length)) {
    notes.push(
      `it has ${convs.length} convolutions named conv2d… and ${norms.length} batch_normalization…, ` +
        `where the head has ${headConvs.length} and ${normed.length}`,
    );
  }

  const weights = new Map<string, WeightTensor>();
  for (const { layer, kind, shape, data } of tensors) {
    const name = renamed.get(layer) ?? layer;
    const key = `${name}/${kindOf(name, kind)}`;
    if (weights.has(key)) notes.push(`it has "${layer}/${kind}" twice`);
    weights.set(key, { shape, data });
  }
  return { weights, notes };
}

/** Names of counted layers, by their numbers; Keras gives the first none. */
function inOrder(tensors: readonly KerasTensor[], kind: string): string[] {
  const numbers = new Map<string, number>();
  for (const { layer } of tensors) {
    const match = COUNTED.exec(layer);
    if (match?.[1] === kind) numbers.set(layer, Number(match[2] ?? 0));
  }
  return [...numbers].sort(([, a], [, b]) => a - b).map(([layer]) => layer);
}

/** Keras 3 calls a depthwise kernel a kernel. */
function kindOf(layer: string, kind: string): string {
  return kind === 'kernel' && layer.endsWith('_dwconv') ? 'depthwise_kernel' : kind;
}
