import { checkOptions } from '../options/check-options.js';
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
  return checkOptions(optionsSchema, input);
}

/**
 * Checks the options of a replay and fills in the defaults.
 * @throws SightlineError ERR_USAGE naming the key, its value and what is expected.
 */
export function parseReplay(input: ReplayInput): ReplayOptions {
  return checkOptions(replaySchema, input);
}
