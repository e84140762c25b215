import { SightlineError } from '../errors.js';

/** An interval that is this many times the one before it is a hole in the video and not a slow frame rate. */
const HOLE_FACTOR = 3;

/** The time of the frames of one source, which never goes back. */
export class MediaClock {
  /** Time of this frame and of the one before it; NaN when there is none. */
  nowUs = Number.NaN;
  beforeUs = Number.NaN;
  /** From the frame before to this one; 0 in the first frame. */
  intervalUs = 0;
  private lastIntervalUs = Infinity;

  /** Goes on to a frame. @throws SightlineError ERR_SOURCE_INVALID when time is not a number or goes back. */
  advance(ptsUs: number): void {
    const before = this.nowUs;
    if (!Number.isFinite(ptsUs) || ptsUs < before) {
      const change = Number.isNaN(before) ? `is ${ptsUs} µs` : `went from ${before} µs to ${ptsUs} µs`;
      throw new SightlineError(
        'ERR_SOURCE_INVALID',
        `the time of a frame ${change}; a tracker needs times that never go back, reset it where a stream's clock restarts`,
      );
    }
    if (this.intervalUs > 0) this.lastIntervalUs = this.intervalUs;
    this.beforeUs = before;
    this.nowUs = ptsUs;
    this.intervalUs = Number.isNaN(before) ? 0 : ptsUs - before;
  }

  get isFirstFrame(): boolean {
    return Number.isNaN(this.beforeUs);
  }

  /**
   * Whether nothing can continue over the interval before this frame: it is longer than the buffer. It must also stand
   * out from the one before: at one frame in two seconds every interval is longer than the buffer, and that is no hole.
   */
  isHole(bufferUs: number): boolean {
    return this.intervalUs > bufferUs && this.intervalUs > HOLE_FACTOR * this.lastIntervalUs;
  }

  /** Forgets all times: the next frame is a first one. */
  restart(): void {
    this.nowUs = Number.NaN;
    this.beforeUs = Number.NaN;
    this.intervalUs = 0;
    this.lastIntervalUs = Infinity;
  }
}
