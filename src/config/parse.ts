import * as z from 'zod';
import type { Sink } from '../contract/sink.js';
import type { Source } from '../contract/source.js';
import { checkOptions } from '../options/check-options.js';
import { BUILT_IN_KINDS, type Kinds } from './kinds.js';
import {
  type Options,
  type OptionsInput,
  optionsSchema,
  type ReplayInput,
  type ReplayOptions,
  replaySchema,
} from './schema.js';

/** Options of whatever kind. */
interface Typed {
  readonly type: string;
}

/**
 * Checks options and fills in the defaults.
 * @throws SightlineError ERR_USAGE naming the key, its value and what is expected.
 */
export function parseOptions(input: OptionsInput<Typed>, kinds: Kinds = BUILT_IN_KINDS): Options {
  return checkOptions(optionsSchema(kinds, READY_MADE), input);
}

/**
 * Checks the options of a replay and fills in the defaults.
 * @throws SightlineError ERR_USAGE naming the key, its value and what is expected.
 */
export function parseReplay(input: ReplayInput<Typed>, kinds: Kinds = BUILT_IN_KINDS): ReplayOptions {
  return checkOptions(replaySchema(kinds, READY_MADE), input);
}

/** In code, objects may stand in the lists instead of options. */
const READY_MADE = {
  source: z.custom<Source>((value) => hasMethods(value, 'open', 'frames')),
  sink: z.custom<Sink>((value) => hasMethods(value, 'open', 'close')),
};

function hasMethods(value: unknown, ...names: readonly string[]): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return names.every((name) => typeof (value as Record<string, unknown>)[name] === 'function');
}
