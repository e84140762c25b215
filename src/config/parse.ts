import type { z } from 'zod';
import { SightlineError } from '../errors.js';
import {
  type Options,
  type OptionsInput,
  optionsSchema,
  type ReplayInput,
  type ReplayOptions,
  replaySchema,
} from './schema.js';

/**
 * Checks options and fills in the defaults.
 * @throws SightlineError ERR_USAGE naming the key, its value and what is expected.
 */
export function parseOptions(input: OptionsInput): Options {
  const parsed = optionsSchema.safeParse(input);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new SightlineError('ERR_USAGE', describeIssue(issue, input));
}

/**
 * Checks the options of a replay and fills in the defaults.
 * @throws SightlineError ERR_USAGE naming the key, its value and what is expected.
 */
export function parseReplay(input: ReplayInput): ReplayOptions {
  const parsed = replaySchema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw new SightlineError('ERR_USAGE', describeIssue(parsed.error.issues[0]!, input));
}

/** One line for one complaint of the schema: key path, value, what is wrong. */
export function describeIssue(issue: z.core.$ZodIssue, input: unknown): string {
  const key = issue.path.join('.');
  if (issue.code === 'unrecognized_keys') {
    const names = issue.keys.map((name) => `"${key === '' ? name : `${key}.${name}`}"`).join(', ');
    return `unknown option ${names}`;
  }
  const value = issue.path.reduce<unknown>(
    (at, step) =>
      typeof at === 'object' && at !== null ? (at as Record<PropertyKey, unknown>)[step] : undefined,
    input,
  );
  const shown = value === undefined ? 'is missing' : `is ${JSON.stringify(value)}`;
  return `option "${key}" ${shown}: ${lowerFirst(issue.message)}`;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
