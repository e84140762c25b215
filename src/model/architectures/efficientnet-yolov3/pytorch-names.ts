/**
 * Tensors of the PyTorch port (bubbliiiing/efficientnet-yolo3-pytorch) under our names and in our layout.
 *
 * Kernels are O,I,H,W there. Its strided convolutions pad as TensorFlow does for pictures of even size, which ours are at every
 * stride, so no more than names and layout differ in the backbone. The head's batch norms are PyTorch's own with an epsilon
 * of 1e-5 where the backbone and the reference have 1e-3.
 */
import type { NamedWeights, WeightTensor } from '../../weights/weights.js';

const HEAD_EPSILON = 1e-5;

const ANCHOR_KEY = 'backbone.model._conv_stem.weight';

/** What the port's network drops of EfficientNet's classifier. */
const CLASSIFIER = /^backbone\.model\.(_conv_head|_bn1|_fc)\./;

const BLOCK_LAYERS: ReadonlyMap<string, string> = new Map([
  ['_expand_conv', 'expand_conv'],
  ['_bn0', 'expand_bn'],
  ['_depthwise_conv', 'dwconv'],
  ['_bn1', 'bn'],
  ['_se_reduce', 'se_reduce'],
  ['_se_expand', 'se_expand'],
  ['_project_conv', 'project_conv'],
  ['_bn2', 'project_bn'],
]);

const NORM_KINDS: ReadonlyMap<string, string> = new Map([
  ['weight', 'gamma'],
  ['bias', 'beta'],
  ['running_mean', 'moving_mean'],
  ['running_var', 'moving_variance'],
]);

/** Whether tensors with these names come from the port; names may stand behind a prefix such as `module.`. */
export function isPytorchPort(names: Iterable<string>): boolean {
  return prefixOf(names) !== undefined;
}

/** A counter of batches that batch norms keep in training. */
export function isBatchCounter(name: string): boolean {
  return name.endsWith('.num_batches_tracked');
}

/**
 * Names and turns the tensors of a state dict. Those it does not know keep their name.
 * @param blocksOf names of the backbone's blocks in order, `block1a` …, for a network with so many blocks.
 * @param epsilon what our batch norms add to the variance.
 */
export function namePytorchTensors(
  tensors: ReadonlyMap<string, WeightTensor>,
  blocksOf: (count: number) => readonly string[],
  epsilon: number,
): NamedWeights {
  const prefix = prefixOf(tensors.keys()) ?? '';
  const known = new Map<string, WeightTensor>();
  for (const [name, tensor] of tensors) {
    const bare = name.startsWith(prefix) ? name.slice(prefix.length) : name;
    if (!isBatchCounter(bare) && !CLASSIFIER.test(bare)) known.set(bare, tensor);
  }
  const blocks = blocksOf(countBlocks(known.keys()));
  const weights = new Map<string, WeightTensor>();
  for (const [name, tensor] of known) {
    const end = name.lastIndexOf('.');
    const layer = layerOf(name.slice(0, end), blocks);
    weights.set(...convert(layer, name.slice(end + 1), tensor, name));
  }
  matchHeadEpsilon(weights, epsilon);
  return { weights, notes: [] };
}

function prefixOf(names: Iterable<string>): string | undefined {
  for (const name of names) if (name.endsWith(ANCHOR_KEY)) return name.slice(0, -ANCHOR_KEY.length);
  return undefined;
}

function countBlocks(names: Iterable<string>): number {
  let count = 0;
  for (const name of names) {
    const match = /^backbone\.model\._blocks\.(\d{1,4})\./.exec(name);
    if (match !== null) count = Math.max(count, Number(match[1]) + 1);
  }
  return count;
}

/** `backbone.model._blocks.3._se_reduce` → `block3a_se_reduce`; undefined where there is no such layer. */
function layerOf(path: string, blocks: readonly string[]): string | undefined {
  if (path === 'backbone.model._conv_stem') return 'stem_conv';
  if (path === 'backbone.model._bn0') return 'stem_bn';
  const block = /^backbone\.model\._blocks\.(\d+)\.(\w+)$/.exec(path);
  if (block !== null) {
    const [, index = '', part = ''] = block;
    const name = blocks[Number(index)];
    const layer = BLOCK_LAYERS.get(part);
    return name === undefined || layer === undefined ? undefined : `${name}_${layer}`;
  }
  const lateral = /^last_layer([12])_conv\.(conv|bn)$/.exec(path);
  if (lateral !== null) return `lateral${6 - Number(lateral[1])}${lateral[2] === 'bn' ? '_bn' : ''}`;
  const head = /^last_layer([012])\.([0-6])(?:\.(conv|bn))?$/.exec(path);
  if (head === null) return undefined;
  const [, scale = '', step = '', part] = head;
  const level = 5 - Number(scale);
  if (step === '6') return part === undefined ? `head${level}_out` : undefined;
  const conv = step === '5' ? `head${level}_conv` : `five${level}_${Number(step) + 1}`;
  return part === undefined ? undefined : `${conv}${part === 'bn' ? '_bn' : ''}`;
}

function convert(
  layer: string | undefined,
  kind: string,
  tensor: WeightTensor,
  name: string,
): [string, WeightTensor] {
  if (layer === undefined) return [name, tensor];
  if (/_bn$/.test(layer)) return [`${layer}/${NORM_KINDS.get(kind) ?? kind}`, tensor];
  if (kind !== 'weight' || tensor.shape.length !== 4) return [`${layer}/${kind}`, tensor];
  const depthwise = layer.endsWith('_dwconv');
  return [`${layer}/${depthwise ? 'depthwise_kernel' : 'kernel'}`, turnKernel(tensor, depthwise)];
}

/** O,I,H,W → H,W,I,O; for depthwise kernels, which are C,1,H,W, → H,W,C,1. */
function turnKernel({ shape, data }: WeightTensor, depthwise: boolean): WeightTensor {
  const [outputs = 0, inputs = 0, height = 0, width = 0] = shape;
  const area = height * width;
  const turned = new Float32Array(data.length);
  let from = 0;
  for (let o = 0; o < outputs; o++) {
    for (let i = 0; i < inputs; i++) {
      const place = depthwise ? o * inputs + i : i * outputs + o;
      for (let cell = 0; cell < area; cell++) turned[cell * outputs * inputs + place] = data[from++]!;
    }
  }
  return { shape: [height, width, ...(depthwise ? [outputs, inputs] : [inputs, outputs])], data: turned };
}

/** `γ / √(σ² + 1e-5)` stays what it is if γ grows by `√((σ² + ε) / (σ² + 1e-5))`. */
function matchHeadEpsilon(weights: Map<string, WeightTensor>, epsilon: number): void {
  for (const [name, gamma] of weights) {
    if (!/^(five|head|lateral)\w+_bn\/gamma$/.test(name)) continue;
    const variance = weights.get(name.replace(/gamma$/, 'moving_variance'))?.data;
    if (variance?.length !== gamma.data.length) continue;
    const data = gamma.data.map(
      (value, at) => value * Math.sqrt((variance[at]! + epsilon) / (variance[at]! + HEAD_EPSILON)),
    );
    weights.set(name, { shape: gamma.shape, data });
  }
}
