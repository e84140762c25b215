/** Makes a model folder of a detector that another program exported as ONNX. */
import { readFile } from 'node:fs/promises';
import { basename, join, dirname, resolve } from 'node:path';
import { messageOf, SightlineError } from '../../errors.js';
import { exists } from '../../files/exists.js';
import type { InputSize } from '../../geometry/input-size.js';
import { MANIFEST_FORMAT } from '../architectures/base-manifest.js';
import { ONNX_ARCHITECTURES } from '../architectures/registry.js';
import { type OnnxResult, tryOnnx } from '../backends/onnxruntime.js';
import { COCO_ANCHORS } from '../decode/head-anchors.js';
import type { OnnxFamily, OnnxManifest, Recognised, WantedOutputs } from '../onnx/onnx-family.js';
import { type OnnxFile, readOnnxFile } from '../onnx/onnx-file.js';
import { type OnnxInput, pictureInputOf } from '../onnx/onnx-input.js';
import { WRAPPED_INPUT, wrapOnnx } from '../onnx/wrap-onnx.js';
import { didYouMean } from '../../text/nearest-name.js';
import type { Conversion, ConvertOptions } from './convert-options.js';
import { readAnchors, readClassNames } from './text-files.js';
import { checkModelPlace, writeModel } from './write-model.js';

const ONNX_FILE = 'model.onnx';
const FLOATS: readonly string[] = ['float32', 'float16', 'float64'];

/** The families that outputs can be of, by the names that `--decode` takes. */
export const DECODE_FAMILIES: readonly string[] = ONNX_ARCHITECTURES.map(({ name }) => name);

/** A file and what its graph does. */
interface Foreign {
  readonly origin: string;
  readonly bytes: Uint8Array;
  readonly file: OnnxFile;
  readonly picture: OnnxInput;
}

/**
 * Reads an ONNX file, runs it once over a grey picture to see what comes out, and writes it with a description. onnxruntime
 * is loaded into this process.
 * @throws SightlineError ERR_USAGE for options, ERR_MODEL_NOT_FOUND and ERR_WEIGHTS_INVALID for the file, ERR_MODEL_INVALID
 * with what was expected and what was found for its input and outputs, ERR_BACKEND_FAILED if onnxruntime refuses it,
 * ERR_SINK_EXISTS and ERR_SINK_UNWRITABLE for the folder.
 */
export async function convertOnnx(options: ConvertOptions): Promise<Conversion> {
  checkOptions(options);
  const { input: origin, out, decode } = options;
  const wanted = decode === undefined ? undefined : familyOf(decode);
  await checkModelPlace(out, options.overwrite ?? false);
  const named = options.classes === undefined ? undefined : await readClassNames(options.classes);
  const anchors = options.anchors === undefined ? undefined : await readAnchors(options.anchors);
  const foreign = await readForeign(origin);
  const size = sizeOf(foreign, options.size, wanted?.side ?? 640);
  const { outputs, alone } = await lookAt(foreign, size);
  const request: WantedOutputs = { ...size, classes: named?.length };
  const family = wanted ?? refuseUnnamed(outputs, request, origin);
  const recognised = recognise(family, outputs, request, options);
  const known = { ...family.defaults, ...recognised.defaults };
  const count = recognised.classes ?? named?.length ?? 0;
  const input = inputOf(options, known, foreign.picture, size, alone);
  const notes = [...(recognised.notes ?? [])];
  if (named === undefined)
    notes.push(`the ${count} classes are called class0 and so on; name them with --classes`);
  if (recognised.anchors === true && anchors === undefined) {
    notes.push('the anchors are those of YOLOv3 for COCO at 416; if yours differ, pass --anchors');
  }
  const written = await writeModel<OnnxManifest>(
    out,
    {
      format: MANIFEST_FORMAT,
      name: options.name ?? basename(resolve(out)),
      architecture: family.name,
      input,
      outputs: recognised.outputs,
      form: recognised.form,
      classes: named ?? Array.from({ length: count }, (_, index) => `class${index}`),
      ...(recognised.anchors === true && {
        anchors: anchors ?? COCO_ANCHORS.anchors,
        anchorMask: options.anchorMask ?? COCO_ANCHORS.anchorMask,
      }),
      defaults: known.defaults,
      weights: { file: ONNX_FILE },
    },
    foreign.bytes,
  );
  const { parameters } = foreign.file;
  return {
    manifest: written,
    title: `${family.name} (${recognised.form})`,
    source: 'ONNX',
    parameters,
    bytes: foreign.bytes.length,
    rounding: { largest: 0, overflows: new Map() },
    warnings: notes,
  };
}

