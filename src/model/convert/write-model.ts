import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { messageOf, SightlineError } from '../../errors.js';
import { loadManifest, MANIFEST_FILE, type ModelManifest } from '../manifest.js';
import { readModel } from '../read-network.js';

const WEIGHTS_FILE = 'weights.safetensors';

/** What a manifest says before the weights are written. */
export type UnwrittenManifest = Omit<ModelManifest, 'weights'>;

/**
 * Writes a model folder. It is put together beside its place, loaded once as a check, and moved there: it appears whole or
 * not at all. Files of a replaced folder that do not belong to the model, such as its README, stay.
 * @throws SightlineError ERR_SINK_EXISTS, ERR_SINK_UNWRITABLE, and what {@link readModel} throws
 */
export async function writeModel(
  dir: string,
  manifest: UnwrittenManifest,
  weights: Uint8Array,
): Promise<ModelManifest> {
  const place = await realpath(dir).catch(() => resolve(dir));
  const fresh = beside(place, 'part');
  try {
    const sha256 = createHash('sha256').update(weights).digest('hex');
    const whole = { ...manifest, weights: { file: WEIGHTS_FILE, sha256, layout: 'keras' } };
    await mkdir(dirname(place), { recursive: true });
    await mkdir(fresh);
    await writeFile(join(fresh, WEIGHTS_FILE), weights);
    await writeFile(join(fresh, MANIFEST_FILE), `${JSON.stringify(whole, undefined, 1)}\n`);
    const read = await readModel(fresh);
    await moveInto(place, fresh);
    return read.manifest;
  } catch (cause) {
    await rm(fresh, { recursive: true, force: true }).catch(() => undefined);
    if (cause instanceof SightlineError) throw cause;
    throw unwritable(dir, cause);
  }
}

/**
 * Whether a model may be written at `dir`: nothing is there, or an empty folder, or with `overwrite` a model folder.
 * @throws SightlineError ERR_SINK_EXISTS, ERR_SINK_UNWRITABLE
 */
export async function checkModelPlace(dir: string, overwrite: boolean): Promise<void> {
  const found = await stat(dir).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isDirectory()) {
    throw new SightlineError('ERR_SINK_EXISTS', `"${dir}" is a file; name a folder for the model`);
  }
  let entries: string[];
  try {
    entries = await readdir(dir);
  } catch (cause) {
    throw unwritable(dir, cause);
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
  await loadManifest(dir);
}

/** Moves a folder to its place; what was there goes aside first, and comes back if the move fails. */
async function moveInto(place: string, fresh: string): Promise<void> {
  const there = await readdir(place).catch(() => undefined);
  if (there === undefined || there.length === 0) {
    await rename(fresh, place);
    return;
  }
  const old = await loadManifest(place);
  const aside = beside(place, 'old');
  await rename(place, aside);
  try {
    await rename(fresh, place);
  } catch (cause) {
    await rename(aside, place);
    throw cause;
  }
  for (const name of there) {
    const ours = name === MANIFEST_FILE || name === old.weights.file || name === WEIGHTS_FILE;
    if (!ours) await rename(join(aside, name), join(place, name));
  }
  await rm(aside, { recursive: true, force: true });
}

function beside(place: string, kind: string): string {
  return join(dirname(place), `.${basename(place).slice(0, 80)}.${randomBytes(4).toString('hex')}.${kind}`);
}

function unwritable(dir: string, cause: unknown): SightlineError {
  return new SightlineError('ERR_SINK_UNWRITABLE', `"${dir}" cannot be written: ${messageOf(cause)}`, {
    cause,
  });
}
