import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { SightlineError } from '../../errors.js';
import { checkOutput } from '../../files/output-place.js';
import { unwritable } from '../../files/reasons.js';
import type { ModelManifest, Unwritten } from '../architectures/base-manifest.js';
import { loadManifest, MANIFEST_FILE } from '../manifest.js';
import { readModel } from '../read-network.js';

/** End of the name of a folder in which a model is put together. */
const PART = '.sightline-part';

/**
 * Writes a model folder. It is put together beside its place or in a folder that is there, loaded once as a check, and
 * moved: the model appears whole or not at all. Files that do not belong to a replaced model, such as its README, stay.
 * @throws SightlineError ERR_SINK_EXISTS, ERR_SINK_UNWRITABLE, and what {@link readModel} throws
 */
export async function writeModel<M extends ModelManifest>(
  dir: string,
  manifest: Unwritten<M>,
  weights: Uint8Array,
): Promise<ModelManifest> {
  const place = await realpath(dir).catch(() => resolve(dir));
  const isThere = (await stat(place).catch(() => undefined)) !== undefined;
  const fresh = join(isThere ? place : dirname(place), `.${randomBytes(4).toString('hex')}${PART}`);
  try {
    const sha256 = createHash('sha256').update(weights).digest('hex');
    const { file } = manifest.weights;
    const whole = { ...manifest, weights: { ...manifest.weights, sha256 } };
    await mkdir(dirname(place), { recursive: true });
    await mkdir(fresh);
    await writeFile(join(fresh, file), weights);
    await writeFile(join(fresh, MANIFEST_FILE), `${JSON.stringify(whole, undefined, 1)}\n`);
    const read = await readModel(fresh);
    await (isThere ? moveInto(place, fresh, file) : rename(fresh, place));
    return read.manifest;
  } catch (cause) {
    await rm(fresh, { recursive: true, force: true }).catch(() => undefined);
    if (cause instanceof SightlineError) throw cause;
    throw unwritable(`"${dir}"`, cause);
  }
}

/**
 * Whether a model may be written at `dir`: nothing is there, or an empty folder, or with `overwrite` a model folder whose
 * files are none of the `inputs`. A model folder may be converted in its place.
 * @throws SightlineError ERR_SINK_EXISTS, ERR_SINK_UNWRITABLE, ERR_USAGE
 */
export async function checkModelPlace(
  dir: string,
  overwrite: boolean,
  inputs: readonly (string | undefined)[],
): Promise<void> {
  const found = await stat(dir).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isDirectory()) {
    throw new SightlineError('ERR_SINK_EXISTS', `"${dir}" is a file; name a folder for the model`);
  }
  let entries: string[];
  try {
    // What a process that was killed left is nobody's.
    entries = (await readdir(dir)).filter((name) => !name.endsWith(PART));
  } catch (cause) {
    throw unwritable(`"${dir}"`, cause);
  }
  if (entries.length === 0) return;
  if (!entries.includes(MANIFEST_FILE)) {
    throw new SightlineError(
      'ERR_SINK_EXISTS',
      `"${dir}" holds other things than a model (no ${MANIFEST_FILE}) and is left alone; name another folder`,
    );
  }
  if (!overwrite) {
    throw new SightlineError(
      'ERR_SINK_EXISTS',
      `"${dir}" exists; pass --overwrite to replace the model in it`,
    );
  }
  // Only what is a model by its own words is replaced.
  const { weights } = await loadManifest(dir);
  const isFolder = (path: string): Promise<boolean> =>
    stat(path).then(
      (input) => input.isDirectory(),
      () => false,
    );
  const read: string[] = [];
  for (const path of inputs) if (path !== undefined && !(await isFolder(path))) read.push(path);
  for (const name of [MANIFEST_FILE, weights.file])
    await checkOutput(join(dir, name), { inputs: read, overwrite });
}

/**
 * Moves a new model's files into a folder that is there, which stays the same folder: it may be the working folder of a shell
 * or the place of a mount. The manifest comes last, and what was there comes back if a move fails.
 */
async function moveInto(place: string, fresh: string, file: string): Promise<void> {
  // Not in the new folder, which is removed whatever happens.
  const aside = fresh.replace(PART, '.sightline-old');
  const moves: (readonly [from: string, to: string])[] = [];
  if ((await readdir(place)).includes(MANIFEST_FILE)) {
    const { weights } = await loadManifest(place);
    await mkdir(aside);
    moves.push([join(place, MANIFEST_FILE), join(aside, MANIFEST_FILE)]);
    const old = join(place, weights.file);
    if ((await stat(old).catch(() => undefined)) !== undefined) moves.push([old, join(aside, weights.file)]);
  }
  for (const name of [file, MANIFEST_FILE]) moves.push([join(fresh, name), join(place, name)]);
  for (const [at, [from, to]] of moves.entries()) {
    try {
      await rename(from, to);
    } catch (cause) {
      for (const [origin, there] of moves.slice(0, at).reverse()) await rename(there, origin);
      await rm(aside, { recursive: true, force: true });
      throw cause;
    }
  }
  await rm(aside, { recursive: true, force: true });
  await rm(fresh, { recursive: true, force: true });
}