function checkOptions(options: ConvertOptions): void {
  const foreign = { phi: options.phi, precision: options.precision };
  for (const [name, value] of Object.entries(foreign)) {
    if (value !== undefined)
      throw usage(`--${name} does not belong to ONNX files, which are taken as they are`);
  }
  const { scale, pad } = options;
  if (scale !== undefined && !(scale > 0 && Number.isFinite(scale))) {
    throw usage(`the scale must be a number above 0, got ${scale}`);
  }
  if (pad !== undefined && !(Number.isInteger(pad) && pad >= 0 && pad <= 255)) {
    throw usage(`the grey of the borders must be a whole number from 0 to 255, got ${pad}`);
  }
}

function familyOf(name: string): OnnxFamily {
  const found = ONNX_ARCHITECTURES.find((known) => known.name === name);
  if (found !== undefined) return found.family;
  throw usage(
    `there is no family "${name}"${didYouMean(name, DECODE_FAMILIES)}; known are ${DECODE_FAMILIES.join(', ')}`,
  );
}

async function readForeign(origin: string): Promise<Foreign> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(origin);
  } catch (cause) {
    throw new SightlineError('ERR_MODEL_NOT_FOUND', `cannot read "${origin}": ${messageOf(cause)}`, {
      cause,
    });
  }
  const file = readOnnxFile(bytes, origin);
  const [external] = file.externalFiles;
  if (external !== undefined) {
    const there = await exists(join(dirname(origin), external));
    throw new SightlineError(
      'ERR_WEIGHTS_INVALID',
      `"${origin}" keeps its weights in "${external}"${there ? '' : ', which is not beside it'}; write one file of both, in ` +
        `Python: import onnx; onnx.save(onnx.load(${JSON.stringify(basename(origin))}), "whole.onnx")`,
    );
  }
  if (file.operations.has('NonMaxSuppression')) {
    throw new SightlineError(
      'ERR_MODEL_INVALID',
      `"${origin}" suppresses overlapping boxes itself (NonMaxSuppression); export it without that: suppression is done here`,
    );
  }
  return { origin, bytes, file, picture: pictureInputOf(file, origin) };
}

function sizeOf({ picture, origin }: Foreign, asked: InputSize | undefined, side: number): InputSize {
  const size = {
    width: picture.width ?? asked?.width ?? side,
    height: picture.height ?? asked?.height ?? side,
  };
  if (asked !== undefined && (asked.width !== size.width || asked.height !== size.height)) {
    throw usage(
      `"${origin}" was exported for ${size.width}x${size.height} and takes nothing else; leave --size out, or export it for ` +
        `${asked.width}x${asked.height}`,
    );
  }
  return size;
}

/** Runs the file over one grey picture, and over two where it lets us. @returns its floats, and whether it wants one alone. */
async function lookAt(
  { bytes, file, picture, origin }: Foreign,
  size: InputSize,
): Promise<{ readonly outputs: readonly OnnxResult[]; readonly alone: boolean }> {
  const names = file.outputs.filter(({ type }) => FLOATS.includes(type)).map(({ name }) => name);
  if (names.length === 0) {
    throw new SightlineError('ERR_MODEL_INVALID', `"${origin}" puts out no floats, so no boxes`);
  }
  const wrapped = wrapOnnx(bytes, picture, { ...size, channels: 'rgb', scale: 1 / 255 }, names);
  const outputs = wrapped.outputs.map((name) => ({ name, layout: 'nhwc' as const }));
  const program = { bytes: wrapped.bytes, input: WRAPPED_INPUT, ...size, outputs };
  const [one, two] = await tryOnnx(program, picture.batch === undefined ? [1, 2] : [1]).catch(
    (cause: unknown) => {
      throw new SightlineError(
        'ERR_BACKEND_FAILED',
        `"${origin}" (opset ${file.opset}) cannot be run: ${messageOf(cause)}`,
        { cause },
      );
    },
  );
  const found = one!.map((result, at) => ({ ...result, name: names[at]! }));
  const pairs = two?.every(({ shape }, at) => shape[0] === 2 && found[at]!.shape[0] === 1) ?? false;
  return { outputs: found, alone: picture.batch === undefined && !pairs };
}

