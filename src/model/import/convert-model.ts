import { basename, resolve } from 'node:path';
import { SightlineError } from '../../errors.js';
import { isInputSize, SIZE_RULE } from '../../geometry/input-size.js';
import { type EfficientNetManifest, NAME, phiOf } from '../architectures/efficientnet-yolov3/manifest.js';
import { architectureOf } from '../architectures/registry.js';
import { COCO_ANCHORS } from '../decode/head-anchors.js';
import { encodeSafetensors } from '../weights/write-safetensors.js';
import type { Weights, WeightTensor } from '../weights/weights.js';
import { matchNetwork, type NetworkKind } from '../architectures/efficientnet-yolov3/match-network.js';
import { PHIS, shapesOf } from '../architectures/efficientnet-yolov3/networks.js';
import { identifyInput } from './identify.js';
import type { Conversion, ConvertOptions } from './convert-options.js';
import { convertOnnx } from './import-onnx.js';
import { EPSILON, readInput } from './read-input.js';
import { readAnchors, readClassNames } from './text-files.js';
import { checkModelPlace, type Unwritten, writeModel } from './write-model.js';

/** Default arguments of the reference. */
const REFERENCE = {
  input: {
    width: 416,
    height: 416,
    channels: 'rgb',
    scale: 1 / 255,
    letterbox: { pad: 128, kernel: 'bicubic' },
  },
  defaults: { confidence: 0.5, iou: 0.3 },
} as const;

/**
 * Reads weights of any supported kind and writes them as a model folder.
 * @throws SightlineError ERR_USAGE for class names and anchors, ERR_MODEL_NOT_FOUND, ERR_MODEL_INVALID, ERR_WEIGHTS_INVALID for
 * the input, ERR_SINK_EXISTS and ERR_SINK_UNWRITABLE for the folder
 */
export async function convertModel(options: ConvertOptions): Promise<Conversion> {
  const { input, out, precision = 'float32', overwrite = false } = options;
  checkOptions(options);
  if ((await identifyInput(input)) === 'onnx') return convertOnnx(options);
  checkNoPictureOptions(options);
  await checkModelPlace(out, overwrite);
  const named = options.classes === undefined ? undefined : await readClassNames(options.classes);
  const anchors = options.anchors === undefined ? undefined : await readAnchors(options.anchors);
  const read = await readInput(input);
  const known = read.manifest;
  const kind = matchNetwork(
    read,
    {
      phi: options.phi ?? (known === undefined ? undefined : phiOf(known)),
      classes: (named ?? known?.classes)?.length,
    },
    input,
  );
  const weights = inOrder(read.weights, kind, input);
  const warnings: string[] = [];
  const manifest = describe(options, kind, { named, anchors, known }, warnings);
  const { bytes, rounding } = encodeSafetensors(weights, precision);
  for (const [name, count] of rounding.overflows) {
    warnings.push(`${name} has ${count} numbers beyond the range of float16 and stays float32`);
  }
  const written = await writeModel(out, manifest, bytes);
  return {
    manifest: written,
    title: architectureOf(written).title(written),
    source: read.source,
    parameters: [...weights.values()].reduce((sum, { data }) => sum + data.length, 0),
    bytes: bytes.length,
    rounding,
    warnings,
  };
}

/** What the types and the command line rule out, but a JavaScript program may pass. */
function checkOptions({ name, phi, size }: ConvertOptions): void {
  if (name?.trim() === '') throw new SightlineError('ERR_USAGE', 'the name of a model cannot be empty');
  if (phi !== undefined && !PHIS.includes(phi)) {
    throw new SightlineError('ERR_USAGE', `phi must be a whole number from 0 to 7, got ${String(phi)}`);
  }
  if (size !== undefined && !isInputSize(size)) {
    throw new SightlineError('ERR_USAGE', `the size must be ${SIZE_RULE}; got ${size.width}x${size.height}`);
  }
}

/** Our own networks are fed as they were trained. */
function checkNoPictureOptions(options: ConvertOptions): void {
  const { decode, channels, scale, normalise, pad, placement, stretch } = options;
  const given = Object.entries({ decode, channels, scale, normalise, pad, placement, stretch }).find(
    ([, value]) => value !== undefined,
  );
  if (given === undefined) return;
  throw new SightlineError(
    'ERR_USAGE',
    `--${given[0]} belongs to .onnx files, and "${options.input}" is none`,
  );
}

function describe(
  options: ConvertOptions,
  { phi, classes }: NetworkKind,
  read: {
    readonly named: readonly string[] | undefined;
    readonly anchors: EfficientNetManifest['anchors'] | undefined;
    readonly known: EfficientNetManifest | undefined;
  },
  warnings: string[],
): Unwritten<EfficientNetManifest> {
  const { known } = read;
  const size = options.size ?? {};
  if (known === undefined && options.phi === undefined)
    warnings.push(`phi is ${phi}, by the shapes of the weights`);
  const names = read.named ?? known?.classes;
  if (names === undefined) {
    warnings.push(`the ${classes} classes are called class0 and so on; name them with --classes`);
  }
  const anchors = read.anchors ?? known?.anchors;
  if (anchors === undefined) {
    warnings.push('the anchors are those of the reference (COCO at 416); if yours differ, pass --anchors');
  }
  return {
    format: 'sightline-model/1',
    name: options.name ?? known?.name ?? basename(resolve(options.out)),
    architecture: NAME,
    backbone: `efficientnet-b${phi}`,
    head: 'yolov3',
    input: { ...(known?.input ?? REFERENCE.input), ...size },
    classes: names ?? Array.from({ length: classes }, (_, index) => `class${index}`),
    anchors: anchors ?? COCO_ANCHORS.anchors,
    anchorMask: options.anchorMask ?? known?.anchorMask ?? COCO_ANCHORS.anchorMask,
    batchNormEpsilon: known?.batchNormEpsilon ?? EPSILON,
    defaults: known?.defaults ?? REFERENCE.defaults,
    weights: { file: 'weights.safetensors', layout: 'keras' },
    ...(known?.metrics === undefined || options.size !== undefined ? {} : { metrics: known.metrics }),
  };
}

/** The weights in the order of the network. They must be numbers: a training that went astray leaves others. */
function inOrder(weights: Weights, { phi, classes }: NetworkKind, origin: string): Weights {
  const ordered = new Map<string, WeightTensor>();
  for (const name of shapesOf(phi, classes).keys()) {
    const tensor = weights.get(name)!;
    const wrong = tensor.data.findIndex((value) => !Number.isFinite(value));
    if (wrong !== -1) {
      throw new SightlineError(
        'ERR_WEIGHTS_INVALID',
        `"${origin}" has ${tensor.data[wrong]!} in "${name}" (value ${wrong} of ${tensor.data.length}): ` +
          'the training diverged or the file is damaged',
      );
    }
    // In float32 a variance may end up a little below zero; from here on the batch norm would have no root.
    if (name.endsWith('/moving_variance') && tensor.data.some((value) => value <= -EPSILON)) {
      throw new SightlineError('ERR_WEIGHTS_INVALID', `"${origin}" has variances below zero in "${name}"`);
    }
    ordered.set(name, tensor);
  }
  return ordered;
}
