/** The size of a picture from the first bytes of its file. Orientation marks are not looked at. */
import { open } from 'node:fs/promises';
import { messageOf, SightlineError } from '../../errors.js';

const KINDS: readonly (string | undefined)[] = ['png', 'jpg', 'webp', 'bmp'];
/** The size mostly stands at the very beginning; some cameras put previews before it. */
const HEADS = [16 * 1024, 512 * 1024];

/** Width and height in pixels. */
export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

/** @throws SightlineError ERR_DATASET_NOT_FOUND, or ERR_DATASET_INVALID for another kind of file. */
export async function readImageSize(path: string): Promise<ImageSize> {
  for (const bytes of HEADS) {
    const size = await imageSizeOf(await readHead(path, bytes));
    if (size !== undefined) return size;
  }
  throw new SightlineError('ERR_DATASET_INVALID', `"${path}" is not a PNG, JPEG, WebP or BMP picture`);
}

async function readHead(path: string, bytes: number): Promise<Buffer> {
  try {
    const file = await open(path);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (cause) {
    const message = `picture "${path}" cannot be read: ${messageOf(cause)}`;
    throw new SightlineError('ERR_DATASET_NOT_FOUND', message, { cause });
  }
}

/** @returns undefined if these are not the first bytes of such a picture. */
async function imageSizeOf(head: Uint8Array): Promise<ImageSize | undefined> {
  // Loaded when it is needed: it takes longer than all else that a command loads of ours.
  const { imageSize } = await import('image-size');
  try {
    const { type, width, height } = imageSize(head);
    return KINDS.includes(type) && width > 0 && height > 0 ? { width, height } : undefined;
  } catch {
    return undefined;
  }
}
