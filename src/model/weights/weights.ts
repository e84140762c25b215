import { SightlineError } from '../../errors.js';

/** A named array of numbers. Kernels are in Keras layout: H,W,I,O, depthwise H,W,C,1. */
export interface WeightTensor {
  readonly shape: readonly number[];
  /** As many values as the product of `shape`, last axis fastest. */
  readonly data: Float32Array;
}

/** The parameters of a network by canonical name, such as `block2a_expand_conv/kernel`. Never changed in place. */
export type Weights = ReadonlyMap<string, WeightTensor>;

/** Tensors by canonical name as far as names could be found, with what is odd about the file, in words. */
export interface NamedWeights {
  readonly weights: Weights;
  readonly notes: readonly string[];
}

/** The shapes that a graph wants, by name. */
export type WeightShapes = ReadonlyMap<string, readonly number[]>;

/**
 * Compares weights with what a graph wants. More than enough is wrong too: all names of B0 are also names of B1.
 * @throws SightlineError ERR_WEIGHTS_INVALID naming the first tensor that is missing, misshapen or left over.
 */
export function checkWeights(weights: Weights, wanted: WeightShapes, origin: string): void {
  for (const [name, shape] of wanted) {
    const tensor = weights.get(name);
    if (tensor === undefined) {
      throw mismatch(origin, `has no tensor "${name}" (wanted: ${format(shape)})`);
    }
    if (tensor.shape.length !== shape.length || tensor.shape.some((size, axis) => size !== shape[axis])) {
      throw mismatch(
        origin,
        `has "${name}" of shape ${format(tensor.shape)} where ${format(shape)} is wanted`,
      );
    }
  }
  for (const name of weights.keys()) {
    if (!wanted.has(name)) throw mismatch(origin, `has a tensor "${name}" that the network does not use`);
  }
}

/**
 * Looks up a tensor that {@link checkWeights} has proven to be there.
 * @throws SightlineError ERR_WEIGHTS_INVALID if it is not.
 */
export function weightOf(weights: Weights, name: string): WeightTensor {
  const tensor = weights.get(name);
  if (tensor === undefined) throw new SightlineError('ERR_WEIGHTS_INVALID', `there is no tensor "${name}"`);
  return tensor;
}

/** A name from a file as it may stand in a message: one short line. */
export function printableName(text: string): string {
  const clean = text.replace(/[^\x20-\x7e]/g, '?');
  return clean.length > 80 ? `${clean.slice(0, 80)}…` : clean;
}

function mismatch(origin: string, problem: string): SightlineError {
  return new SightlineError(
    'ERR_WEIGHTS_INVALID',
    `"${origin}" ${problem}: check "backbone" and "classes" in model.json`,
  );
}

function format(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}
