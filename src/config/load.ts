import { dirname } from 'node:path';
import * as z from 'zod';
import { analyticsSchema } from '../analytics/options.js';
import { BUILT_IN_KINDS, type Entry, type Kinds } from './kinds.js';
import { addModules, modulesFrom } from './modules.js';
import { type OptionsInput, optionsSchema, type ReplayInput, replaySchema } from './schema.js';
import { readYaml } from './yaml-file.js';

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
  // As it stands in the options of a run, or what stands under that key.
  const nested = 'analytics' in value;
  check(nested ? z.strictObject({ analytics: analyticsSchema }) : analyticsSchema);
  return (nested ? value['analytics'] : value) as NonNullable<OptionsInput['analytics']>;
}

/** The modules of a file say what else can stand in it. */
async function loadWithKinds(file: string, schemaOf: (kinds: Kinds) => z.ZodType): Promise<unknown> {
  const { value, check } = await readYaml(file);
  const { modules: named } = value;
  const modules = Array.isArray(named) ? named.filter((module) => typeof module === 'string') : [];
  const found = modulesFrom(dirname(file), modules);
  check(schemaOf(await addModules(BUILT_IN_KINDS, found)));
  return found.length === 0 ? value : { ...value, modules: found };
}
