/** The size of a picture as it is looked at, from the first bytes of its file. */
import { open } from 'node:fs/promises';
import { messageOf, SightlineError } from '../../errors.js';

/** Width and height in pixels once the picture stands upright. */
export interface ImageSize {
  readonly width: number;
  readonly height: number;
  /** How it is stored, as EXIF counts: 1 upright, 2 to 4 mirrored or upside down, 5 to 8 lying on a side. */
  readonly orientation: number;
}

const HEAD_BYTES = 64 * 1024;
/** What sharp makes pictures of that no camera and no labelling tool writes. */
const DRAWINGS: readonly (string | undefined)[] = ['svg', 'pdf'];

/** @throws SightlineError ERR_DATASET_NOT_FOUND, or ERR_DATASET_INVALID for what is no picture. */
export async function readImageSize(path: string): Promise<ImageSize> {
  const head = await readHead(path);
  const found = (await sizeBySharp(path)) ?? (await sizeByHead(head));
  if (found !== undefined) return found;
  const what =
    head.length === 0 ? 'is empty' : 'is not a PNG, JPEG, WebP, TIFF or BMP picture, or is damaged';
  throw new SightlineError('ERR_DATASET_INVALID', `"${path}" ${what}`);
}

/** Whether a picture that is stored like this lies on a side. */
function liesOnSide(orientation: number): boolean {
  return orientation >= 5;
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
    const message = `picture "${path}" cannot be read: ${messageOf(cause)}`;
    throw new SightlineError('ERR_DATASET_NOT_FOUND', message, { cause });
  }
}

// Both packages are loaded when they are needed: that takes longer than all else that a command loads.
async function sizeBySharp(path: string): Promise<ImageSize | undefined> {
  const { default: sharp } = await import('sharp');
  try {
    const picture = sharp(path, { failOn: 'none', limitInputPixels: false });
    const { format, width, height, orientation = 1 } = await picture.metadata();
    if (DRAWINGS.includes(format)) return undefined;
    return liesOnSide(orientation)
      ? { width: height, height: width, orientation }
      : { width, height, orientation };
  } catch {
    return undefined;
  }
}

/** BMP and other formats that sharp does not know; they have no orientation. */
async function sizeByHead(head: Uint8Array): Promise<ImageSize | undefined> {
  const { imageSize } = await import('image-size');
  try {
    const { type, width, height } = imageSize(head);
    return DRAWINGS.includes(type) || !(width > 0 && height > 0)
      ? undefined
      : { width, height, orientation: 1 };
  } catch {
    return undefined;
  }
}
