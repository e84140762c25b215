/** Makes a model folder of a detector that another program exported as ONNX. */
import { readFile } from 'node:fs/promises';
import { basename, join, dirname, resolve } from 'node:path';
import { messageOf, SightlineError } from '../../errors.js';
import { exists } from '../../files/exists.js';
import type { InputSize } from '../../geometry/input-size.js';
import { MANIFEST_FORMAT } from '../architectures/base-manifest.js';
import { ONNX_ARCHITECTURES } from '../architectures/registry.js';
import { COCO_ANCHORS } from '../decode/head-anchors.js';
import { checkOnnxNumbers } from '../onnx/check-numbers.js';
import { classNamesIn } from '../onnx/class-names.js';
import type { OnnxFamily, OnnxManifest, WantedOutputs } from '../onnx/onnx-family.js';
import { readOnnxFile } from '../onnx/onnx-file.js';
import { type OnnxInput, pictureInputOf } from '../onnx/onnx-input.js';
import { didYouMean } from '../../text/nearest-name.js';
import type { Conversion, ConvertOptions } from './convert-options.js';
import { DECODE_FAMILIES, type ForeignFile, lookAt, recognise, refuseUnnamed } from './recognise-onnx.js';
import { readAnchors, readClassNames } from './text-files.js';
import { checkModelPlace, writeModel } from './write-model.js';

const ONNX_FILE = 'model.onnx';

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
  await checkModelPlace(out, options.overwrite ?? false, [origin, options.classes, options.anchors]);
  const named = options.classes === undefined ? undefined : await readClassNames(options.classes);
  const anchors = options.anchors === undefined ? undefined : await readAnchors(options.anchors);
  const foreign = await readForeign(origin);
  const names = named ?? classNamesIn(foreign.file.metadata);
  const size = sizeOf(foreign, options.size, wanted?.side ?? 640);
  const { outputs, alone } = await lookAt(foreign, size);
  const request: WantedOutputs = { ...size, classes: names?.length };
  const family = wanted ?? refuseUnnamed(outputs, request, origin);
  const recognised = recognise(family, outputs, request, options);
  const known = { ...family.defaults, ...recognised.defaults };
  const count = recognised.classes ?? names?.length ?? 0;
  const input = inputOf(options, known, foreign.picture, size, alone);
  const notes = [...(recognised.notes ?? [])];
  if (names === undefined)
    notes.push(`the ${count} classes are called class0 and so on; name them with --classes`);
  if (recognised.anchors === true && anchors === undefined) {
    notes.push('the anchors are those of YOLOv3 for COCO at 416; if yours differ, pass --anchors');
  }
  if (options.stretch === undefined) {
    const stretched = known.letterbox.fit === 'stretch';
    notes.push(
      stretched
        ? `pictures are stretched over the input, as is usual for ${family.name}; if yours kept their shape, pass --no-stretch`
        : `pictures keep their shape, as is usual for ${family.name}; if yours were stretched, pass --stretch`,
    );
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
      classes: names ?? Array.from({ length: count }, (_, index) => `class${index}`),
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

async function readForeign(origin: string): Promise<ForeignFile> {
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
  checkOnnxNumbers(bytes, origin);
  return { origin, bytes, file, picture: pictureInputOf(file, origin) };
}

function sizeOf({ picture, origin }: ForeignFile, asked: InputSize | undefined, side: number): InputSize {
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
