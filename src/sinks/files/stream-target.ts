import type { Writable } from 'node:stream';
import { SightlineError } from '../../errors.js';
import { codeOf, reasonOf } from '../../files/reasons.js';
import type { LineTarget } from './line-writer.js';

/** Someone else's stream, the standard output for one: written to with backpressure, never ended. */
export class StreamTarget implements LineTarget {
  readonly #stream: Writable;
  readonly #label: string;
  #error: Error | undefined;

  /** @param label what errors call the stream. */
  constructor(stream: Writable, label: string) {
    this.#stream = stream;
    this.#label = label;
  }

  open(): Promise<void> {
    // A stream reports the same error to the write's callback and as an event; unheard, the event ends the process.
    this.#stream.on('error', this.#onError);
    return Promise.resolve();
  }

  write(bytes: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (error: Error | null | undefined): void => {
        this.#stream.off('close', onClose);
        if (error instanceof Error) reject(this.#describe(error));
        else resolve();
      };
      // A destroyed stream forgets the callbacks of some of its writes.
      const onClose = (): void => {
        settle(this.#error ?? new Error('the stream was closed'));
      };
      if (this.#stream.destroyed) {
        settle(this.#error ?? new Error('the stream was closed'));
        return;
      }
      this.#stream.once('close', onClose);
      this.#stream.write(bytes, settle);
    });
  }

  close(): Promise<void> {
    // The listener stays after a failure: the event may come later than the callback.
    if (this.#error === undefined && !this.#stream.destroyed) this.#stream.off('error', this.#onError);
    return Promise.resolve();
  }

  readonly #onError = (error: Error): void => {
    this.#error ??= error;
  };

  #describe(cause: Error): SightlineError {
    this.#error ??= cause;
    const code = codeOf(cause);
    if (code === 'EPIPE' || code === 'ECONNRESET' || code === 'ERR_STREAM_DESTROYED')
      return new SightlineError('ERR_SINK_CLOSED', `the reader of ${this.#label} has gone`, { cause });
    return new SightlineError('ERR_SINK_FAILED', `writing to ${this.#label} failed: ${reasonOf(cause)}`, {
      cause,
    });
  }
}
