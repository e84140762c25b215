/** Modules with kinds of a user's own. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { messageOf, SightlineError } from '../errors.js';
import { addKinds, type Kinds } from './kinds.js';

const EXPORTS = ['sourceKinds', 'sinkKinds', 'trackerKinds'] as const;

/**
 * Imports modules and adds the kinds that they export as `sourceKinds`, `sinkKinds` and `trackerKinds`.
 * @param modules paths from the working folder on, or names of packages that are installed there.
 * @throws SightlineError ERR_USAGE naming the module that cannot be loaded or exports no kinds.
 */
export async function addModules(kinds: Kinds, modules: readonly string[]): Promise<Kinds> {
  let joined = kinds;
  for (const module of modules) {
    const exported = await load(module);
    const given = EXPORTS.filter((name) => name in exported);
    const wrong = given.find((name) => !Array.isArray(exported[name]));
    if (given.length === 0 || wrong !== undefined) {
      throw new SightlineError(
        'ERR_USAGE',
        `module "${module}" ${wrong === undefined ? 'exports no kinds' : `exports ${wrong} that is no list`}; ` +
          `it has to export a list called ${EXPORTS.join(' or ')}: docs/extending.md`,
      );
    }
    joined = addKinds(joined, exported, `module "${module}"`);
  }
  return joined;
}

/** @param folder that a path among the modules starts from. */
export function modulesFrom(folder: string, modules: readonly string[]): string[] {
  return modules.map((module) => {
    const path = resolve(folder, module);
    if (/^\.{0,2}\//.test(module) || existsSync(path)) return path;
    try {
      return createRequire(join(resolve(folder), 'package.json')).resolve(module);
    } catch {
      return module;
    }
  });
}

async function load(module: string): Promise<Readonly<Record<string, unknown>>> {
  const [path = module] = modulesFrom('.', [module]);
  try {
    return (await import(path.startsWith('/') ? pathToFileURL(path).href : path)) as Record<string, unknown>;
  } catch (cause) {
    const ours = ` imported from ${fileURLToPath(import.meta.url)}`;
    const why = messageOf(cause).replace(ours, '').replace(/\s+/g, ' ').slice(0, 300);
    throw new SightlineError('ERR_USAGE', `module "${module}" cannot be loaded: ${why}`, { cause });
  }
}
