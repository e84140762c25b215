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

/**
 * Reads a list such as `person,car=0.5`: names of classes, each with its own least confidence if one stands after it.
 * @throws SightlineError ERR_USAGE if an entry has no name, stands there twice or its number is not from 0 to 1.
 */
export function parseClassList(text: string): { classes: string[]; classConfidence: Record<string, number> } {
  const classes: string[] = [];
  const thresholds: [string, number][] = [];
  for (const entry of text.split(',')) {
    // The last "=": a class name may hold one itself.
    const cut = entry.lastIndexOf('=');
    const name = (cut < 0 ? entry : entry.slice(0, cut)).trim();
    if (name === '') {
      throw new SightlineError('ERR_USAGE', `an entry of the class list "${text}" has no name`);
    }
    if (classes.includes(name)) {
      throw new SightlineError('ERR_USAGE', `class "${name}" stands twice in the class list "${text}"`);
    }
    classes.push(name);
    if (cut < 0) continue;
    const number = entry.slice(cut + 1).trim();
    const confidence = number === '' ? NaN : Number(number);
    checkConfidence(confidence, ` for "${name}"`, number);
    thresholds.push([name, confidence]);
  }
  return { classes, classConfidence: Object.fromEntries(thresholds) };
}

function checkConfidence(value: number, where: string, shown = String(value)): void {
  if (value >= 0 && value <= 1) return;
  throw new SightlineError(
    'ERR_USAGE',
    `the least confidence${where} must be a number from 0 to 1, got "${shown}"`,
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
