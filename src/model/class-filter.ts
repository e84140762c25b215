import { SightlineError } from '../errors.js';
import { didYouMean } from '../text/nearest-name.js';

/** Which objects to report. */
export interface ClassFilter {
  /** Least confidence of every class that has none of its own, 0 to 1. */
  readonly confidence: number;
  /** Names of the classes to report; all if not given. */
  readonly classes?: readonly string[] | undefined;
  /** Least confidence by class name, 0 to 1. */
  readonly classConfidence?: Readonly<Record<string, number>> | undefined;
}

/**
 * The least score of each class id: Infinity for classes that are not asked for.
 * @param names the model's classes, in the order of their ids.
 * @throws SightlineError ERR_USAGE for a name that the model does not have, with a suggestion, or a wrong threshold.
 */
export function classThresholds(names: readonly string[], filter: ClassFilter): Float64Array {
  const wanted = filter.classes;
  if (wanted?.length === 0) {
    throw new SightlineError('ERR_USAGE', `no class is asked for; the model has ${names.join(', ')}`);
  }
  checkConfidence(filter.confidence, '');
  const thresholds = new Float64Array(names.length).fill(wanted === undefined ? filter.confidence : Infinity);
  for (const name of wanted ?? []) thresholds[classIdOf(name, names)] = filter.confidence;
  for (const [name, confidence] of Object.entries(filter.classConfidence ?? {})) {
    checkConfidence(confidence, ` for "${name}"`);
    const classId = classIdOf(name, names);
    if (thresholds[classId] !== Infinity) thresholds[classId] = confidence;
  }
  return thresholds;
}

function checkConfidence(value: number, where: string): void {
  if (value >= 0 && value <= 1) return;
  throw new SightlineError(
    'ERR_USAGE',
    `the least confidence${where} must be a number from 0 to 1, got "${value}"`,
  );
}

function classIdOf(name: string, names: readonly string[]): number {
  const classId = names.indexOf(name);
  if (classId >= 0) return classId;
  throw new SightlineError(
    'ERR_USAGE',
    `the model has no class "${name}"${didYouMean(name, names)}; it has ${names.join(', ')}`,
  );
}
