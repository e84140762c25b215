import { randomBytes } from 'node:crypto';
import { link, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { exists } from '../../files/exists.js';
import { SightlineError } from '../../errors.js';
import { reasonOf, unwritable } from '../../files/reasons.js';

/** Keeps the names of part files within what file systems allow. */
const LONGEST_STEM = 80;

/**
 * A file that is made beside its final place under a hidden name and moved there when it is whole, so that at no time
 * a broken file stands where a good one is looked for.
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
    this.#path = await realpath(this.#path).catch(() => this.#path);
    const found = await stat(this.#path).catch(() => undefined);
    if (found?.isDirectory() === true) throw this.#unwritable('it is a directory; name a file in it');
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
    if (own === undefined) return;
    for (const input of inputs) {
      const other = await stat(resolve(input)).catch(() => undefined);
      // Links of both kinds lead to the same file number.
      if (other?.dev !== own.dev || other.ino !== own.ino) continue;
      throw new SightlineError(
        'ERR_USAGE',
        `the ${this.#what} output "${this.name}" is the input itself; name another file`,
      );
    }
  }

  /** A new hidden name beside the final one, with the same extension. */
  partPath(kind: string): string {
    const extension = extname(this.#path);
    const stem = basename(this.#path, extension).slice(0, LONGEST_STEM);
    return join(dirname(this.#path), `.${stem}.${randomBytes(4).toString('hex')}.${kind}${extension}`);
  }

  /**
   * Moves a whole file to its final place.
   * @throws SightlineError ERR_SINK_EXISTS if a file has appeared there meanwhile; `part` is then left where it is.
   */
  async place(part: string): Promise<void> {
    if (!this.#overwrite) {
      try {
        // Unlike a rename, a link never replaces anything.
        await link(part, this.#path);
        await rm(part);
        return;
      } catch {
        // There is a file, or no hard links on this file system.
        if (await exists(this.#path))
          throw this.#exists(`; the finished ${this.#what} was left in "${part}"`);
      }
    }
    await rename(part, this.#path);
  }

  #exists(more = '; pass --overwrite to replace it'): SightlineError {
    return new SightlineError('ERR_SINK_EXISTS', `the ${this.#what} output "${this.name}" exists${more}`);
  }

  #unwritable(reason: string, cause?: unknown): SightlineError {
    return unwritable(`the ${this.#what} output "${this.name}"`, cause, reason);
  }
}
