import { redact } from '../../ffmpeg/redact.js';
import { oneLine } from '../../text/printable.js';
import type { Logger } from '../../contract/logger.js';
import { CUT_SHORT } from './decode-verdict.js';

/** Lines handed to the log; a decoder can say more of a damaged file than the file is long. */
const MOST_LOGGED = 100;
/** What ffmpeg says of a packet or frame that it lost: up to 6.0, and after. */
const LOST =
  /Error while decoding stream #|Error submitting (?:a )?packet to (?:the )?decoder|Decoding error: /;
/** What it says of a frame that it delivers although parts of it were missing. */
const CONCEALED = /corrupt decoded frame/;
/** What demuxers say of a packet. */
const CORRUPT = /Packet corrupt \(stream = (\d+), dts = (-?\d+)\)/;
/** What demuxers say of an input that has lost its end. */
const CUT = /\] stream \d+, offset 0x[\da-f]+: partial file$|\] File ended prematurely/;
/** The server closed in mid-file. Where it did not say how long the file is, ffmpeg takes it to be endless. */
const CLOSED = /\] Stream ends prematurely at (\d+), should be (\d+)/;
/** A part of a playlist that the server does not give. */
const SEGMENT = /\] Failed to open segment (\d+) of playlist/;
/** Reading broke off: up to ffmpeg 6.0, `[error] URL: reason`, and after. */
const UNREAD = /^\[error\] (.*): ([^:]+)$|\[error\] Error during demuxing: ([^:]+)$/;
const ENDLESS = 2 ** 53;

/** What says nothing about the cause, or only that we do not listen any more. */
const EMPTY_WORDS = /Conversion failed!|Broken pipe|^Error (?:writing|closing)|maximum error rate/;

/** Said of each frame after the clock of an input went back. Timestamps in ffmpeg's output are not those that we read. */
const MOVED = /non.monoton.*DTS/i;

/** A number that `decodeCommand` has printed: the size of the decoded picture as width · 65536 + height, or a zero as a sign of life. */
const PRINTED = /^\[warning\] (\d+)\.0+$/;

/** What ffmpeg is given, and who is told of it. */
export interface DecodeLogOptions {
  readonly sourceId: string;
  /** What ffmpeg was given; stands as `name` in all that is passed on. */
  readonly url: string;
  readonly name: string;
  readonly logger: Logger | undefined;
  /** ffmpeg is at work although nothing comes out of it. */
  readonly onLife?: () => void;
  /** Told of a new size of the picture, instead of the log. */
  readonly onSize?: ((change: string) => void) | undefined;
}

/** Makes sense of what ffmpeg writes to stderr while it decodes. */
export class DecodeLog {
  /** Packets and frames that were too damaged to be delivered. */
  lost = 0;
  /** Damaged frames that were delivered as well as the decoder could mend them. */
  concealed = 0;
  /** Why reading ended before the end. */
  brokeOff: string | undefined;
  /** The last packet that came damaged out of the container. */
  corrupt: { readonly stream: number; readonly dts: number } | undefined;
  /** The last line that could be the reason of a failure. */
  lastError: string | undefined;
  readonly #options: DecodeLogOptions;
  #logged = 0;
  #endless = false;
  #size: number | undefined;

  constructor(options: DecodeLogOptions) {
    this.#options = options;
  }

  /** Takes one line. */
  line(line: string): void {
    const printed = PRINTED.exec(line)?.[1];
    if (printed === '0') this.#options.onLife?.();
    else if (printed !== undefined) this.#sizeIs(Number(printed));
    if (printed !== undefined || MOVED.test(line)) return;
    if (LOST.test(line)) this.lost++;
    else if (CONCEALED.test(line)) this.concealed++;
    this.#lookForBreak(line);
    const severe = /\[(?:error|fatal|panic)\]/.test(line);
    if (!severe && this.#logged >= MOST_LOGGED) return;
    const text = this.#readable(line);
    if (severe && !EMPTY_WORDS.test(text)) this.lastError = text;
    if (this.#logged++ < MOST_LOGGED) {
      const { logger, sourceId } = this.#options;
      logger?.debug({ source: sourceId }, `ffmpeg: ${text}`);
    }
  }

  #lookForBreak(line: string): void {
    const [, stream, dts] = CORRUPT.exec(line) ?? [];
    if (dts !== undefined) this.corrupt = { stream: Number(stream), dts: Number(dts) };
    const [, came, stated] = CLOSED.exec(line) ?? [];
    const segment = SEGMENT.exec(line)?.[1];
    if (stated !== undefined) {
      this.#endless = Number(stated) > ENDLESS;
      if (!this.#endless) this.brokeOff ??= `the connection was closed after ${came} of ${stated} bytes`;
    } else if (segment !== undefined) {
      this.brokeOff ??= `segment ${segment} of its playlist could not be read`;
    } else if (CUT.test(line)) {
      this.brokeOff ??= CUT_SHORT;
    } else {
      const [, url, reason, demuxing = url === this.#options.url ? reason : undefined] =
        UNREAD.exec(line) ?? [];
      // Damage is counted elsewhere, and what came of an endless input is all of it.
      if (demuxing === undefined || /Invalid data/.test(demuxing) || this.#endless) return;
      // To the demuxer a connection that broke is no more than a file that ends.
      if (this.brokeOff === CUT_SHORT) this.brokeOff = undefined;
      this.brokeOff ??= `reading failed: ${oneLine(demuxing)}`;
    }
  }

  #sizeIs(size: number): void {
    const before = this.#size;
    this.#size = size;
    if (before === undefined || before === size) return;
    const text = (value: number): string => `${Math.floor(value / 65536)}x${value % 65536}`;
    const { logger, sourceId, name, onSize } = this.#options;
    const change = `the picture of "${name}" changes from ${text(before)} to ${text(size)}`;
    if (onSize === undefined) logger?.warn({ source: sourceId }, `${change}; it is scaled to its first size`);
    else onSize(change);
  }

  // `[h264 @ 0x55d0] [error] text` → `text`, without passwords.
  #readable(line: string): string {
    const { url, name } = this.#options;
    const text = line
      .split(url)
      .join(name)
      .replace(/^(?:\[[^\]]*\] ?)+/, '');
    return oneLine(redact(text)).trim();
  }
}
