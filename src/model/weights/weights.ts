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
 * Weights must be numbers: a training that went astray leaves others, and one is enough to spoil every output behind it.
 * @param epsilon what batch norms add to their variances, whose sum has to have a root.
 * @throws SightlineError ERR_WEIGHTS_INVALID naming the first tensor that holds something else, and the value.
 */
export function checkNumbers(weights: Weights, epsilon: number, origin: string): void {
  for (const [name, { data }] of weights) {
    const wrong = firstNonNumber(data);
    if (wrong !== -1) throw noNumber(origin, name, data[wrong]!, wrong, data.length);
    // In float32 a variance may end up a little below zero.
    if (name.endsWith('/moving_variance') && data.some((value) => value <= -epsilon)) {
      throw new SightlineError('ERR_WEIGHTS_INVALID', `"${origin}" has variances below zero in "${name}"`);
    }
  }
}

/** Place of the first value that is NaN or, unless they are allowed, infinite; −1 if there is none. */
export function firstNonNumber(data: ArrayLike<number>, infinities = false): number {
  for (let at = 0; at < data.length; at++) {
    const value = data[at]!;
    // The difference is NaN for both infinities and for NaN.
    if (value - value !== 0 && !(infinities && value === value)) return at;
  }
  return -1;
}

/** The error of a weight that is NaN or infinite. @param at its place among the `count` values of its tensor. */
export function noNumber(
  origin: string,
  name: string,
  value: number,
  at: number,
  count: number,
): SightlineError {
  return new SightlineError(
    'ERR_WEIGHTS_INVALID',
    `"${origin}" has ${value} in "${printableName(name)}" (value ${at} of ${count}): ` +
      'the training diverged or the file is damaged',
  );
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
