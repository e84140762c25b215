import { messageOf } from '../../errors.js';

/**
 * The shared library that a shared library needs and the loader does not find; undefined if that is not what is wrong.
 * What is found is loaded into this process.
 */
export function missingDependency(file: string): string | undefined {
  try {
    process.dlopen({ exports: {} }, file);
    return undefined;
  } catch (error) {
    return /^(\S+): cannot open shared object file/.exec(messageOf(error))?.[1];
  }
}
