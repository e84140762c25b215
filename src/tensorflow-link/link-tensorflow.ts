/**
 * Gives tfjs-node a TensorFlow of today: builds the package's native part against the libraries of a Python wheel, instead
 * of fetching the TensorFlow 2.9 of 2022 as its own installer does.
 */
import { access, constants, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { exists } from '../files/exists.js';
import { messageOf, SightlineError } from '../errors.js';
import { askPython, type PythonAnswer, type TensorflowPackage } from './ask-python.js';
import { bringBeside, buildAddon } from './build-addon.js';
import { type AddonCheck, checkAddon } from './check-addon.js';
import { type LinkRecord, readLinkRecord, replaceBinding, staleness } from './link-record.js';
import { type LocatedTensorflow, locateTensorflow, type TensorflowRequest } from './locate-tensorflow.js';
import { platformProblem } from './pip.js';
import { inspectTensorflow } from './tensorflow-files.js';
import { findTfjsNodePackages, type TfjsNodePackage } from './tfjs-node-package.js';
import { findToolchain } from './toolchain.js';
import { cacheFolder, fetchTensorflow } from './wheel-cache.js';

/** The newest version of TensorFlow that was tried with tfjs-node 4.22; what is fetched if nothing else is said. */
export const PINNED_TENSORFLOW = '2.21.0';

/** Versions that the addon was built with and ran on. */
const TRIED = ['2.15.1', PINNED_TENSORFLOW];

/** Where to link; the installed package and the user's cache if not said. */
export interface LinkPlace {
  readonly tfjsNode?: TfjsNodePackage;
  readonly cache?: string;
}

/** What came of it. */
export interface LinkOutcome {
  /** Whether anything had to be done. */
  readonly changed: boolean;
  readonly record: LinkRecord;
}

/**
 * Links tfjs-node (tfjs-node-gpu if both are installed) to a TensorFlow. Does nothing if that was done before and holds.
 * If it fails, what worked before works still.
 * @param say told in lines what happens.
 * @throws SightlineError ERR_USAGE, ERR_BACKEND_UNAVAILABLE
 */
export async function linkTensorflow(
  request: TensorflowRequest,
  say: (line: string) => void,
  place: LinkPlace = {},
): Promise<LinkOutcome> {
  const started = performance.now();
  const { version } = request;
  // It becomes part of a path and of what pip is told.
  if (version !== undefined && !/^\d+\.\d+\.\d+(rc\d+)?$/.test(version)) {
    throw new SightlineError(
      'ERR_USAGE',
      `"${version}" is not a version of TensorFlow such as ${PINNED_TENSORFLOW}`,
    );
  }
  const problem = platformProblem();
  if (problem !== undefined) throw unavailable(problem);
  const tfjsNode = place.tfjsNode ?? (await findPackage());
  const cache = place.cache ?? cacheFolder();
  const python = once(() => askPython(request.python));

  const record = await readLinkRecord(tfjsNode);
  const stale = record === undefined ? undefined : await staleness(record, tfjsNode);
  if (stale !== undefined) say(`linking again: ${stale}`);
  const linked = stale === undefined ? record : undefined;
  // PyPI has no tensorflow-cpu for 64-bit Arm: there the plain one is without CUDA.
  const fallback = process.arch === 'arm64' ? 'tensorflow' : 'tensorflow-cpu';
  const wanted = { package: request.package ?? fallback, version: version ?? PINNED_TENSORFLOW };
  const found = await locateTensorflow(request, { cache, python, linked, wanted }, say);

  if (linked !== undefined && found !== undefined && (await holds(linked, found, tfjsNode, say))) {
    say(`${describe(tfjsNode, linked)} already, and it works; nothing to do`);
    return { changed: false, record: linked };
  }
  const toolchain = await findToolchain();
  await mustBeWritable(tfjsNode);
  const answer = await python();
  const tensorflow = found ?? (await fetched(request.python, answer, cache, wanted, say));

  const scratch = await mkdtemp(join(/\s/.test(tmpdir()) ? '/tmp' : tmpdir(), 'sightline-link-'));
  let beside: string | undefined;
  try {
    say(`building the addon of ${tfjsNode.name} against ${tensorflow.files.folder} (${tensorflow.origin})`);
    const folders = { scratch, logs: cache };
    const built = await buildAddon(tfjsNode, tensorflow.files, toolchain, request.python, folders);
    beside = await bringBeside(built, tfjsNode.binding);
    const check = await checkAddon(tfjsNode, beside);
    const done = await replaceBinding(tfjsNode, beside, recordOf(tfjsNode, tensorflow, check));
    const seconds = ((performance.now() - started) / 1000).toFixed(0);
    say(`${describe(tfjsNode, done)}; matrix product and convolution are right; took ${seconds} s`);
    for (const note of await notesOn(done, tensorflow, check)) say(`note: ${note}`);
    return { changed: true, record: done };
  } finally {
    await rm(scratch, { recursive: true, force: true });
    if (beside !== undefined) await rm(beside, { force: true });
  }
}

async function findPackage(): Promise<TfjsNodePackage> {
  const [first] = await findTfjsNodePackages();
  if (first !== undefined) return first;
  throw unavailable(
    'neither @tensorflow/tfjs-node-gpu nor @tensorflow/tfjs-node is installed; run `npm install --ignore-scripts ' +
      '@tensorflow/tfjs-node-gpu@4.22.0` first',
  );
}

async function mustBeWritable({ name, folder }: TfjsNodePackage): Promise<void> {
  try {
    await access(folder, constants.W_OK);
  } catch (cause) {
    throw unavailable(`${name} in ${folder} cannot be written: run this as the user who installed it`, cause);
  }
}

/** Whether what is linked is what was found, fits this Node, and works. */
async function holds(
  linked: LinkRecord,
  found: LocatedTensorflow,
  tfjsNode: TfjsNodePackage,
  say: (line: string) => void,
): Promise<boolean> {
  if (linked.tensorflow.folder !== found.files.folder) return false;
  if (linked.nodeAbi !== process.versions.modules || linked.package !== tfjsNode.version) {
    say(`linking again: it was built for another Node or another ${tfjsNode.name}`);
    return false;
  }
  try {
    await checkAddon(tfjsNode, tfjsNode.binding);
    return true;
  } catch (error) {
    say(`linking again: ${messageOf(error)}`);
    return false;
  }
}

async function fetched(
  python: string,
  answer: PythonAnswer,
  cache: string,
  wanted: { readonly package: TensorflowPackage; readonly version: string },
  say: (line: string) => void,
): Promise<LocatedTensorflow> {
  if (!answer.pip) {
    throw unavailable(
      `"${python}" (${answer.version}) has no pip to fetch a TensorFlow with: install it (apt-get install python3-pip), or ` +
        'give a wheel or its folder with --from',
    );
  }
  const folder = await fetchTensorflow({ python, cache, ...wanted }, say);
  return { files: await inspectTensorflow(folder), package: wanted.package, origin: 'fetched' };
}

function recordOf(
  tfjsNode: TfjsNodePackage,
  { files, package: name }: LocatedTensorflow,
  check: AddonCheck,
): Omit<LinkRecord, 'binding'> {
  const { folder, library, stamp, cuda } = files;
  const tensorflow = { version: check.version, folder, library, stamp, cuda, ...(name && { package: name }) };
  return { tensorflow, package: tfjsNode.version, nodeAbi: process.versions.modules };
}

function describe({ name, version }: TfjsNodePackage, { tensorflow }: LinkRecord): string {
  const kind = tensorflow.cuda ? 'with CUDA' : 'CPU only';
  return `${name} ${version} is linked to TensorFlow ${tensorflow.version} (${kind}) in ${tensorflow.folder}`;
}

async function notesOn(
  { tensorflow }: LinkRecord,
  { files }: LocatedTensorflow,
  check: AddonCheck,
): Promise<string[]> {
  const notes: string[] = [];
  if (!TRIED.includes(tensorflow.version)) {
    notes.push(
      `TensorFlow ${tensorflow.version} is not one of those tried with tfjs-node (${TRIED.join(', ')})`,
    );
  }
  if (files.cuda && !check.gpu) {
    const beside = await exists(join(dirname(files.folder), 'nvidia'));
    notes.push(
      beside
        ? 'TensorFlow uses no graphics card here: see docs/gpu.md'
        : 'no CUDA libraries lie beside it: `pip install tensorflow[and-cuda]` and link that, see docs/gpu.md',
    );
  }
  return notes;
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}

function unavailable(message: string, cause?: unknown): SightlineError {
  return new SightlineError('ERR_BACKEND_UNAVAILABLE', message, { cause });
}
