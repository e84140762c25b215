import type { FrameGeometry } from '../../contract/frame.js';
import type { Logger } from '../../contract/logger.js';
import type { PixelBuffer } from '../../contract/picture.js';
import { messageOf } from '../../errors.js';
import { createRgbScaler, type RgbScaler } from '../pixels/rgb-scaler.js';
import { createJpegEncoder, type JpegEncoder } from './jpeg-encoder.js';
import { RateLimit } from './rate-limit.js';

const LONGEST_SIDE = 640;
const MOST_PER_SECOND = 10;
const QUALITY = 75;

/** Makes the encoder once somebody watches. Without one the feed goes on with records alone. */
export class PreviewEncoder {
  readonly #logger: Logger;
  #encoder: Promise<JpegEncoder | undefined> | undefined;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Undefined if there is none, or if it has enough to do with other sources: viewers keep the picture they have. */
  async free(): Promise<JpegEncoder | undefined> {
    this.#encoder ??= createJpegEncoder(QUALITY).catch((error: unknown) => {
      this.#logger.warn({}, `the live page shows no pictures: ${messageOf(error)}`);
      return undefined;
    });
    const encoder = await this.#encoder;
    return encoder?.busy === false ? encoder : undefined;
  }
}

/** The pictures of one source for the live page: small, and not too many of them. */
export class Previews {
  readonly #encoder: PreviewEncoder;
  readonly #rate = new RateLimit(MOST_PER_SECOND);
  #scaler: RgbScaler;

  constructor(geometry: FrameGeometry, encoder: PreviewEncoder) {
    this.#encoder = encoder;
    this.#scaler = createRgbScaler(geometry, LONGEST_SIDE);
  }

  /** The images that follow have another size or other colours. */
  reshape(geometry: FrameGeometry): void {
    this.#scaler = createRgbScaler(geometry, LONGEST_SIDE);
  }

  /** Whether it is time for another picture. */
  isDue(nowMs: number): boolean {
    return this.#rate.isDue(nowMs);
  }

  /** @returns a JPEG, or undefined if there can be none now. */
  async make(image: PixelBuffer, nowMs: number): Promise<Buffer | undefined> {
    const encoder = await this.#encoder.free();
    if (encoder === undefined) return undefined;
    this.#rate.take(nowMs);
    const { width, height } = this.#scaler;
    return encoder.encode(this.#scaler.scale(image.data), width, height);
  }
}
