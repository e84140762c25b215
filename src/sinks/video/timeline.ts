import type { Frame } from '../../contract/frame.js';
import type { Rational } from '../../contract/picture.js';

/** Sources that begin later than this have a clock of their own, such as the time of day. */
const LATEST_START_US = 10_000_000;

/** The finest time base in use: frames bring their time in microseconds. */
const MICROSECONDS: Rational = { num: 1, den: 1_000_000 };

/** The time base of a file whose source counts in `timeBase`. */
export function fileTimeBase(timeBase: Rational): Rational {
  const usable = timeBase.num > 0 && timeBase.den > 0 && timeBase.den / timeBase.num <= 1e6;
  return usable ? timeBase : MICROSECONDS;
}

/** Gives each frame its timestamp in the file. */
export class Timeline {
  readonly timeBase: Rational;
  readonly #usualGap: number;
  #shift: number | undefined;
  #epoch = 0;
  #jumped = false;
  #first = 0;
  #last = -1;
  #gap: number;
  #moved = 0;

  /** @param timeBase of the file. @param frameRate frames per second, for gaps that nothing else is known about. */
  constructor(timeBase: Rational, frameRate: number) {
    this.timeBase = timeBase;
    this.#usualGap = Math.max(1, Math.round(timeBase.den / timeBase.num / frameRate));
    this.#gap = this.#usualGap;
  }

  /** Seconds that the file is ahead of its source; known after the first frame. */
  get shiftSeconds(): number {
    return ((this.#shift ?? 0) * this.timeBase.num) / this.timeBase.den;
  }

  /** When the first frame begins and the last one ends, in seconds of the file. */
  get span(): { readonly start: number; readonly end: number } {
    const seconds = this.timeBase.num / this.timeBase.den;
    return { start: this.#first * seconds, end: (this.#last + this.#gap) * seconds };
  }

  /** Seconds between the last two frames. */
  get gapSeconds(): number {
    return (this.#gap * this.timeBase.num) / this.timeBase.den;
  }

  /** Frames whose time was not after that of the frame before, and was put one tick after it. */
  get moved(): number {
    return this.#moved;
  }

  /** Whether the clock of the source jumped, and stretches of it were joined. */
  get jumped(): boolean {
    return this.#jumped;
  }

  /**
   * The timestamp of the next frame in ticks. The timeline of the source is kept, unless it begins below zero, beyond ten
   * seconds or, by `startsInside`, in the middle of the source: then the file begins at zero. Where the clock of the source
   * jumps, the file goes on after the usual gap.
   */
  ticksOf(frame: Pick<Frame, 'ptsUs' | 'epoch'>, startsInside: boolean): number {
    const own = Math.round(((frame.ptsUs / 1e6) * this.timeBase.den) / this.timeBase.num);
    if (this.#shift === undefined) {
      const moves = frame.ptsUs < 0 || frame.ptsUs > LATEST_START_US || startsInside;
      this.#shift = moves ? -own : 0;
      this.#first = own + this.#shift;
      this.#epoch = frame.epoch;
      this.#last = this.#first;
      return this.#first;
    }
    if (frame.epoch !== this.#epoch) {
      this.#epoch = frame.epoch;
      this.#jumped = true;
      this.#shift = this.#last + this.#usualGap - own;
    }
    let ticks = own + this.#shift;
    if (ticks <= this.#last) {
      ticks = this.#last + 1;
      this.#moved++;
    }
    this.#gap = ticks - this.#last;
    this.#last = ticks;
    return ticks;
  }
}
