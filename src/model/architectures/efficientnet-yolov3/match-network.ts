/** Finds out which network weights belong to, and says what differs where they do not fit. */
import { SightlineError } from '../../../errors.js';
import type { Phi } from './manifest.js';
import { type NamedWeights, printableName, type Weights, type WeightShapes } from '../../weights/weights.js';
import { PHIS, shapesOf } from './networks.js';

/** What tells one network's weights from another's. */
export interface NetworkKind {
  readonly phi: Phi;
  readonly classes: number;
}

/** What a person said about the weights. */
export interface WantedNetwork {
  readonly phi?: Phi | undefined;
  readonly classes?: number | undefined;
}

const ANCHORS_PER_HEAD = 3;
const BOX_CHANNELS = 5;
const MAX_CLASSES = 10_000;
const SHOWN = 4;

/** Of two hundred or more tensors, so many must fit before a guess is worth telling. */
const PLAUSIBLE_SHARE = 0.5;

/**
 * The network that the weights are of.
 * @param wanted what is known; the rest is taken from the shapes.
 * @throws SightlineError ERR_WEIGHTS_INVALID with what differs and, if it can be told, which network it would fit.
 */
export function matchNetwork(named: NamedWeights, wanted: WantedNetwork, origin: string): NetworkKind {
  const guess = guessNetwork(named.weights);
  const kind = { phi: wanted.phi ?? guess.phi, classes: wanted.classes ?? guess.classes };
  const differences = compare(named.weights, shapesOf(kind.phi, kind.classes));
  const all = [...differences.misshapen, ...differences.missing, ...differences.extra];
  if (all.length === 0) return kind;
  const counts = [
    `${differences.misshapen.length} of another shape`,
    `${differences.missing.length} missing`,
    `${differences.extra.length} left over`,
  ].filter((text) => !text.startsWith('0 '));
  const more = all.length > SHOWN ? '; …' : '';
  const notes = named.notes.slice(0, SHOWN).map((note) => `${note}; `);
  throw new SightlineError(
    'ERR_WEIGHTS_INVALID',
    `"${origin}" does not fit phi ${kind.phi} with ${kind.classes} classes: ${notes.join('')}${counts.join(', ')} ` +
      `(${all.slice(0, SHOWN).join('; ')}${more}); ${adviceOf(guess)}`,
  );
}

function adviceOf({ phi, classes, differences, tensors }: Guess): string {
  if (differences === 0) {
    return `these are the weights of phi ${phi} with ${classes} classes: use --phi ${phi} and a file of ${classes} names`;
  }
  return differences <= tensors * (1 - PLAUSIBLE_SHARE)
    ? `they come nearest to phi ${phi} with ${classes} classes`
    : 'they are not of EfficientNet-YOLOv3';
}

interface Guess extends NetworkKind {
  readonly differences: number;
  readonly tensors: number;
}

function guessNetwork(weights: Weights): Guess {
  const classes = guessClasses(weights);
  let best: Guess | undefined;
  for (const phi of PHIS) {
    const shapes = shapesOf(phi, classes);
    const { misshapen, missing, extra } = compare(weights, shapes);
    const differences = misshapen.length + missing.length + extra.length;
    if (best === undefined || differences < best.differences) {
      best = { phi, classes, differences, tensors: shapes.size };
    }
  }
  return best!;
}

/** From the channels of an output, three times five and the classes. */
function guessClasses(weights: Weights): number {
  for (const level of [5, 4, 3]) {
    const channels = weights.get(`head${level}_out/bias`)?.shape[0] ?? 0;
    const classes = channels / ANCHORS_PER_HEAD - BOX_CHANNELS;
    if (Number.isInteger(classes) && classes >= 1 && classes <= MAX_CLASSES) return classes;
  }
  return 1;
}

/** A sentence for every tensor that does not fit. */
interface Differences {
  readonly misshapen: readonly string[];
  readonly missing: readonly string[];
  readonly extra: readonly string[];
}

function compare(weights: Weights, wanted: WeightShapes): Differences {
  const misshapen: string[] = [];
  const missing: string[] = [];
  for (const [name, shape] of wanted) {
    const found = weights.get(name)?.shape;
    if (found === undefined) missing.push(`${name} ${format(shape)} is missing`);
    else if (found.length !== shape.length || found.some((size, axis) => size !== shape[axis])) {
      misshapen.push(`${name} is ${format(found)}, not ${format(shape)}`);
    }
  }
  const extra = [...weights.keys()]
    .filter((name) => !wanted.has(name))
    .map((name) => `${printableName(name)} has no place`);
  return { misshapen, missing, extra };
}

function format(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}
