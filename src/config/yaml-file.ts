/** YAML that a user wrote: its values, and the place of each for messages. */
import {
  type Document,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseDocument,
  type YAMLError,
} from 'yaml';
import type { z } from 'zod';
import { messageOf, SightlineError } from '../errors.js';
import { readTextFile } from '../files/read-file.js';
import { findProblem } from '../options/check-options.js';
import { expandAliases, isMergeKey, type Resolve } from './yaml-aliases.js';

const MOST_BYTES = 10 * 2 ** 20;

/** What a file holds. */
export interface YamlFile {
  /** As it stands there; a key without a value is as good as none. */
  readonly value: Readonly<Record<string, unknown>>;
  /** @throws SightlineError ERR_USAGE with file, line and column of what is wrong. */
  readonly check: (schema: z.ZodType) => void;
}

/** @throws SightlineError ERR_USAGE with file, line and column of what is wrong. */
export async function readYaml(file: string): Promise<YamlFile> {
  let text: string;
  try {
    text = await readTextFile(file, MOST_BYTES);
  } catch (cause) {
    throw new SightlineError('ERR_USAGE', `config "${file}" cannot be read: ${messageOf(cause)}`, { cause });
  }
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false, merge: true });
  const fail = (offset: number, message: string): never => {
    const { line, col } = lineCounter.linePos(offset);
    throw new SightlineError('ERR_USAGE', `${file}:${line}:${col}: ${message}`);
  };
  const syntax = document.errors[0] ?? document.warnings[0];
  if (syntax !== undefined) fail(syntax.pos[0], inWords(syntax, text));
  const resolve = expandAliases(document, fail);
  const value: unknown = document.toJS({ maxAliasCount: -1 }) ?? {};
  if (!isMap(document.contents) && document.contents !== null && !isEmpty(document.contents))
    fail(0, `expected options as "key: value", found ${isSeq(document.contents) ? 'a list' : 'text'}`);
  const written = withoutEmpty(value) as YamlFile['value'];
  return {
    value: written,
    check(schema) {
      const problem = findProblem(schema, written);
      if (problem !== undefined) fail(placeOf(document, problem.path, resolve), problem.message);
    },
  };
}

/** What the parser complains about, where its own words leave something to be asked. */
function inWords({ code, message, pos }: YAMLError, text: string): string {
  if (code === 'DUPLICATE_KEY') {
    const [key] = /^[^:\n]*/.exec(text.slice(pos[0]))!;
    return `the key ${key.trim()} stands here for the second time; keep one`;
  }
  if (code === 'TAB_AS_INDENT') return 'a tab cannot indent; use spaces';
  if (code === 'MULTIPLE_DOCS') return 'a second document begins here; a file holds one';
  if (message.includes('call stack')) return 'lists and maps are nested too deeply from here on';
  return message.split('\n', 1)[0]!;
}

function isEmpty(node: unknown): boolean {
  return isScalar(node) && node.value === null;
}

/** `model:` with nothing behind it says nothing. */
function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  const kept = Object.entries(value).filter(([, entry]) => entry !== null);
  return Object.fromEntries(kept.map(([key, entry]) => [key, withoutEmpty(entry)]));
}

/** Offset of the key or entry at `path`, or of the closest one around it that is there. */
function placeOf(document: Document, path: readonly PropertyKey[], resolve: Resolve): number {
  let node = resolve(document.contents);
  let place = isNode(node) ? (node.range?.[0] ?? 0) : 0;
  for (const step of path) {
    if (isSeq(node)) {
      const item = typeof step === 'number' ? node.items[step] : undefined;
      if (!isNode(item)) break;
      place = item.range?.[0] ?? place;
      node = resolve(item);
    } else {
      const pair = pairOf(node, step, resolve);
      if (pair === undefined) break;
      place = (isNode(pair.key) ? pair.key.range?.[0] : undefined) ?? place;
      node = resolve(pair.value);
    }
  }
  return place;
}

/** The key of a map, or else that of a map which is merged into it. */
function pairOf(node: unknown, key: PropertyKey, resolve: Resolve): Pair | undefined {
  if (!isMap(node)) return undefined;
  const own = node.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === key);
  if (own !== undefined) return own;
  const merged = node.items.filter(isMergeKey).flatMap(({ value }) => {
    const from = resolve(value);
    return isSeq(from) ? from.items.map((item) => resolve(item)) : [from];
  });
  for (const map of merged) {
    const found = pairOf(map, key, resolve);
    if (found !== undefined) return found;
  }
  return undefined;
}
