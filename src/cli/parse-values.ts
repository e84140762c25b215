import { InvalidArgumentError } from 'commander';
import { messageOf } from '../errors.js';
import { type InputSize, parseInputSize, SIZE_RULE } from '../geometry/input-size.js';
import { parseSeconds } from '../text/parse-seconds.js';
import { type ClassList, parseClassList, parseNameList } from '../text/class-list.js';

/** A number within bounds; the message says which. */
export function numberFrom(low: number, high = Number.POSITIVE_INFINITY, kind: 'any' | 'integer' = 'any') {
  return (text: string): number => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (value >= low && value <= high && (kind === 'any' || Number.isInteger(value))) return value;
    const noun = kind === 'integer' ? 'a whole number' : 'a number';
    const range = high === Number.POSITIVE_INFINITY ? `from ${low}` : `from ${low} to ${high}`;
    throw new InvalidArgumentError(`expected ${noun} ${range}`);
  };
}

/** Seconds, or `m:ss`, or `h:mm:ss`, with decimals. */
export function seconds(text: string): number {
  const value = parseSeconds(text);
  if (value === undefined) throw new InvalidArgumentError('expected seconds or h:mm:ss');
  return value;
}

/** `person,car=0.5`: names, each with a threshold of its own if given. */
export function classList(text: string): ClassList {
  return asArgument(() => parseClassList(text));
}

/** `a,b,c`. @param what is named. */
export function nameList(what: string) {
  return (text: string): readonly string[] => asArgument(() => parseNameList(text, what));
}

/** What a parser complains about, said as commander says it: with the flag. */
function asArgument<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new InvalidArgumentError(messageOf(error));
  }
}

/** `416` or `544x320`. */
export function inputSize(text: string): InputSize {
  const size = parseInputSize(text);
  if (size === undefined) throw new InvalidArgumentError(`expected ${SIZE_RULE}`);
  return size;
}

/** `8080`, `0.0.0.0:8080` or `[::]:8080`. */
export function address(text: string): { port: number; host?: string } {
  const match = /^(?:(.+):)?(\d{1,5})$/.exec(text.trim());
  const port = Number(match?.[2]);
  if (match === null || port > 65535)
    throw new InvalidArgumentError('expected a port from 0 to 65535, or host:port');
  const host = match[1]?.replace(/^\[(.*)\]$/, '$1');
  return host === undefined ? { port } : { port, host };
}

/** `6,7,8,3,4,5,0,1,2`; brackets as in `[[6,7,8],[3,4,5],[0,1,2]]` may stay. */
export function anchorMask(text: string): [number, number, number][] {
  const indices = text.split(/[[\],;\s]+/).filter((part) => part !== '');
  if (
    new Set(indices).size !== 9 ||
    indices.length !== 9 ||
    !indices.every((index) => /^[0-8]$/.test(index))
  ) {
    throw new InvalidArgumentError('expected each index from 0 to 8 once, such as 6,7,8,3,4,5,0,1,2');
  }
  return [0, 3, 6].map((at) => indices.slice(at, at + 3).map(Number) as [number, number, number]);
}

/** `key=value` after those that came before it: numbers and true or false are read as such. */
export function trackerOption(
  text: string,
  before: Readonly<Record<string, number | boolean | string>> = {},
): Record<string, number | boolean | string> {
  const match = /^\s*(\w+)\s*=\s*(\S.*?)\s*$/.exec(text);
  if (match === null) throw new InvalidArgumentError('expected key=value, such as track_buffer=2');
  const [, key = '', written = ''] = match;
  const number = Number(written);
  const value = Number.isNaN(number)
    ? written === 'true'
      ? true
      : written === 'false'
        ? false
        : written
    : number;
  return { ...before, [key]: value };
}
