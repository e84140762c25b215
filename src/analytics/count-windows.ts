import type { WindowCount } from '../contract/events.js';

/** One finished window. */
export interface CountWindow {
  readonly startUs: number;
  readonly endUs: number;
  /** Whether frames began or ended within it. */
  readonly partial: boolean;
  readonly counts: readonly WindowCount[];
}

/**
 * Sums in windows of media time that follow each other without gaps, aligned to multiples of their length. What is
 * counted belongs to the window of its own moment. It can be known later than that, so a window is held open for a
 * while; what comes later still is added to the oldest open window: the sum of all windows is always the total.
 */
export class CountWindows {
  readonly #lengthUs: number;
  readonly #holdUs: number;
  /** Sums by window number, then by what they are. */
  readonly #open = new Map<number, Map<string, WindowCount>>();
  #firstUs: number | undefined;
  /** Number of the oldest window that is not closed. */
  #next = 0;

  constructor(lengthUs: number, holdUs: number) {
    this.#lengthUs = lengthUs;
    this.#holdUs = holdUs;
  }

  /** Counts one. */
  add(count: Omit<WindowCount, 'count'>, ptsUs: number): void {
    const number = Math.max(this.#next, Math.floor(ptsUs / this.#lengthUs));
    const sums = this.#sumsOf(number);
    const key = [count.kind, count.name, count.direction, count.label].join('\0');
    const before = sums.get(key)?.count ?? 0;
    sums.set(key, { ...count, count: before + 1 });
  }

  /** Takes the time of a frame. @returns the windows that are closed by it, oldest first; those without frames do not exist. */
  advance(nowUs: number): readonly CountWindow[] {
    if (this.#firstUs === undefined) {
      this.#firstUs = nowUs;
      this.#next = Math.floor(nowUs / this.#lengthUs);
    }
    const closed = this.#close(Math.floor((nowUs - this.#holdUs) / this.#lengthUs), Infinity);
    this.#sumsOf(Math.max(this.#next, Math.floor(nowUs / this.#lengthUs)));
    return closed;
  }

  /** Closes all windows, the last frame having been at `lastUs`; a new clock may begin. */
  finish(lastUs: number): readonly CountWindow[] {
    const closed = this.#close(Infinity, lastUs);
    this.#firstUs = undefined;
    return closed;
  }

  #sumsOf(number: number): Map<string, WindowCount> {
    let sums = this.#open.get(number);
    if (sums === undefined) {
      sums = new Map();
      this.#open.set(number, sums);
    }
    return sums;
  }

  /** Closes the windows numbered below `below`. */
  #close(below: number, lastUs: number): readonly CountWindow[] {
    const numbers = [...this.#open.keys()].filter((number) => number < below).sort((a, b) => a - b);
    if (below > this.#next && below < Infinity) this.#next = below;
    return numbers.map((number) => {
      const sums = this.#open.get(number)!;
      this.#open.delete(number);
      const startUs = number * this.#lengthUs;
      const endUs = startUs + this.#lengthUs;
      const partial = (this.#firstUs ?? startUs) > startUs || lastUs < endUs;
      return { startUs, endUs, partial, counts: sorted(sums) };
    });
  }
}

function sorted(sums: ReadonlyMap<string, WindowCount>): WindowCount[] {
  return [...sums.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, count]) => count);
}
