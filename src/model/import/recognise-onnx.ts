/** Finds out what the outputs of somebody else's ONNX file mean, by running it once. */
import { messageOf, SightlineError } from '../../errors.js';
import type { InputSize } from '../../geometry/input-size.js';
import { ONNX_ARCHITECTURES } from '../architectures/registry.js';
import { type OnnxResult, tryOnnx } from '../backends/onnxruntime.js';
import type { OnnxFamily, Recognised, WantedOutputs } from '../onnx/onnx-family.js';
import type { OnnxFile } from '../onnx/onnx-file.js';
import type { OnnxInput } from '../onnx/onnx-input.js';
import { WRAPPED_INPUT, wrapOnnx } from '../onnx/wrap-onnx.js';
import type { ConvertOptions } from './convert-options.js';

const FLOATS: readonly string[] = ['float32', 'float16', 'float64'];

/** The families that outputs can be of, by the names that `--decode` takes. */
export const DECODE_FAMILIES: readonly string[] = ONNX_ARCHITECTURES.map(({ name }) => name);

/** What each family is, a line each, for people. */
export const FAMILY_LINES: readonly string[] = ONNX_ARCHITECTURES.map(
  ({ name, summary }) => `${name.padEnd(8)}${summary}`,
);

/** A file that was read, and how pictures go in. */

export interface ForeignFile {
  readonly origin: string;
  readonly bytes: Uint8Array;
  readonly file: OnnxFile;
  readonly picture: OnnxInput;
}

/** Runs the file over one grey picture, and over two where it lets us. @returns its floats, and whether it wants one alone. */
export async function lookAt(
  { bytes, file, picture, origin }: ForeignFile,
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
export function recognise(
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
      `"${file ?? input}" names ${wanted.classes} classes, the outputs of "${input}" have ${classes} as ${family.name} ` +
        `(${shapesOf(outputs)})${hint}`,
    );
  }
  return recognised;
}

/** Says that a family has to be named, and which it may be. */
export function refuseUnnamed(outputs: readonly OnnxResult[], wanted: WantedOutputs, origin: string): never {
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

function usage(message: string): SightlineError {
  return new SightlineError('ERR_USAGE', message);
}
