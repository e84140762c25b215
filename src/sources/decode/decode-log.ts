import { oneLine, redact } from '../../ffmpeg/redact.js';
import type { Logger } from '../../contract/logger.js';

/** Lines handed to the log; a decoder can say more of a damaged file than the file is long. */
const MOST_LOGGED = 100;
/** What ffmpeg says of a packet or frame that it lost: up to 6.0, and after. */
const LOST =
  /Error while decoding stream #|Error submitting (?:a )?packet to (?:the )?decoder|Decoding error: /;
/** What it says of a frame that it delivers although parts of it were missing. */
const CONCEALED = /corrupt decoded frame/;
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
}

/** Makes sense of what ffmpeg writes to stderr while it decodes. */
export class DecodeLog {
  /** Packets and frames that were too damaged to be delivered. */
  lost = 0;
  /** Damaged frames that were delivered as well as the decoder could mend them. */
  concealed = 0;
  /** The last line that could be the reason of a failure. */
  lastError: string | undefined;
  readonly #options: DecodeLogOptions;
  #logged = 0;
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
    const severe = /\[(?:error|fatal|panic)\]/.test(line);
    if (!severe && this.#logged >= MOST_LOGGED) return;
    const text = this.#readable(line);
    if (severe && !EMPTY_WORDS.test(text)) this.lastError = text;
    if (this.#logged++ < MOST_LOGGED) {
      const { logger, sourceId } = this.#options;
      logger?.debug({ source: sourceId }, `ffmpeg: ${text}`);
    }
  }

  #sizeIs(size: number): void {
    const before = this.#size;
    this.#size = size;
    if (before === undefined || before === size) return;
    const text = (value: number): string => `${Math.floor(value / 65536)}x${value % 65536}`;
    const { logger, sourceId, name } = this.#options;
    logger?.warn(
      { source: sourceId },
      `the picture of "${name}" changes from ${text(before)} to ${text(size)}; it is scaled to its first size`,
    );
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
