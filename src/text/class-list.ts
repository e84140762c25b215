/** Lists of names as people write them in one argument: `person,car=0.5,"a,b"=0.7`. */
import { SightlineError } from '../errors.js';

/** Names of classes, and the least confidence of those that were given one. */
export interface ClassList {
  readonly names: readonly string[];
  readonly confidence: Readonly<Record<string, number>>;
}

/** How lists are written, for the help of flags. */
export const QUOTING = 'quote a name that holds , or =: "a,b"';

/**
 * Reads names of classes, each with its least confidence if one stands after it.
 * @throws SightlineError ERR_USAGE, one line, for what is empty, stands there twice or is no number from 0 to 1.
 */
export function parseClassList(text: string): ClassList {
  const entries = entriesOf(text, 'class');
  const confidence = entries.flatMap(({ name, written }): [string, number][] => {
    if (written === undefined) return [];
    const value = written === '' ? Number.NaN : Number(written);
    if (value >= 0 && value <= 1) return [[name, value]];
    throw usage(`the least confidence of "${name}" must be a number from 0 to 1, not "${written}"`);
  });
  return { names: entries.map(({ name }) => name), confidence: Object.fromEntries(confidence) };
}

/**
 * Reads names alone.
 * @param what is named, for messages.
 * @throws SightlineError ERR_USAGE, one line, for what is empty or stands there twice, or a number after a name.
 */
export function parseNameList(text: string, what: string): readonly string[] {
  return entriesOf(text, what).map(({ name, written }) => {
    if (written === undefined) return name;
    throw usage(`only names are expected here, but "=${written}" stands after "${name}"`);
  });
}

interface Entry {
  readonly name: string;
  /** What stands after the `=`. */
  readonly written: string | undefined;
}

function entriesOf(text: string, what: string): Entry[] {
  // A quoted or a plain name, perhaps a number, and the comma or the end.
  const pattern = /\s*(?:"((?:[^"]|"")*)"|([^",=]*))\s*(?:=([^,]*))?(,|$)/y;
  const entries: Entry[] = [];
  for (let more = true; more;) {
    const from = pattern.lastIndex;
    const match = pattern.exec(text);
    if (match === null)
      throw usage(`the list cannot be read from '${text.slice(from).trim()}' on; ${QUOTING}`);
    const [, quoted, plain = '', written, end] = match;
    const name = quoted?.replaceAll('""', '"') ?? plain.trim();
    if (name === '') throw usage(`expected ${what} names separated by commas, but one in "${text}" is empty`);
    if (entries.some((entry) => entry.name === name)) throw usage(`${what} "${name}" is listed twice`);
    entries.push({ name, written: written?.trim() });
    more = end === ',';
  }
  return entries;
}

function usage(message: string): SightlineError {
  return new SightlineError('ERR_USAGE', message);
}
