import { join } from 'node:path';
import { randomUUID } from 'node:crypto';

/**
 * Writes a picture as it is looked at, without an orientation that programs read in different ways.
 * @returns the file, which belongs to the caller.
 * @throws Error of sharp if the picture is damaged.
 */
export async function writeUprightCopy(picture: string, folder: string): Promise<string> {
  const { default: sharp } = await import('sharp');
  const file = join(folder, `${randomUUID()}.png`);
  await sharp(picture, { failOn: 'none', limitInputPixels: false })
    .autoOrient()
    .keepIccProfile()
    .png({ compressionLevel: 1 })
    .toFile(file);
  return file;
}
