/** Finds trackers by their names and makes them. */
import * as z from 'zod';
import type { Tracker } from '../contract/tracker.js';
import { SightlineError } from '../errors.js';
import { checkOptions } from '../options/check-options.js';
import { didYouMean } from '../text/nearest-name.js';
import type { TrackerKind } from './tracker-kind.js';
import * as trackers from './trackers.js';

/** What comes with Sightline. */
export const TRACKERS: readonly TrackerKind[] = Object.values(trackers);

/** Trackers by their names. */
export interface TrackerRegistry {
  readonly kinds: readonly TrackerKind[];
  /** The tracker meant by a name, whatever its dashes and capitals. @throws SightlineError ERR_USAGE for an unknown one. */
  find(name: string): TrackerKind;
  /**
   * Makes trackers, one for each source.
   * @param parameters under the authors' names, in snake_case or camelCase.
   * @throws SightlineError ERR_USAGE, one line, for what is unknown, with the nearest name, or out of range.
   */
  prepare(name: string, parameters?: Readonly<Record<string, unknown>>): () => Tracker;
}

/** @throws SightlineError ERR_USAGE for two of the same name. */
export function createTrackerRegistry(kinds: readonly TrackerKind[]): TrackerRegistry {
  const names = kinds.map(({ type }) => type);
  const twice = names.find((name, at) => names.indexOf(name) < at);
  if (twice !== undefined) throw usage(`there are two trackers called "${twice}"`);
  const find = (name: string): TrackerKind => {
    const plain = plainly(name);
    const found = kinds.find(
      ({ type }) => plain === plainly(type) || plain === `${type}er` || `${plain}track` === type,
    );
    if (found !== undefined) return found;
    throw usage(`there is no tracker "${name}"${didYouMean(plain, names)}; there are ${names.join(', ')}`);
  };
  return {
    kinds,
    find,
    prepare(name, parameters = {}) {
      const kind = find(name);
      const options = checkOptions(kind.options, nameParameters(kind, parameters), kind.type);
      return () => kind.create(options);
    },
  };
}

/**
 * A tracker by its name: `bytetrack`, `botsort`, `ocsort` or `sort`, also written with dashes, underscores or capitals.
 * @param parameters under their usual names or in camelCase; see docs/tracking.md.
 * @throws SightlineError ERR_USAGE for an unknown name or parameter, with the nearest one, and for values out of range.
 */
export function createTracker(name: string, parameters?: Readonly<Record<string, unknown>>): Tracker {
  return createTrackerRegistry(TRACKERS).prepare(name, parameters)();
}

/**
 * Parameters under the names that the tracker has for them, whatever their spelling.
 * @throws SightlineError ERR_USAGE for a parameter that it does not have, or that is given twice.
 */
export function nameParameters<Value>(
  { type, options, spellings = {} }: TrackerKind,
  parameters: Readonly<Record<string, Value>>,
): Record<string, Value> {
  const known = options instanceof z.ZodObject ? Object.keys(options.shape) : Object.keys(parameters);
  const names = new Map([
    ...Object.entries(spellings).map(([spelling, name]) => [plainly(spelling), name] as const),
    ...known.map((name) => [plainly(name), name] as const),
  ]);
  const given = new Map<string, Value>();
  for (const [key, value] of Object.entries(parameters)) {
    if (value === undefined) continue;
    const name = names.get(plainly(key));
    if (name === undefined)
      throw usage(`${type} has no parameter "${key}"${didYouMean(key, known)}; it has ${known.join(', ')}`);
    if (given.has(name)) throw usage(`${name} of ${type} is given twice, the second time as "${key}"`);
    given.set(name, value);
  }
  return Object.fromEntries(given);
}

/** `trackThresh`, `track_thresh` and `Track-Thresh` are one name. */
function plainly(name: string): string {
  return name.toLowerCase().replaceAll(/[-_ ]/g, '');
}

function usage(message: string): SightlineError {
  return new SightlineError('ERR_USAGE', message);
}
