import { randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import { link, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { isSameFile } from '../../files/is-same-file.js';
import { placeOf } from '../../files/place-of.js';
import { isSightlineError, SightlineError } from '../../errors.js';
import { reasonOf, unwritable } from '../../files/reasons.js';

/** Keeps the names of part files within the 255 bytes that file systems allow, of three bytes a letter too. */
const LONGEST_STEM = 60;

/**
 * A file that is made beside its final place under another name and moved there when it is whole, so that at no time
 * a broken file stands where a good one is looked for. The other name is that of the file with more behind it: whoever looks
 * for what a killed process has left finds it, and patterns such as `*.mp4` do not.
 */
export class OutputFile {
  /** As the user wrote it, for messages. */
  readonly name: string;
  #path: string;
  readonly #overwrite: boolean;
  readonly #what: string;

  /**
   * @param path final place.
   * @param overwrite whether an existing file may be replaced.
   * @param what it is, in messages.
   */
  constructor(path: string, overwrite: boolean, what = 'video') {
    this.name = path;
    this.#path = resolve(path);
    this.#overwrite = overwrite;
    this.#what = what;
  }

  /**
   * Finds out whether the file can be written, before hours are spent on what goes into it.
   * @throws SightlineError ERR_SINK_EXISTS or ERR_SINK_UNWRITABLE.
   */
  async check(): Promise<void> {
    // Through a symbolic link, as writing in place would: the part file must lie on the same file system.
    this.#path = await placeOf(this.#path);
    const found = await stat(this.#path).catch(() => undefined);
    if (found?.isDirectory() === true) throw this.#unwritable('it is a directory; name a file in it');
    if (found !== undefined && !found.isFile())
      throw this.#unwritable(`it is ${kindOf(found)}, and a ${this.#what} needs a file; name one`);
    if (found !== undefined && !this.#overwrite) throw this.#exists();
    // Only writing tells whether a folder can be written to: access rights do not know of read-only mounts.
    const trial = this.partPath('part');
    try {
      await (await open(trial, 'wx')).close();
      await rm(trial);
    } catch (cause) {
      throw this.#unwritable(reasonOf(cause), cause);
    }
  }

  /**
   * @param inputs paths or addresses that are read while this file is written.
   * @throws SightlineError ERR_USAGE if one of them is this file.
   */
  async checkDistinctFrom(inputs: readonly string[]): Promise<void> {
    const own = await stat(this.#path).catch(() => undefined);
    for (const input of inputs) {
      const other = await stat(resolve(input)).catch(() => undefined);
      if (!isSameFile(own, other)) continue;
      throw new SightlineError(
        'ERR_USAGE',
        `the ${this.#what} output "${this.name}" is the input itself; name another file`,
      );
    }
  }

  /** A new name beside the final one. @param kind what it ends in. */
  partPath(kind: 'part' | 'joined'): string {
    return join(dirname(this.#path), `${this.#stem}.${randomBytes(4).toString('hex')}.${kind}`);
  }

  /** Paths of what runs have left here that were killed. Those of a run that is still going are among them. */
  async leftovers(): Promise<string[]> {
    const names = await readdir(dirname(this.#path)).catch(() => []);
    return names
      .filter((name) => name.startsWith(this.#stem) && IS_PART.test(name.slice(this.#stem.length)))
      .map((name) => join(dirname(this.name), name));
  }

  /**
   * Moves a whole file to its final place.
   * @throws SightlineError ERR_SINK_EXISTS if a file has appeared there meanwhile, ERR_SINK_FAILED if it cannot be moved; `part` is
   * then left where it is.
   */
  async place(part: string): Promise<void> {
    const left = `; the finished ${this.#what} was left in "${part}"`;
    try {
      // Unlike a rename, a link never replaces anything.
      if (!this.#overwrite && (await linked(part, this.#path))) return;
      const found = await stat(this.#path).catch(() => undefined);
      if (found !== undefined && (!this.#overwrite || !found.isFile())) throw this.#exists(left);
      await rename(part, this.#path);
    } catch (cause) {
      if (isSightlineError(cause)) throw cause;
      throw new SightlineError(
        'ERR_SINK_FAILED',
        `writing "${this.name}" failed: ${reasonOf(cause)}${left}`,
        {
          cause,
        },
      );
    }
  }

  get #stem(): string {
    const extension = extname(this.#path);
    return `${basename(this.#path, extension).slice(0, LONGEST_STEM)}${extension}`;
  }

  #exists(more = '; pass --overwrite to replace it'): SightlineError {
    return new SightlineError('ERR_SINK_EXISTS', `the ${this.#what} output "${this.name}" exists${more}`);
  }

  #unwritable(reason: string, cause?: unknown): SightlineError {
    return unwritable(`the ${this.#what} output "${this.name}"`, cause, reason);
  }
}

const IS_PART = /^\.[0-9a-f]{8}\.(part|joined)$/;

/** Gives a file its name if nothing has that name. @returns false if something has, or the file system knows no hard links. */
async function linked(part: string, path: string): Promise<boolean> {
  try {
    await link(part, path);
  } catch {
    return false;
  }
  await rm(part);
  return true;
}

/** What something is that is neither file nor directory. */
function kindOf(found: Stats): string {
  if (found.isFIFO()) return 'a named pipe';
  return found.isSocket() ? 'a socket' : 'a device';
}
