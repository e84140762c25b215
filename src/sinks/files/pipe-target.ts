/**
 * Named pipes. Opening one blocks until somebody reads it, and a thread that blocks there, or in a write, would hold the process
 * when it should end: so it is opened without waiting, again and again, and written to as a stream.
 */
import { constants, open } from 'node:fs';
import { Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { SightlineError } from '../../errors.js';
import { codeOf, unwritable } from '../../files/reasons.js';
import type { Logger } from '../../contract/logger.js';
import type { LineTarget } from './line-writer.js';
import { StreamTarget } from './stream-target.js';

const openFile = promisify(open);

const EVERY_MS = 50;

/** A named pipe, which may not have a reader yet. */
export class PipeTarget implements LineTarget {
  readonly #path: string;
  readonly #label: string;
  readonly #logger: Logger;
  readonly #waiting = new AbortController();
  #socket: Socket | undefined;
  #stream: StreamTarget | undefined;

  /** @param label what errors call it. */
  constructor(path: string, label: string, logger: Logger) {
    this.#path = path;
    this.#label = label;
    this.#logger = logger;
  }

  /** Waits for a reader. @throws SightlineError ERR_ABORTED after `giveUp`, ERR_SINK_UNWRITABLE */
  async open(): Promise<void> {
    let fd = await this.#tryOpen();
    if (fd === undefined)
      this.#logger.warn({}, `${this.#label} is a named pipe that nobody reads: waiting for a reader`);
    while (fd === undefined) {
      await wait(EVERY_MS);
      if (this.#waiting.signal.aborted)
        throw new SightlineError('ERR_ABORTED', `nobody came to read ${this.#label}`);
      fd = await this.#tryOpen();
    }
    this.#socket = new Socket({ fd, readable: false, writable: true });
    this.#stream = new StreamTarget(this.#socket, this.#label);
    await this.#stream.open();
  }

  giveUp(): void {
    this.#waiting.abort();
  }

  async write(bytes: Buffer): Promise<void> {
    await this.#stream?.write(bytes);
  }

  close(): Promise<void> {
    // All that was to be written is written; an error that comes now is nobody's loss.
    this.#socket?.on('error', () => undefined).destroy();
    return Promise.resolve();
  }

  /** @returns undefined if nobody reads it. */
  async #tryOpen(): Promise<number | undefined> {
    try {
      return await openFile(this.#path, constants.O_WRONLY | constants.O_NONBLOCK);
    } catch (error) {
      if (codeOf(error) === 'ENXIO') return undefined;
      throw unwritable(this.#label, error);
    }
  }
}
