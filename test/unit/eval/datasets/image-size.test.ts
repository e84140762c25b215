import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { readImageSize } from '../../../../src/eval/datasets/image-size.js';
import { layOnLabels, isOfOtherSize } from '../../../../src/eval/detections/lay-on-labels.js';
import { turnBox, undo } from '../../../../src/eval/detections/turn-box.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

const ORIENTATIONS = [1, 2, 3, 4, 5, 6, 7, 8];
const [WIDTH, HEIGHT] = [12, 8];

/** Grey with one white block, marked with an EXIF orientation. */
function marked(orientation: number, format: 'jpeg' | 'png' | 'webp' | 'tiff' = 'png'): Promise<Buffer> {
  const block = { create: { width: 3, height: 2, channels: 3 as const, background: 'white' } };
  return sharp({ create: { width: WIDTH, height: HEIGHT, channels: 3, background: 'black' } })
    .composite([{ input: block, left: 2, top: 1 }])
    .withMetadata({ orientation })
    .toFormat(format)
    .toBuffer();
}

describe('the orientation of a picture', () => {
  it.each(ORIENTATIONS)('%i gives its size as it is looked at, in every format', async (orientation) => {
    const file = join(await temporaryFolder(), 'picture');
    for (const format of ['jpeg', 'png', 'webp', 'tiff'] as const) {
      await writeFile(file + format, await marked(orientation, format));
      const [width, height] = orientation >= 5 ? [HEIGHT, WIDTH] : [WIDTH, HEIGHT];
      expect(await readImageSize(file + format)).toEqual({ width, height, orientation });
    }
  });

  it.each(ORIENTATIONS)('%i turns boxes as it turns pixels, and back', async (orientation) => {
    const upright = await sharp(await marked(orientation))
      .autoOrient()
      .raw()
      .toBuffer({ resolveWithObject: true });
    const { width, height, channels } = upright.info;
    const white: [number, number][] = [];
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) if (upright.data[(y * width + x) * channels]! > 200) white.push([x, y]);
    const [xs, ys] = [white.map(([x]) => x), white.map(([, y]) => y)];
    const [left, top] = [Math.min(...xs), Math.min(...ys)];
    const box = [left, top, Math.max(...xs) - left + 1, Math.max(...ys) - top + 1];
    const stored = [2, 1, 3, 2] as const;
    expect(turnBox(stored, orientation, { width: WIDTH, height: HEIGHT })).toEqual(box);
    expect(turnBox(box as never, undo(orientation), { width, height })).toEqual(stored);
  });
});

it('is read of JPEGs with fill bytes between their markers', async () => {
  const jpeg = await marked(6, 'jpeg');
  const at = jpeg.indexOf(Buffer.from([0xff, 0xc0]));
  const filled = Buffer.concat([jpeg.subarray(0, at), Buffer.alloc(5, 0xff), jpeg.subarray(at)]);
  const file = join(await temporaryFolder(), 'a.jpg');
  await writeFile(file, filled);
  expect(await readImageSize(file)).toEqual({ width: HEIGHT, height: WIDTH, orientation: 6 });
});

describe('results and labels of a picture that is stored lying on a side', () => {
  const picture = { width: 8, height: 12, orientation: 6 };
  const [upright, stored] = [
    { width: 8, height: 12 },
    { width: 12, height: 8 },
  ];
  // The block of above, upright and stored.
  const [up, lying] = [
    [5, 2, 2, 3],
    [2, 1, 3, 2],
  ] as const;

  it.each([
    ['upright labels', upright, up],
    ['labels of the stored picture', stored, lying],
    ['labels that state no size', { width: 0, height: 0 }, up],
  ] as const)('%s', (_, labelled, box) => {
    expect(layOnLabels({ labelled, picture })([...up])).toEqual([...box]);
    expect(isOfOtherSize({ labelled, picture })).toBe(false);
  });

  it('are told if labels are of another size', () => {
    expect(isOfOtherSize({ labelled: { width: 24, height: 16 }, picture })).toBe(true);
    const lying1 = { width: 12, height: 8, orientation: 1 };
    expect(isOfOtherSize({ labelled: { width: 8, height: 12 }, picture: lying1 })).toBe(true);
  });
});
