import { type FfmpegChild, startFfmpeg } from '../../ffmpeg/child.js';
import { NutVideoWriter } from '../../ffmpeg/nut-writer.js';
import type { Rational } from '../../contract/picture.js';
import { encodeCommand, type Encoding } from './encode-command.js';
import { failureOf, STALL_MS, whenWritten } from './watch-child.js';

/** What an encoder is given besides its command. */
export interface EncoderOptions extends Encoding {
  readonly pixelAspect: Rational;
  /** What is encoded, for messages. */
  readonly label: string;
  /** The encoder is given up if it takes or writes nothing for so long; half a minute if not given. */
  readonly stallMs?: number;
}

/** A running ffmpeg that pictures are written to. */
export class Encoder {
  readonly #child: FfmpegChild;
  readonly #writer: NutVideoWriter;
  readonly #doing: string;
  readonly #output: string;
  readonly #stallMs: number;

  /** Starts ffmpeg. */
  constructor(options: EncoderOptions) {
    const { width, height, timeBase, pixelAspect, output, label, stallMs = STALL_MS } = options;
    this.#child = startFfmpeg(encodeCommand(options));
    this.#doing = `encoding "${label}"`;
    this.#output = output;
    this.#stallMs = stallMs;
    const { stdin, stdout } = this.#child;
    if (stdin === null) throw new Error('ffmpeg was started without a pipe to write to');
    // A broken pipe is told by the callback of the write that found it.
    stdin.on('error', () => undefined);
    stdout.resume();
    this.#writer = new NutVideoWriter(stdin, { width, height, timeBase, pixelAspect });
  }

  /** Process of the encoder; undefined if it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /**
   * Writes a picture; `pixels` may be reused once the promise has settled.
   * @throws SightlineError ERR_SINK_FAILED if the encoder has ended or hangs.
   */
  async write(pixels: Uint8Array, ticks: number): Promise<void> {
    const watch = { stalled: false };
    const timer = setTimeout(() => {
      watch.stalled = true;
      void this.#child.stop();
    }, this.#stallMs);
    try {
      await this.#writer.write(pixels, ticks);
      // A pipe that is torn down under a write may take it as written.
      if (watch.stalled) throw new Error('the encoder was given up');
    } catch {
      const exit = await this.#child.stop();
      throw failureOf(this.#child, exit, this.#doing, watch.stalled ? this.#stallMs : undefined);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the stream and waits for the whole file. @throws SightlineError ERR_SINK_FAILED */
  async finish(): Promise<void> {
    this.#child.stdin?.end();
    await whenWritten(this.#child, this.#output, this.#doing, this.#stallMs);
  }

  /** Ends the encoder without its file being finished. */
  async abandon(): Promise<void> {
    await this.#child.stop();
  }
}