/** What the family makes of the outputs. @throws SightlineError ERR_MODEL_INVALID, with the family that they fit better. */
function recognise(
  family: OnnxFamily,
  outputs: readonly OnnxResult[],
  wanted: WantedOutputs,
  { input, classes: file }: ConvertOptions,
): Recognised {
  const recognised = family.recognise(outputs, wanted);
  const others = likely(outputs, wanted, family);
  const hint =
    others.length === 0 ? '' : `; the outputs look like ${others.join(' or ')}: try --decode ${others[0]!}`;
  if (typeof recognised === 'string') {
    throw new SightlineError(
      'ERR_MODEL_INVALID',
      `"${input}" does not fit ${family.name}: expected ${recognised}; found ${shapesOf(outputs)}${hint}`,
    );
  }
  const { classes } = recognised;
  if (classes === undefined && wanted.classes === undefined) {
    throw usage(`the outputs of "${input}" do not show how many classes there are; name them with --classes`);
  }
  if (classes !== undefined && wanted.classes !== undefined && classes !== wanted.classes) {
    throw new SightlineError(
      'ERR_MODEL_INVALID',
      `"${file ?? ''}" names ${wanted.classes} classes, the outputs of "${input}" have ${classes} as ${family.name} ` +
        `(${shapesOf(outputs)})${hint}`,
    );
  }
  return recognised;
}

function refuseUnnamed(outputs: readonly OnnxResult[], wanted: WantedOutputs, origin: string): never {
  const families = likely(outputs, wanted);
  const hint = families.length === 0 ? '' : `; they look like ${families.join(' or ')}`;
  throw usage(
    `say what the outputs of "${origin}" mean (${shapesOf(outputs)}): --decode ${DECODE_FAMILIES.join('|')}${hint}`,
  );
}

/** Names of the families that the outputs fit, classes included. */
function likely(outputs: readonly OnnxResult[], wanted: WantedOutputs, but?: OnnxFamily): string[] {
  return ONNX_ARCHITECTURES.filter(({ family }) => {
    const found = family === but ? '' : family.recognise(outputs, wanted);
    if (typeof found === 'string') return false;
    return wanted.classes === undefined || found.classes === undefined || found.classes === wanted.classes;
  }).map(({ name }) => name);
}

function shapesOf(outputs: readonly OnnxResult[]): string {
  return outputs.map(({ name, shape }) => `${name} [${shape.join(', ')}]`).join(', ');
}

function inputOf(
  { channels, scale, normalise, pad, placement, stretch }: ConvertOptions,
  known: OnnxFamily['defaults'],
  picture: OnnxInput,
  size: InputSize,
  alone: boolean,
): OnnxManifest['input'] {
  const { mean, std } = normalise === null ? {} : (normalise ?? known);
  const fit = stretch === undefined ? known.letterbox.fit : stretch ? 'stretch' : 'letterbox';
  const place = placement ?? known.letterbox.placement;
  return {
    ...size,
    channels: channels ?? known.channels,
    scale: scale ?? known.scale,
    ...(mean !== undefined && { mean }),
    ...(std !== undefined && { std }),
    ...(picture.width === undefined && picture.height === undefined && { anySize: true }),
    ...((alone || picture.batch === 1) && { batch: 1 }),
    letterbox: {
      pad: pad ?? known.letterbox.pad,
      kernel: known.letterbox.kernel,
      ...(fit !== undefined && { fit }),
      ...(place !== undefined && { placement: place }),
    },
  };
}

function usage(message: string): SightlineError {
  return new SightlineError('ERR_USAGE', message);
}
