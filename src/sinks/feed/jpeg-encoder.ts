/** The only file that knows sharp. */

/** Makes JPEGs, one at a time. */
export interface JpegEncoder {
  /** Whether an encoding is on its way; `encode` must not be called meanwhile. */
  readonly busy: boolean;
  /** @param rgb rgb24 rows; must not change until the promise settles. */
  encode(rgb: Uint8ClampedArray, width: number, height: number): Promise<Buffer>;
}

/**
 * Loads the encoder; not done at import time because a run without viewers needs none.
 * @param quality 1 to 100.
 */
export async function createJpegEncoder(quality: number): Promise<JpegEncoder> {
  const { default: sharp } = await import('sharp');
  // Every picture is new, so a cache only keeps memory, and one small picture is not worth a second thread.
  sharp.cache(false);
  sharp.concurrency(1);
  let busy = false;
  return {
    get busy() {
      return busy;
    },
    async encode(rgb, width, height) {
      busy = true;
      try {
        return await sharp(rgb, { raw: { width, height, channels: 3 } })
          .jpeg({ quality })
          .toBuffer();
      } finally {
        busy = false;
      }
    },
  };
}
