/**
 * Collects lines into large writes. What waits here is bounded: a writer of lines is held back once 64 KiB are waiting,
 * and a quiet stream is written out after a quarter of a second, so that `tail -f` and pipes see it.
 */

/** Where bytes go. Calls do not overlap. */
export interface LineTarget {
  /** Claims the place without changing what it holds. @throws SightlineError */
  open(): Promise<void>;
  /** Ends an `open` that waits for somebody: it throws ERR_ABORTED. */
  giveUp?(): void;
  /**
   * Writes whole lines, completely.
   * @throws SightlineError after taking away a half-written line where that is possible.
   */
  write(bytes: Buffer): Promise<void>;
  /** @param used whether something was, or could have been, written; a place that was claimed in vain is given back. */
  close(used: boolean): Promise<void>;
}

const HIGH_WATER_CHARS = 64 * 1024;
const FLUSH_AFTER_MS = 250;

/** A bounded buffer of lines in front of a target. After its first error every call throws that error. */
export class LineWriter {
  readonly #target: LineTarget;
  #opened: Promise<void> | undefined;
  #waiting = '';
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #error: unknown;

  constructor(target: LineTarget) {
    this.#target = target;
  }

  /** Opens the target, once. @throws SightlineError */
  open(): Promise<void> {
    this.#opened ??= this.#target.open();
    return this.#opened;
  }

  /**
   * Takes a line without its line feed. Settles at once while there is room, else when there is room again.
   * @throws SightlineError if this or an earlier line could not be written.
   */
  append(line: string): Promise<void> {
    if (this.#error !== undefined) return this.flush();
    this.#waiting += `${line}\n`;
    if (this.#waiting.length >= HIGH_WATER_CHARS) return this.flush();
    this.#timer ??= setTimeout(() => {
      // The error is kept and thrown by the next call.
      void this.flush().catch(() => undefined);
    }, FLUSH_AFTER_MS);
    return Promise.resolve();
  }

  /** Settles when everything that was appended before is written. @throws SightlineError */
  flush(): Promise<void> {
    if (this.#writing === undefined) {
      this.#writing = this.#write().finally(() => (this.#writing = undefined));
      return this.#writing;
    }
    // A write is on its way: all lines that come meanwhile share the one after it.
    const turn = (): Promise<void> => {
      this.#next = undefined;
      return this.flush();
    };
    this.#next ??= this.#writing.then(turn, turn);
    return this.#next;
  }

  /** Whether a write has failed, which the caller of that write was told. */
  get failed(): boolean {
    return this.#error !== undefined;
  }

  /**
   * Writes what is left and lets go of the target, even if that fails. Quiet about an error that was thrown before.
   * @param used false if no source ever came: a file that was made in vain is removed.
   * @throws SightlineError
   */
  async close(used: boolean): Promise<void> {
    this.#target.giveUp?.();
    const opened = this.#opened?.then(
      () => true,
      () => false,
    );
    if ((await opened) !== true) return;
    try {
      if (!this.failed) await this.flush();
    } finally {
      await this.#target.close(used);
    }
  }

  async #write(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#error !== undefined) throw this.#error as Error;
    if (this.#waiting === '') return;
    const bytes = Buffer.from(this.#waiting);
    this.#waiting = '';
    try {
      await this.#target.write(bytes);
    } catch (error) {
      this.#error = error;
      this.#waiting = '';
      throw error;
    }
  }
}
