/** Pictures stand upright whatever their EXIF data says about how they are stored. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decode, MediaFolder } from '../../support/media.js';

/** Brightness of the corners of the upright picture: top left, top right, bottom left, bottom right. */
const CORNERS = [0, 80, 160, 240] as const;
const [WIDTH, HEIGHT] = [64, 32];

/** Which upright corners the stored corners are, by EXIF number: CIPA DC-008, table 4. */
const STORED: readonly (readonly [number, number, number, number])[] = [
  [0, 1, 2, 3],
  [1, 0, 3, 2],
  [3, 2, 1, 0],
  [2, 3, 0, 1],
  [0, 2, 1, 3],
  [1, 3, 0, 2],
  [3, 1, 2, 0],
  [2, 0, 3, 1],
];

let media: MediaFolder;

beforeAll(async () => {
  media = await MediaFolder.create();
});

afterAll(() => media.remove());

function quarters(corners: readonly number[], width: number, height: number): Buffer {
  return Buffer.from(
    Array.from({ length: width * height }, (_, at) => {
      const [x, y] = [at % width, Math.floor(at / width)];
      return Array<number>(3).fill(corners[Number(x >= width / 2) + 2 * Number(y >= height / 2)]!);
    }).flat(),
  );
}

test.each([
  ...STORED.map((_, at) => ['jpeg', at + 1] as const),
  ['png', 6] as const,
  ['webp', 6] as const,
  ['tiff', 8] as const,
])('%s of orientation %d', async (format, orientation) => {
  const stored = STORED[orientation - 1]!.map((corner) => CORNERS[corner]!);
  const [width, height] = orientation >= 5 ? [HEIGHT, WIDTH] : [WIDTH, HEIGHT];
  const picture = sharp(quarters(stored, width, height), { raw: { width, height, channels: 3 } });
  const options = format === 'tiff' ? { compression: 'none' as const } : { quality: 100, lossless: true };
  const path = join(media.path, `${orientation}.${format}`);
  await writeFile(path, await picture.toFormat(format, options).withMetadata({ orientation }).toBuffer());

  const { info, frames, error } = await decode(path);
  expect(error).toBeUndefined();
  expect(info).toMatchObject({ width: WIDTH, height: HEIGHT, letterbox: { width: 64, height: 32, y: 16 } });
  const { picture: image, model } = frames[0]!;
  for (const [corner, shown] of CORNERS.entries()) {
    const [x, y] = [corner % 2 === 0 ? 8 : 56, corner < 2 ? 6 : 26];
    expect(Math.abs(model[3 * ((16 + y) * 64 + x)]! - shown), `network ${corner}`).toBeLessThanOrEqual(3);
    const luma = image![y * WIDTH + x]!;
    const seen = info.colour.range === 'pc' ? luma : ((luma - 16) * 255) / 219;
    expect(Math.abs(seen - shown), `picture ${corner}`).toBeLessThanOrEqual(3);
  }
});
