import { randomBytes } from 'node:crypto';
import { realpath, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { unwritable } from './reasons.js';

/**
 * Writes a file that appears whole or not at all: beside its place first, then moved there, through a symbolic link if
 * there is one. What was there before stays if it fails.
 * @throws SightlineError ERR_SINK_UNWRITABLE
 */
export async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  const place = await realpath(file).catch(() => resolve(file));
  const part = join(
    dirname(place),
    `.${basename(place).slice(0, 80)}.${randomBytes(4).toString('hex')}.part`,
  );
  try {
    await writeFile(part, bytes, { flag: 'wx' });
    await rename(part, place);
  } catch (cause) {
    await rm(part, { force: true });
    throw unwritable(`"${file}"`, cause);
  }
}
