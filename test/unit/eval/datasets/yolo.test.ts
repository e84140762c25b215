import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { beforeEach, describe, expect, it } from 'vitest';
import { readDetectionTruth } from '../../../../src/eval/datasets/detection-truth.js';
import { parseYolo } from '../../../../src/eval/datasets/yolo.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

let root: string;
beforeEach(async () => {
  root = await temporaryFolder();
});

async function write(path: string, data: string | Buffer = ''): Promise<string> {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, data);
  return file;
}

const png = sharp({ create: { width: 20, height: 10, channels: 3, background: 'grey' } })
  .png()
  .toBuffer();

/** A picture with an object of class `classId`, in folders of images and labels. */
async function labelled(path: string, classId = 0): Promise<void> {
  await write(path, await png);
  const labels = path.replace(/(^|\/)images\//, '$1labels/').replace(/\.\w+$/, '.txt');
  await write(labels, `${classId} 0.5 0.5 0.5 0.5\n`);
}

async function namesOf(path: string, split?: string): Promise<string[]> {
  const { images } = await readDetectionTruth(join(root, path), { ...(split !== undefined && { split }) });
  return images.map(({ name, boxes }) => `${name}:${boxes.length}`);
}

describe('pictures of YOLO data', () => {
  it('lie in sub-folders, linked folders too, and are of any kind', async () => {
    await write('classes.txt', 'car\n');
    await labelled('images/a.png');
    await labelled('images/day/b.png');
    await labelled('images/day/deep/c.PNG');
    await labelled('elsewhere/images/d.png');
    await symlink(join(root, 'images'), join(root, 'images/round'));
    await write('images/.hidden.png');
    const rgb = sharp(await png);
    await write('images/t.tif', await rgb.tiff().toBuffer());
    await write('images/u.tiff', await rgb.tiff().toBuffer());
    await write('images/v.webp', await rgb.webp().toBuffer());
    await write('images/w.avif', await rgb.avif().toBuffer());
    const bmp = Buffer.alloc(54 + 20 * 3 * 10);
    bmp.write('BM');
    for (const [value, at] of [
      [bmp.length, 2],
      [54, 10],
      [40, 14],
      [20, 18],
      [10, 22],
    ] as const)
      bmp.writeUInt32LE(value, at);
    bmp.writeUInt32LE(0x180001, 26);
    await write('images/x.bmp', bmp);
    expect(await namesOf('.')).toEqual(['a:1', 'b:1', 'c:1', 't:0', 'u:0', 'v:0', 'w:0', 'x:0']);
    const { images } = await readDetectionTruth(root, {});
    expect(images.every(({ width, height }) => width === 20 && height === 10)).toBe(true);
  });

  it('of one name are told apart by their paths', async () => {
    await write('classes.txt', 'car\n');
    for (const path of ['images/a/1.png', 'images/b/1.png', 'images/b/02.png']) await labelled(path);
    const { images } = await readDetectionTruth(root, {});
    expect(images.map(({ key }) => key)).toEqual(['images/a/1.png', '2', 'images/b/1.png']);
  });

  it('that cannot be read are there, and say why', async () => {
    await write('classes.txt', 'car\n');
    await labelled('images/a.png');
    await labelled('images/b.heic');
    await write('images/b.heic', 'no picture');
    const { images } = await readDetectionTruth(root, {});
    expect(images.map(({ unreadable }) => unreadable)).toEqual([
      undefined,
      `"${join(root, 'images/b.heic')}" is not a PNG, JPEG, WebP, TIFF or BMP picture, or is damaged`,
    ]);
  });

  it('have labels beside them too, and label files without a picture are told', async () => {
    await write('images/set/classes.txt', 'car\n');
    await write('images/set/a.png', await png);
    await write('images/set/a.txt', '0 0.5 0.5 1 1\n');
    expect(await namesOf('images/set')).toEqual(['a:1']);
    await write('set/classes.txt', 'car\n');
    await labelled('set/images/a.png');
    await write('set/labels/gone.txt', '0 0.5 0.5 1 1\n');
    expect((await readDetectionTruth(join(root, 'set'), {})).remarks).toEqual([
      `1 label file has no picture: "${join(root, 'set/labels/gone.txt')}"`,
    ]);
    await write('none/classes.txt', 'car\n');
    await write('none/images/a.png', await png);
    await expect(readDetectionTruth(join(root, 'none'), {})).rejects.toThrow(
      'has a label file, such as "a.txt"',
    );
  });
});

describe('data.yaml', () => {
  beforeEach(async () => {
    for (const part of ['train', 'valid', 'test']) await labelled(`${part}/images/${part}.png`);
  });
  const yaml = (lines: string): Promise<string> => write('data.yaml', `names: [car]\n${lines}\n`);

  it.each([
    ['train: train/images\nval: valid/images', undefined, 'valid'],
    ['train: train/images\nvalid: valid/images', undefined, 'valid'],
    ['train: train/images\nvalidation: valid', undefined, 'valid'],
    ['train: train/images\nValid: valid', undefined, 'valid'],
    ['train: train/images\nval:\ntest: test/images', undefined, 'test'],
    ['train: train/images\nval: null\nvalidation: valid/images', undefined, 'valid'],
    ['train: ../train/images\nval: ../valid/images\ntest: ../test/images', undefined, 'valid'],
    ['train: train\nvalid: valid', 'val', 'valid'],
    ['train: train\nval: valid', 'validation', 'valid'],
    ['path: /content/set\ntrain: train\nval: valid', undefined, 'valid'],
    ['train: train\nval: [valid/images, test/images]', undefined, 'valid test'],
    ['train: train\nval: lists/val.txt', undefined, 'valid test'],
  ])('%j with --split %s means %s', async (lines, split, expected) => {
    await write('lists/val.txt', '../valid/images/valid.png\r\n\n../test/images/test.png\n');
    await yaml(lines);
    expect((await namesOf('data.yaml', split)).join(' ')).toBe(expected.replaceAll(/\w+/g, '$&:1'));
    expect((await readDetectionTruth(join(root, 'data.yaml'), {})).remarks).toEqual([]);
  });

  it('says so if there is only a training set', async () => {
    const file = await yaml('train: train/images');
    const truth = await readDetectionTruth(file, {});
    expect(truth.images.map(({ name }) => name)).toEqual(['train']);
    expect(truth.remarks).toEqual([
      `"${file}" has neither val nor test: the training set is used; --split train says so`,
    ]);
    expect((await readDetectionTruth(file, { split: 'train' })).remarks).toEqual([]);
  });

  it.each([
    ['names: [car, bus]', ['car', 'bus'], ['0', '1']],
    ['names: {1: car, 2: bus}', ['car', 'bus'], ['1', '2']],
    ['names: {"0": car, "1": bus}', ['car', 'bus'], ['0', '1']],
    ['names: {7: bus, 3: car}', ['car', 'bus'], ['3', '7']],
    ['names: [007, 1.0]', ['007', '1.0'], ['0', '1']],
    ['names: [no, true]', ['no', 'true'], ['0', '1']],
  ])('%s', async (names, classes, classKeys) => {
    const second = Number(classKeys[1]);
    await labelled('valid/images/valid.png', second);
    const truth = await readDetectionTruth(await write('data.yaml', `${names}\nval: valid\n`), {});
    expect(truth).toMatchObject({ classes, classKeys, images: [{ boxes: [{ classId: 1 }] }] });
  });

  it.each([
    ['names: {1: car}', 'valid.txt:1: class 0 is none of the 1 classes, 1 to 1'],
    ['names: {car: 0}', '"names" should list the names of the classes'],
    ['names: [[car]]', '"names" should list the names of the classes'],
  ])('%s says what is wrong', async (names, message) => {
    const file = await write('data.yaml', `${names}\nval: valid\n`);
    await expect(readDetectionTruth(file, {})).rejects.toThrow(message);
  });

  it('names places that have to be there', async () => {
    await expect(readDetectionTruth(await yaml('val: nowhere'), {})).rejects.toThrow('nowhere", which');
    await write('val.txt', './valid/images/gone.png\n');
    await expect(readDetectionTruth(await yaml('val: val.txt'), {})).rejects.toThrow(
      'val.txt:1: picture "./valid/images/gone.png" does not exist',
    );
  });
});

describe('a folder without data.yaml', () => {
  it('has parts as data.yaml has them', async () => {
    await write('classes.txt', 'car\n');
    for (const part of ['train', 'val']) await labelled(`images/${part}/${part}.png`);
    expect(await namesOf('.')).toEqual(['val:1']);
    expect(await namesOf('.', 'train')).toEqual(['train:1']);
    await expect(namesOf('.', 'test')).rejects.toThrow('no folder called "test"');
  });

  it('has a class on each line', async () => {
    await labelled('images/a.png', 1);
    await write('classes.txt', 'car\r\nbus\r\n\n');
    expect((await readDetectionTruth(root, {})).classes).toEqual(['car', 'bus']);
    await write('classes.txt', Buffer.from('\uFEFFcar\nbus\n', 'utf16le'));
    expect((await readDetectionTruth(root, {})).classes).toEqual(['car', 'bus']);
    await write('classes.txt', 'car\n\nbus\n');
    await expect(readDetectionTruth(root, {})).rejects.toThrow('classes.txt:2: a class has no name');
    await write('classes.txt', Buffer.from('car\n\xc6\xfb\n', 'latin1'));
    await expect(readDetectionTruth(root, {})).rejects.toThrow('save it as UTF-8');
  });
});

describe('rows', () => {
  const size = { width: 100, height: 200, classIds: [0, 1] };
  const boxes = (text: string, poseValues?: number): number[][] =>
    parseYolo(text, 'a.txt', { ...size, ...(poseValues !== undefined && { poseValues }) }).map(({ bbox }) =>
      bbox.map((value) => Math.round(value * 1e6) / 1e6),
    );

  it('of polygons are the boxes around them, among rows of boxes too', () => {
    expect(boxes('1 0.2 0.5 0.6 0.1 0.4 0.9\n0 0.5 0.5 0.2 0.1\n0 .1 .1 .3 .1 .3 .2 .1 .2')).toEqual([
      [20, 20, 40, 160],
      [40, 90, 20, 20],
      [10, 20, 20, 20],
    ]);
  });

  it('of poses have their box first', () => {
    expect(boxes('0 0.5 0.5 0.2 0.1 0.1 0.9 0.9 0.1', 9)).toEqual([[40, 90, 20, 20]]);
  });

  it.each([
    ['0 0.5 0.5 0.2 0.1 0.9', 'a.txt:1: expected "class x y width height" or "class x1 y1'],
    ['0 0.1 0.1 0.3 0.1 0.3 0.2 0.1', 'a.txt:1: expected'],
    ['0 50 50 20 10', 'a.txt:1: coordinates are parts of the picture, from 0 to 1, but one is 50'],
  ])('%j says what is wrong', (text, message) => {
    expect(() => boxes(text)).toThrow(message);
  });
});
