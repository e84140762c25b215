/** What the installed TensorFlow.js can do, found by looking at its files. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { exists } from '../../files/exists.js';
import { messageOf } from '../../errors.js';
import type { DeviceState } from './device-state.js';
import { WASM_FILES } from './tfjs-wasm.js';

/** The package with the WebAssembly backend. */
export interface WasmPackage {
  /** Where the runtime's scripts and binaries lie. */
  readonly folder: string;
  readonly version: string;
  /** Why it cannot be used. */
  readonly problem: string | undefined;
}

const PACKAGE = '@tensorflow/tfjs-backend-wasm';

/** The state of TensorFlow.js' devices. Reads a few files. */
export async function tfjsStates(): Promise<readonly DeviceState[]> {
  const { version, problem } = await findWasmPackage();
  const reason = `TensorFlow.js ${version}, WebAssembly with SIMD and threads`;
  return [{ device: 'wasm', available: problem === undefined, reason: problem ?? reason }];
}

/** Looks for the package and the files that are needed of it. */
export async function findWasmPackage(): Promise<WasmPackage> {
  const again = `run \`npm install ${PACKAGE}\` again`;
  let file: string;
  let version: string;
  try {
    file = createRequire(import.meta.url).resolve(`${PACKAGE}/package.json`);
    ({ version } = JSON.parse(await readFile(file, 'utf8')) as { version: string });
  } catch (error) {
    const why = messageOf(error).split('\n')[0] ?? '';
    return { folder: '', version: '', problem: `${PACKAGE} is not there (${why}): ${again}` };
  }
  const folder = join(dirname(file), 'wasm-out');
  for (const name of WASM_FILES) {
    if (await exists(join(folder, name))) continue;
    return { folder, version, problem: `${PACKAGE} ${version} has no ${name}: ${again}` };
  }
  return { folder, version, problem: undefined };
}
