import { basename, resolve } from 'node:path';
import { SightlineError } from '../../errors.js';
import { isInputSize, SIZE_RULE } from '../../geometry/input-size.js';
import { architectureOf } from '../architectures/registry.js';
import { encodeSafetensors } from '../weights/write-safetensors.js';
import { efficientnetYolov3 } from '../architectures/efficientnet-yolov3/architecture.js';
import { PHIS } from '../architectures/efficientnet-yolov3/networks.js';
import { identifyInput } from './identify.js';
import type { Conversion, ConvertOptions } from './convert-options.js';
import { convertOnnx } from './import-onnx.js';
import { readInput } from './read-input.js';
import { readAnchors, readClassNames } from './text-files.js';
import { checkModelPlace, writeModel } from './write-model.js';

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
  await checkModelPlace(out, overwrite, [input, options.classes, options.anchors]);
  const named = options.classes === undefined ? undefined : await readClassNames(options.classes);
  const anchors = options.anchors === undefined ? undefined : await readAnchors(options.anchors);
  const read = await readInput(input);
  const { manifest, weights, warnings } = efficientnetYolov3.weights.fit(read, {
    ...{ phi: options.phi, size: options.size, anchorMask: options.anchorMask, stretch: options.stretch },
    ...{
      name: options.name ?? read.manifest?.name ?? basename(resolve(out)),
      classes: named,
      anchors,
      origin: input,
    },
  });
  const { bytes, rounding } = encodeSafetensors(weights, precision);
  const overflows = [...rounding.overflows].map(
    ([name, count]) => `${name} has ${count} numbers beyond the range of float16 and stays float32`,
  );
  const written = await writeModel(out, manifest, bytes);
  return {
    manifest: written,
    title: architectureOf(written).title(written),
    source: read.source,
    parameters: [...weights.values()].reduce((sum, { data }) => sum + data.length, 0),
    bytes: bytes.length,
    rounding,
    warnings: [...warnings, ...overflows],
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

/** Our own networks are fed as the reference does it, with or without a letterbox. */
function checkNoPictureOptions(options: ConvertOptions): void {
  const { decode, channels, scale, normalise, pad, placement } = options;
  const given = Object.entries({ decode, channels, scale, normalise, pad, placement }).find(
    ([, value]) => value !== undefined,
  );
  if (given === undefined) return;
  throw new SightlineError(
    'ERR_USAGE',
    `--${given[0]} belongs to .onnx files, and "${options.input}" is none`,
  );
}
