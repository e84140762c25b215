/**
 * The clock of a source, as its frames tell it. ffmpeg's muxers want timestamps that rise, and where those of an input do
 * not (two recordings put one after another) they are replaced one tick after another. So each frame brings its own time
 * along as pixels of a stream of 8 x 1 grey ones, which nobody changes; here it is read, and divided into epochs.
 */
import type { Rational } from '../../contract/picture.js';
import { ticksToMicroseconds } from '../../ffmpeg/media-time.js';
import type { VideoProbe } from '../../ffmpeg/probe.js';

/** Size of the image that holds a frame's time. */
export const CLOCK_IMAGE = { width: 8, height: 1 } as const;

/** When a frame is shown. */
export interface Moment {
  /** Time in the source's own timeline; rises within an epoch. */
  readonly ptsUs: number;
  /** The same with all epochs joined at the usual gap: the clock of the first epoch goes on. */
  readonly mediaUs: number;
  /** Whether the clock jumped before this frame. */
  readonly beginsEpoch: boolean;
}

/** Steps back that broken streams make within a shot; more is another clock. */
const LARGEST_STEP_BACK_S = 1;
/** A longer gap is a jump, where the format may have jumps: the threshold of ffmpeg itself (`-dts_delta_threshold`). */
const LARGEST_GAP_S = 10;
/** Formats that are put one after another as they are. In others frames may be minutes apart, and still be one shot. */
const JUMPING = /^(?:mpegts|mpeg|hls|rtsp|rtp|sdp)$/;
/** MPEG counts time in 33 bits; what ffmpeg has unwrapped by mistake lies this many ticks too late. */
const MPEG_WRAP = 2 ** 33;
const MPEG_TICKS = 90_000;
/** ffmpeg computes with doubles; further times are not exact to the tick. */
const LAST_EXACT = 2 ** 50;
/** In the last pixel: a time was known. */
const VALID = 90;
const USUAL_RATE: Rational = { num: 25, den: 1 };

/** Whether the clock of such an input may jump forward. */
export function mayJumpForward({ format }: Pick<VideoProbe, 'format'>): boolean {
  return JUMPING.test(format);
}

/** The expression by which ffmpeg's filter `geq` puts the time into the image: 7 bytes, the lowest first, and a mark. */
export function clockPixels({ num, den }: Rational): string {
  const ticks = `round(T*${den}/${num})`;
  const byte = `mod(floor(${ticks}/pow(256\\,X))\\,256)`;
  return `if(eq(X\\,7)\\,if(isnan(T)\\,0\\,${VALID})\\,${byte})`;
}

/** Reads times and finds the jumps in them. */
export class EpochClock {
  /** Jumps so far. */
  jumps = 0;
  readonly #timeBase: Rational;
  readonly #shiftTicks: number;
  readonly #usualGapUs: number;
  readonly #stepBack: number;
  readonly #gap: number;
  readonly #wraps: boolean;
  #last: number | undefined;
  #wrapped = 0;
  #lastMediaUs = 0;
  #mediaShiftUs = 0;

  /** @param shiftTicks that were added to every timestamp. */
  constructor(probe: Pick<VideoProbe, 'format' | 'timeBase' | 'frameRate'>, shiftTicks: number) {
    const { timeBase, frameRate = USUAL_RATE } = probe;
    const perSecond = timeBase.den / timeBase.num;
    const jumps = mayJumpForward(probe);
    this.#timeBase = timeBase;
    this.#shiftTicks = shiftTicks;
    this.#usualGapUs = Math.round((1e6 * frameRate.den) / frameRate.num);
    this.#stepBack = LARGEST_STEP_BACK_S * perSecond;
    this.#gap = jumps ? LARGEST_GAP_S * perSecond : Infinity;
    this.#wraps = jumps && perSecond === MPEG_TICKS;
  }

  /**
   * The moment of the next frame.
   * @param pixels the image of its time.
   * @param muxed its timestamp in the stream, for a frame whose own time is not known.
   */
  next(pixels: Uint8Array, muxed: number): Moment {
    const raw = ticksIn(pixels, muxed) - this.#shiftTicks;
    const last = this.#last;
    let ticks = raw - this.#wrapped;
    const beginsEpoch = last !== undefined && (ticks < last - this.#stepBack || ticks > last + this.#gap);
    if (beginsEpoch) {
      this.#wrapped = this.#wraps ? Math.floor(raw / MPEG_WRAP) * MPEG_WRAP : 0;
      ticks = raw - this.#wrapped;
      this.jumps++;
    } else if (last !== undefined && ticks <= last) {
      ticks = last + 1;
    }
    this.#last = ticks;
    const ptsUs = ticksToMicroseconds(ticks, this.#timeBase);
    if (beginsEpoch) this.#mediaShiftUs = this.#lastMediaUs + this.#usualGapUs - ptsUs;
    this.#lastMediaUs = ptsUs + this.#mediaShiftUs;
    return { ptsUs, mediaUs: this.#lastMediaUs, beginsEpoch };
  }
}

function ticksIn(pixels: Uint8Array, muxed: number): number {
  if (pixels[7] !== VALID) return muxed;
  let ticks = 0;
  for (let at = 6; at >= 0; at--) ticks = ticks * 256 + pixels[at]!;
  if (ticks >= 2 ** 55) ticks -= 2 ** 56;
  return Math.abs(ticks) > LAST_EXACT ? muxed : ticks;
}
