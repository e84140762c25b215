/** The size of a picture from the first bytes of its file: PNG, JPEG, WebP and BMP. Orientation marks are not looked at. */
import { open } from 'node:fs/promises';
import { messageOf, SightlineError } from '../../errors.js';

/** Enough for the markers that cameras put before the size. */
const HEAD_BYTES = 512 * 1024;

/** Width and height in pixels. */
export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

/** @throws SightlineError ERR_DATASET_NOT_FOUND, or ERR_DATASET_INVALID for another kind of file. */
export async function readImageSize(path: string): Promise<ImageSize> {
  const size = imageSizeOf(await readHead(path));
  if (size !== undefined && size.width > 0 && size.height > 0) return size;
  throw new SightlineError('ERR_DATASET_INVALID', `"${path}" is not a PNG, JPEG, WebP or BMP picture`);
}

async function readHead(path: string): Promise<Buffer> {
  try {
    const file = await open(path);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw new SightlineError(
      'ERR_DATASET_NOT_FOUND',
      `picture "${path}" cannot be read: ${messageOf(cause)}`,
      {
        cause,
      },
    );
  }
}

/** @returns undefined if these are not the first bytes of such a picture. */
function imageSizeOf(head: Buffer): ImageSize | undefined {
  const starts = (text: string, at = 0): boolean => head.toString('latin1', at, at + text.length) === text;
  if (head.length < 30) return undefined;
  if (starts('\x89PNG\r\n\x1a\n')) return { width: head.readUInt32BE(16), height: head.readUInt32BE(20) };
  if (starts('BM')) return { width: head.readInt32LE(18), height: Math.abs(head.readInt32LE(22)) };
  if (starts('RIFF') && starts('WEBP', 8)) return webpSize(head, starts);
  return head[0] === 0xff && head[1] === 0xd8 ? jpegSize(head) : undefined;
}

/** RFC 9649, sections 2.5 to 2.7. */
function webpSize(head: Buffer, starts: (text: string, at: number) => boolean): ImageSize | undefined {
  if (starts('VP8X', 12)) return { width: 1 + head.readUIntLE(24, 3), height: 1 + head.readUIntLE(27, 3) };
  if (starts('VP8L', 12)) {
    const bits = head.readUInt32LE(21);
    return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) };
  }
  if (!starts('VP8 ', 12)) return undefined;
  return { width: head.readUInt16LE(26) & 0x3fff, height: head.readUInt16LE(28) & 0x3fff };
}

/** Walks over the segments to the start of frame (ITU-T T.81, B.2.2). */
function jpegSize(head: Buffer): ImageSize | undefined {
  let at = 2;
  while (at + 9 <= head.length) {
    if (head[at] !== 0xff) return undefined;
    const marker = head[at + 1]!;
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) return { width: head.readUInt16BE(at + 7), height: head.readUInt16BE(at + 5) };
    // A filler byte stands alone; everything else before the frame says how long it is.
    at += marker === 0xff ? 1 : 2 + head.readUInt16BE(at + 2);
  }
  return undefined;
}
