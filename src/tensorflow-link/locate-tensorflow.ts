import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { exists } from '../files/exists.js';
import { messageOf, SightlineError } from '../errors.js';
import type { PythonAnswer, TensorflowPackage } from './ask-python.js';
import type { LinkRecord } from './link-record.js';
import { inspectTensorflow, type TensorflowFiles } from './tensorflow-files.js';
import { cachedFolder, unpackWheel } from './wheel-cache.js';

/** What to link to; anything that is there if nothing is said. */
export interface TensorflowRequest {
  /** A wheel, or a folder of one; relative paths are to the working directory. */
  readonly from?: string | undefined;
  readonly package?: TensorflowPackage | undefined;
  readonly version?: string | undefined;
  /** The Python to ask, and to run pip and node-gyp on. */
  readonly python: string;
  /** Whether the user named that Python: then it has to be there. */
  readonly named?: boolean | undefined;
}

/** A TensorFlow that was found, and how. */
export interface LocatedTensorflow {
  readonly files: TensorflowFiles;
  readonly package: TensorflowPackage | undefined;
  readonly origin: string;
}

/** Where to look besides what the request names. */
export interface Surroundings {
  readonly cache: string;
  /** Asks the request's Python. */
  readonly python: () => Promise<PythonAnswer>;
  /** What is linked now and still is as it was. */
  readonly linked: LinkRecord | undefined;
  /** What would be fetched. */
  readonly wanted: { readonly package: TensorflowPackage; readonly version: string };
}

/**
 * Finds a TensorFlow without fetching one: what `--from` names; else what is installed in the Python; else what is linked
 * already; else what lies in the cache.
 * @returns undefined if one has to be fetched.
 * @throws SightlineError ERR_USAGE, ERR_BACKEND_UNAVAILABLE
 */
export async function locateTensorflow(
  request: TensorflowRequest,
  around: Surroundings,
  say: (line: string) => void,
): Promise<LocatedTensorflow | undefined> {
  if (request.from !== undefined) return fromGiven(request.from, request.python, around.cache, say);

  const { linked } = around;
  const keeps = linked !== undefined && satisfies(request, linked.tensorflow) ? linked.tensorflow : undefined;
  const installed = await fromPython(request, around, keeps !== undefined, say);
  if (installed !== undefined) return installed;
  if (keeps !== undefined) {
    return { files: await inspectTensorflow(keeps.folder), package: keeps.package, origin: 'linked before' };
  }
  const cached = cachedFolder(around.cache, around.wanted.package, around.wanted.version);
  if (!(await exists(cached))) return undefined;
  return { files: await inspectTensorflow(cached), package: around.wanted.package, origin: 'from the cache' };
}

async function fromGiven(
  from: string,
  python: string,
  cache: string,
  say: (line: string) => void,
): Promise<LocatedTensorflow> {
  const path = resolve(from);
  const isFile = await stat(path).then(
    (found) => found.isFile(),
    (cause: unknown) => {
      throw new SightlineError('ERR_USAGE', `--from ${from}: there is no such file or folder`, { cause });
    },
  );
  if (isFile && !path.endsWith('.whl')) {
    throw new SightlineError('ERR_USAGE', `--from ${from} is neither a folder nor a wheel (.whl)`);
  }
  const folder = isFile ? await unpackWheel(path, cache, python, say) : path;
  return { files: await inspectTensorflow(folder), package: undefined, origin: `from ${from}` };
}

async function fromPython(
  request: TensorflowRequest,
  around: Surroundings,
  mayBeMissing: boolean,
  say: (line: string) => void,
): Promise<LocatedTensorflow | undefined> {
  let answer: PythonAnswer;
  try {
    answer = await around.python();
  } catch (error) {
    // Nothing has to be built if all is linked, so nobody needs a Python; but one that was named was meant.
    if (mayBeMissing && !request.named) return undefined;
    throw error;
  }
  for (const candidate of answer.tensorflow) {
    if (!satisfies(request, candidate)) continue;
    const name = `${candidate.package} ${candidate.version}`;
    try {
      const files = await inspectTensorflow(candidate.folder);
      return { files, package: candidate.package, origin: `${name} of ${request.python} ${answer.version}` };
    } catch (error) {
      say(`not using the installed ${name}: ${messageOf(error)}`);
    }
  }
  return undefined;
}

function satisfies(
  request: TensorflowRequest,
  found: { readonly package?: string | undefined; readonly version: string },
): boolean {
  const packageFits = request.package === undefined || request.package === found.package;
  return packageFits && (request.version === undefined || request.version === found.version);
}
