/**
 * Files that are written line by line at their final place. Plain file descriptors and asynchronous calls: a full pipe
 * or a slow disk blocks a thread of libuv's pool, never the event loop.
 */
import { close, fstat, ftruncate, open, type Stats, write } from 'node:fs';
import { stat, unlink } from 'node:fs/promises';
import { promisify } from 'node:util';
import { SightlineError } from '../../errors.js';
import { codeOf, reasonOf, unwritable } from '../../files/reasons.js';
import { type Logger, SILENT_LOGGER } from '../../contract/logger.js';
import type { LineTarget } from './line-writer.js';
import { PipeTarget } from './pipe-target.js';

const openFile = promisify(open);
const closeFile = promisify(close);
const statFile = promisify(fstat);
const truncateFile = promisify(ftruncate);

const LINE_FEED = 10;

/** A file. An existing one keeps its content until the first line is written. */
export class FileTarget implements LineTarget {
  readonly #path: string | undefined;
  readonly #overwrite: boolean;
  readonly #label: string;
  #fd: number;
  readonly #logger: Logger;
  #pipe: PipeTarget | undefined;
  #lines = 0;
  #created = false;
  #replaces = false;

  /**
   * @param place a path, or the descriptor of the standard output when that is a file.
   * @param overwrite whether an existing file may be replaced; devices and named pipes may always be written to.
   * @param logger told that a named pipe is waited for.
   */
  constructor(place: string | number, overwrite: boolean, logger = SILENT_LOGGER) {
    this.#path = typeof place === 'string' ? place : undefined;
    this.#fd = typeof place === 'string' ? -1 : place;
    this.#overwrite = overwrite;
    this.#logger = logger;
    this.#label = typeof place === 'string' ? JSON.stringify(place) : 'the standard output';
  }

  async open(): Promise<void> {
    if (this.#path === undefined) return;
    try {
      this.#fd = await openFile(this.#path, 'wx');
      this.#created = true;
      return;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw unwritable(this.#label, error);
    }
    const found = await this.#look(this.#path);
    if (found.isDirectory()) throw unwritable(this.#label, undefined, 'it is a directory; name a file in it');
    if (found.isFile() && !this.#overwrite)
      throw new SightlineError(
        'ERR_SINK_EXISTS',
        `${this.#label} exists; choose another name or pass --overwrite to replace it`,
      );
    if (found.isFIFO()) {
      this.#pipe = new PipeTarget(this.#path, this.#label, this.#logger);
      await this.#pipe.open();
      return;
    }
    try {
      this.#fd = await openFile(this.#path, found.isFile() ? 'r+' : 'w');
    } catch (error) {
      throw unwritable(this.#label, error);
    }
    this.#replaces = found.isFile();
  }

  giveUp(): void {
    this.#pipe?.giveUp();
  }

  async write(bytes: Buffer): Promise<void> {
    if (this.#pipe !== undefined) return this.#pipe.write(bytes);
    let written = 0;
    try {
      await this.#replace();
      while (written < bytes.length) written += await writeSome(this.#fd, bytes, written);
      this.#lines += linesIn(bytes, bytes.length);
    } catch (cause) {
      throw await this.#failed(cause, bytes, written);
    }
  }

  async close(used: boolean): Promise<void> {
    if (this.#pipe !== undefined) return this.#pipe.close();
    if (this.#path === undefined) return;
    try {
      if (used) await this.#replace();
    } finally {
      await closeFile(this.#fd);
      if (!used && this.#created) await unlink(this.#path).catch(() => undefined);
    }
  }

  async #replace(): Promise<void> {
    if (this.#replaces) await truncateFile(this.#fd, 0);
    this.#replaces = false;
  }

  async #look(path: string): Promise<Stats> {
    try {
      return await stat(path);
    } catch (error) {
      throw unwritable(this.#label, error);
    }
  }

  async #failed(cause: unknown, bytes: Buffer, written: number): Promise<SightlineError> {
    if (codeOf(cause) === 'EPIPE')
      return new SightlineError('ERR_SINK_CLOSED', `the reader of ${this.#label} has gone`, { cause });
    this.#lines += linesIn(bytes, written);
    const half = written - (bytes.subarray(0, written).lastIndexOf(LINE_FEED) + 1);
    const kept = (await dropTail(this.#fd, half)) ? '' : ' and a part of another';
    return new SightlineError(
      'ERR_SINK_FAILED',
      `writing ${this.#label} failed: ${reasonOf(cause)}; it holds ${this.#lines} whole lines${kept}`,
      { cause },
    );
  }
}

function writeSome(fd: number, bytes: Buffer, from: number): Promise<number> {
  return new Promise((resolve, reject) => {
    // No position: pipes and devices have none.
    write(fd, bytes, from, bytes.length - from, null, (error, written) => {
      if (error === null) resolve(written);
      else reject(error);
    });
  });
}

/** Takes the last `bytes` bytes off a file. @returns whether the file now ends where it should. */
async function dropTail(fd: number, bytes: number): Promise<boolean> {
  if (bytes === 0) return true;
  try {
    const found = await statFile(fd);
    if (!found.isFile()) return false;
    await truncateFile(fd, found.size - bytes);
    return true;
  } catch {
    return false;
  }
}

function linesIn(bytes: Buffer, length: number): number {
  let lines = 0;
  for (let at = bytes.indexOf(LINE_FEED); at !== -1 && at < length; at = bytes.indexOf(LINE_FEED, at + 1))
    lines++;
  return lines;
}
