/**
 * Pictures that wait to be shown. Those of a batch come in one go: they are shown one after the other at the pace at which
 * they come on average, each with the boxes of its own record.
 */
import type { FrameRecord } from './messages.js';

/** A picture and the record that came with it. */
export interface Picture {
  readonly record: FrameRecord;
  readonly jpeg: Blob;
}

/** A page that is slower than this many pictures shows fewer of them instead of older ones. */
const MOST_WAITING = 8;
/** Arrivals by which the pace is measured: a few batches. */
const MEASURED = 12;
/** Pictures that are seldom need not be held back. */
const LONGEST_GAP_MS = 500;
/** A little faster than pictures come, so that none of them has to wait for ever. */
const HURRY = 0.85;

/** Shows pictures in their order, each once the one before it has had its time. */
export class PictureQueue {
  readonly #show: (picture: Picture) => Promise<void>;
  readonly #waiting: Picture[] = [];
  readonly #arrivals: number[] = [];
  #playing = false;

  /** @param show settles when the picture can be seen; one that it rejects is left out. */
  constructor(show: (picture: Picture) => Promise<void>) {
    this.#show = show;
  }

  add(picture: Picture): void {
    this.#waiting.push(picture);
    if (this.#waiting.length > MOST_WAITING) this.#waiting.shift();
    this.#arrivals.push(performance.now());
    if (this.#arrivals.length > MEASURED) this.#arrivals.shift();
    if (!this.#playing) void this.#play();
  }

  /** Lets go of what waits. */
  clear(): void {
    this.#waiting.length = 0;
  }

  async #play(): Promise<void> {
    this.#playing = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const started = performance.now();
      await this.#show(next).catch(() => undefined);
      const left = this.#gapMs() - (performance.now() - started);
      if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
    }
    this.#playing = false;
  }

  /** Time that a picture has before the next one. */
  #gapMs(): number {
    const [first = 0] = this.#arrivals;
    const average = (performance.now() - first) / this.#arrivals.length;
    return Math.min(LONGEST_GAP_MS, HURRY * average);
  }
}
