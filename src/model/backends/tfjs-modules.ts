import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { messageOf, SightlineError } from '../../errors.js';

/**
 * Imports modules for what they do when they are imported, such as registering a backend of TensorFlow.js, one after
 * another.
 * @param modules paths, from the working folder on, or names of packages that are installed there or beside Sightline.
 * @throws SightlineError ERR_BACKEND_UNAVAILABLE naming the first that does not import.
 */
export async function importModules(modules: readonly string[]): Promise<void> {
  for (const module of modules) {
    try {
      await import(locate(module));
    } catch (cause) {
      const why = messageOf(cause).replace(/\s+/g, ' ').slice(0, 300);
      throw new SightlineError(
        'ERR_BACKEND_UNAVAILABLE',
        `the module "${module}" of model.modules does not import: ${why}`,
        { cause },
      );
    }
  }
}

function locate(module: string): string {
  const path = resolve(module);
  if (/^\.{0,2}\//.test(module) || existsSync(path)) return pathToFileURL(path).href;
  try {
    return pathToFileURL(createRequire(join(process.cwd(), 'package.json')).resolve(module)).href;
  } catch {
    // Not installed there, or only for `import`: as one of our own packages.
    return module;
  }
}
