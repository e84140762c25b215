/** The only file that knows sharp. */

/** Encodings that may be on their way: a picture of each of a few sources at a time. */
const MOST_AT_ONCE = 8;

/** Makes JPEGs. */
export interface JpegEncoder {
  /** Whether so much is on its way that another picture would be late. */
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
  let underway = 0;
  return {
    get busy() {
      return underway >= MOST_AT_ONCE;
    },
    async encode(rgb, width, height) {
      underway++;
      try {
        return await sharp(rgb, { raw: { width, height, channels: 3 } })
          .jpeg({ quality })
          .toBuffer();
      } finally {
        underway--;
      }
    },
  };
}
