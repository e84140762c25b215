import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { messageOf, SightlineError } from '../errors.js';
import { findProblem } from '../options/check-options.js';
import { analyticsSchema } from '../analytics/options.js';
import { BUILT_IN_KINDS, type Entry, type Kinds } from './kinds.js';
import { addModules, modulesFrom } from './modules.js';
import { type OptionsInput, optionsSchema, type ReplayInput, replaySchema } from './schema.js';

/**
 * Reads options from a YAML file. Paths of modules are from its folder on, all others from the working folder on.
 * @throws SightlineError ERR_USAGE with file, line and column of what is wrong.
 */
export async function loadOptionsFile(file: string): Promise<OptionsInput<Entry>> {
  // The defaults are filled in later, once the command line has been laid over the file.
  return (await loadWithKinds(file, optionsSchema)) as OptionsInput<Entry>;
}

/**
 * Reads the options of a replay from a YAML file.
 * @throws SightlineError ERR_USAGE with file, line and column of what is wrong.
 */
export async function loadReplayFile(file: string): Promise<Partial<ReplayInput<Entry>>> {
  return (await loadWithKinds(file, (kinds) => replaySchema(kinds).partial({ recording: true }))) as Partial<
    ReplayInput<Entry>
  >;
}

/**
 * Reads lines, zones and the rest of analytics from a YAML file of their own.
 * @throws SightlineError ERR_USAGE with file, line and column of what is wrong.
 */
export async function loadAnalyticsFile(file: string): Promise<NonNullable<OptionsInput['analytics']>> {
  const { value, check } = await readYaml(file);
  check(analyticsSchema);
  return value as NonNullable<OptionsInput['analytics']>;
}

/** The modules of a file say what else can stand in it. */
async function loadWithKinds(file: string, schemaOf: (kinds: Kinds) => z.ZodType): Promise<unknown> {
  const { value, check } = await readYaml(file);
  const { modules: named } = (value ?? {}) as { readonly modules?: unknown };
  const modules = Array.isArray(named) ? named.filter((module) => typeof module === 'string') : [];
  const found = modulesFrom(dirname(file), modules);
  check(schemaOf(await addModules(BUILT_IN_KINDS, found)));
  return found.length === 0 ? value : { ...(value as object), modules: found };
}

/** What a file holds, as it stands there, and what checks it. */
async function readYaml(
  file: string,
): Promise<{ readonly value: unknown; readonly check: (schema: z.ZodType) => void }> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new SightlineError('ERR_USAGE', `config "${file}" cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const syntax = document.errors[0];
  if (syntax !== undefined) throw new SightlineError('ERR_USAGE', `${at(syntax.pos[0])}: ${syntax.message}`);
  const value: unknown = document.toJS() ?? {};
  return {
    value,
    check(schema) {
      const problem = findProblem(schema, value);
      if (problem === undefined) return;
      const node = nearestNode(document, problem.path);
      throw new SightlineError('ERR_USAGE', `${at(node)}: ${problem.message}`);
    },
  };
}

/** Offset of the key or entry at `path`, or of the closest parent that is there. */
function nearestNode(document: ReturnType<typeof parseDocument>, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const parent: unknown =
      length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const key = path[length - 1];
    const items = (parent as { items?: readonly unknown[] } | null | undefined)?.items ?? [];
    if (typeof key === 'number') {
      const entry = items[key] as { range?: readonly number[] } | undefined;
      if (entry?.range !== undefined) return entry.range[0] ?? 0;
    }
    for (const item of items) {
      const pair = item as { key?: { value?: unknown; range?: readonly number[] } };
      if (pair.key?.value === key && pair.key?.range !== undefined) return pair.key.range[0] ?? 0;
    }
  }
  return 0;
}
