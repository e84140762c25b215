import { readFile } from 'node:fs/promises';
import { LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { messageOf, SightlineError } from '../errors.js';
import { findProblem } from '../options/check-options.js';
import { analyticsSchema } from '../analytics/options.js';
import { type OptionsInput, optionsSchema, type ReplayInput, replaySchema } from './schema.js';

/** What a YAML file may hold: any of the options; the inputs usually come from the command line. */
const fileSchema = optionsSchema.partial({ inputs: true });

/**
 * Reads options from a YAML file.
 * @throws SightlineError ERR_USAGE with file, line and column of what is wrong.
 */
export async function loadOptionsFile(file: string): Promise<Partial<OptionsInput>> {
  // The defaults are filled in later, once the command line has been laid over the file.
  return (await loadYaml(file, fileSchema)) as Partial<OptionsInput>;
}

/**
 * Reads the options of a replay from a YAML file.
 * @throws SightlineError ERR_USAGE with file, line and column of what is wrong.
 */
export async function loadReplayFile(file: string): Promise<Partial<ReplayInput>> {
  return (await loadYaml(file, replaySchema.partial({ recording: true }))) as Partial<ReplayInput>;
}

/**
 * Reads lines, zones and the rest of analytics from a YAML file of their own.
 * @throws SightlineError ERR_USAGE with file, line and column of what is wrong.
 */
export async function loadAnalyticsFile(file: string): Promise<NonNullable<OptionsInput['analytics']>> {
  return (await loadYaml(file, analyticsSchema)) as NonNullable<OptionsInput['analytics']>;
}

/** What a file holds, as it stands there, if the schema agrees. */
async function loadYaml(file: string, schema: z.ZodType): Promise<unknown> {
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
  const problem = findProblem(schema, value);
  if (problem === undefined) return value;
  const node = nearestNode(document, problem.path);
  throw new SightlineError('ERR_USAGE', `${at(node)}: ${problem.message}`);
}

/** Offset of the key at `path`, or of the closest parent that is there. */
function nearestNode(document: ReturnType<typeof parseDocument>, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const parent: unknown =
      length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const key = path[length - 1];
    const items = (parent as { items?: readonly unknown[] } | null | undefined)?.items ?? [];
    for (const item of items) {
      const pair = item as { key?: { value?: unknown; range?: readonly number[] } };
      if (pair.key?.value === key && pair.key?.range !== undefined) return pair.key.range[0] ?? 0;
    }
  }
  return 0;
}
