import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeEach, describe, expect, it } from 'vitest';
import { mapTruth, readClassMap } from '../../../../src/eval/datasets/class-map.js';
import { parseCoco } from '../../../../src/eval/datasets/coco.js';
import { readDetectionResults } from '../../../../src/eval/datasets/detection-results.js';
import { readDetectionTruth } from '../../../../src/eval/datasets/detection-truth.js';
import { readEvaluationReport } from '../../../../src/eval/datasets/evaluation-report.js';
import { readImageSize } from '../../../../src/eval/datasets/image-size.js';
import { parseVoc } from '../../../../src/eval/datasets/voc.js';
import { parseYolo } from '../../../../src/eval/datasets/yolo.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

let root: string;
beforeEach(async () => {
  root = await temporaryFolder();
});

async function write(path: string, data: string | Buffer): Promise<string> {
  const file = join(root, path);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, data);
  return file;
}

const picture = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: 'grey' } });

const COCO = {
  images: [
    { id: 12, file_name: 'a/two.jpg', width: 64, height: 48 },
    { id: 7, file_name: '12.jpg', width: 64, height: 48 },
  ],
  categories: [
    { id: 3, name: 'car' },
    { id: 1, name: 'person' },
  ],
  annotations: [
    { id: 1, image_id: 12, category_id: 3, bbox: [1, 2, 10, 20], area: 150, iscrowd: 0 },
    { id: 2, image_id: 7, category_id: 1, bbox: [1, 2, 10, 20], iscrowd: 1 },
  ],
};

describe('COCO', () => {
  it('orders pictures and classes by id', () => {
    const truth = parseCoco(JSON.stringify(COCO), '/data/gt.json');
    expect(truth.classes).toEqual(['person', 'car']);
    expect(truth.images.map(({ name, key, file }) => [name, key, file])).toEqual([
      ['12', '7', '/data/12.jpg'],
      ['two', '12', '/data/a/two.jpg'],
    ]);
    expect(truth.images[0]!.boxes).toEqual([
      { bbox: [1, 2, 10, 20], classId: 0, area: 200, crowd: true, ignored: true },
    ]);
    expect(truth.images[1]!.boxes[0]).toMatchObject({ area: 150, crowd: false, ignored: false });
  });

  it.each([
    ['{', 'gt.json is not JSON'],
    ['[]', 'gt.json: should be an object but is []'],
    ['{}', 'gt.json: categories should be an array but is missing'],
    [
      JSON.stringify({ ...COCO, annotations: [{ image_id: 12, category_id: 9, bbox: [1, 2, 3, 4] }] }),
      'gt.json: annotations[0].category_id should be the id of a category but is 9',
    ],
    [
      JSON.stringify({ ...COCO, annotations: [{ image_id: 12, category_id: 3, bbox: [1, 2, -3, 4] }] }),
      'gt.json: annotations[0].bbox should be [left, top, width, height] but is [1,2,-3,4]',
    ],
  ])('says what is wrong with %j', (text, message) => {
    expect(() => parseCoco(text, 'gt.json')).toThrow(message);
  });
});

describe('results', () => {
  const truth = parseCoco(JSON.stringify(COCO), 'gt.json');
  const frame = (source: string, number: number): string =>
    `${JSON.stringify({
      ...{ v: 1, type: 'frame', source, epoch: 0, frame: number, ptsUs: 0, width: 64, height: 48 },
      detections: [{ class: 'car', classId: 5, confidence: 0.5, box: [1, 2, 11, 22] }],
      ...{ tracks: [], ended: [] },
    })}\n`;

  it('takes ids before names in COCO results, and tells of classes that are not scored', async () => {
    const file = await write(
      'dt.json',
      JSON.stringify([
        { image_id: 12, category_id: 3, bbox: [0, 0, 5, 5], score: 0.9 },
        { image_id: 7, category_id: 'person', bbox: [0, 0, 5, 5], score: 0.8 },
        { image_id: 7, category_id: 44, bbox: [0, 0, 5, 5], score: 0.8 },
      ]),
    );
    const { found, unknown } = await readDetectionResults(file, truth, new Map());
    expect(found).toEqual([
      [{ bbox: [0, 0, 5, 5], classId: 0, confidence: 0.8 }],
      [{ bbox: [0, 0, 5, 5], classId: 1, confidence: 0.9 }],
    ]);
    expect([...unknown]).toEqual([['44', 1]]);
  });

  it('takes sources of records as pictures, or the frames of one source', async () => {
    const named = await readDetectionResults(await write('n.jsonl', frame('two', 0)), truth, new Map());
    expect(named.found).toEqual([[], [{ bbox: [1, 2, 10, 20], classId: 1, confidence: 0.5 }]]);
    const frames = await write('f.jsonl', frame('clip', 0) + frame('clip', 1));
    expect((await readDetectionResults(frames, truth, new Map())).found.map(({ length }) => length)).toEqual([
      1, 1,
    ]);
    const beyond = await write('b.jsonl', frame('clip', 2));
    await expect(readDetectionResults(beyond, truth, new Map())).rejects.toThrow(
      'b.jsonl:1: frame 2 of "clip" is no picture',
    );
  });

  it('says what is wrong', async () => {
    const lost = await write('l.json', '[{"image_id": 99, "category_id": 3, "bbox": [0,0,1,1], "score": 1}]');
    await expect(readDetectionResults(lost, truth, new Map())).rejects.toThrow('[0].image_id should be');
    await expect(readDetectionResults(join(root, 'no.json'), truth, new Map())).rejects.toThrow(
      'does not exist',
    );
  });
});

describe('names and ids that stand for two things', () => {
  it.each([
    ['images', { id: 7, file_name: 'c.jpg', width: 1, height: 1 }, 'images[2].id should be an id that no'],
    [
      'categories',
      { id: 3, name: 'bus' },
      'categories[2].id should be an id that no other entry has but is 3',
    ],
  ] as const)('refuses two %s of one id', (list, entry, message) => {
    const text = JSON.stringify({ ...COCO, [list]: [...COCO[list], entry] });
    expect(() => parseCoco(text, 'gt.json')).toThrow(message);
  });

  it('refuses two classes of one name', async () => {
    const categories = [...COCO.categories, { id: 9, name: 'car' }];
    const file = await write('gt.json', JSON.stringify({ ...COCO, categories }));
    await expect(readDetectionTruth(file, {})).rejects.toThrow('has two classes called "car"');
  });
});

describe('a byte order mark', () => {
  it('is no part of the text', async () => {
    const file = await write('gt.json', `\uFEFF${JSON.stringify(COCO)}`);
    expect((await readDetectionTruth(file, {})).classes).toEqual(['person', 'car']);
  });
});

describe('reports of evaluation', () => {
  it.each([
    '{"kind":"tracks","combined":{},"sequences":[]}',
    '{"kind":"tracks","combined":null,"sequences":[null]}',
    '{"kind":"detections","summary":{},"classes":[null]}',
    '{"kind":"detections","summary":3,"classes":[]}',
    'null',
  ])('refuses %s', async (text) => {
    const file = await write('report.json', text);
    await expect(readEvaluationReport(file)).rejects.toThrow('is not what `sightline eval tracks --json`');
  });
});

describe('class maps', () => {
  it('rename, join and leave out on both sides', async () => {
    const map = await readClassMap(
      await write('map.txt', '# what counts\ncar,vehicle\ntruck, vehicle\nperson,-\n'),
    );
    expect(await readClassMap(await write('map.yaml', 'car: vehicle\ntruck: vehicle\nperson: \n'))).toEqual(
      map,
    );
    const truth = parseCoco(JSON.stringify(COCO), 'gt.json');
    expect(mapTruth(truth, map)).toMatchObject({
      classes: ['vehicle'],
      images: [{ boxes: [] }, { boxes: [{}] }],
    });
    const file = await write(
      'dt.json',
      '[{"image_id": 12, "category_id": 3, "bbox": [0,0,5,5], "score": 1}]',
    );
    const { found } = await readDetectionResults(file, truth, map);
    expect(found[1]).toEqual([{ bbox: [0, 0, 5, 5], classId: 0, confidence: 1 }]);
  });

  it.each([
    ['map.txt', 'car,vehicle\nperson', 'map.txt:2: expected from,to but found "person"'],
    ['map.yaml', 'car: [1]', '"car" should be a name but is [1]'],
    ['map.yaml', 'car: "', 'is not YAML'],
    ['map.yaml', '- car', 'expected lines of'],
  ])('%s with %j', async (name, text, message) => {
    await expect(readClassMap(await write(name, text))).rejects.toThrow(message);
  });
});

describe('YOLO', () => {
  it('reads data.yaml, pictures of every kind, and pictures without objects', async () => {
    await write('data.yaml', 'path: set\nval: images/val\nnames:\n  0: person\n  1: car\n');
    await write('set/images/val/0001.png', await picture(200, 100).png().toBuffer());
    await write('set/images/val/b.jpg', await picture(40, 20).jpeg().toBuffer());
    await write('set/labels/val/0001.txt', '1 0.5 0.5 0.1 0.2\n');
    const truth = await readDetectionTruth(join(root, 'data.yaml'), {});
    expect(truth.classes).toEqual(['person', 'car']);
    expect(truth.images.map(({ name, key, width, height }) => [name, key, width, height])).toEqual([
      ['0001', '1', 200, 100],
      ['b', 'b', 40, 20],
    ]);
    expect(truth.images[0]!.boxes[0]).toMatchObject({ classId: 1, bbox: [90, 40, 20, 20], area: 400 });
    expect(truth.images[1]!.boxes).toEqual([]);
    await expect(readDetectionTruth(join(root, 'data.yaml'), { split: 'test' })).rejects.toThrow(
      'under "test"',
    );
  });

  it('reads a plain folder with classes.txt', async () => {
    await write('set/classes.txt', 'person\n');
    await write('set/a.png', await picture(10, 10).png().toBuffer());
    await write('set/a.txt', '0 0.5 0.5 1 1');
    const { images } = await readDetectionTruth(join(root, 'set'), {});
    expect(images[0]!.boxes[0]!.bbox).toEqual([0, 0, 10, 10]);
  });

  it.each([
    ['0 0.5 0.5 1', 'a.txt:1: expected "class x y width height"'],
    ['0 0.5 0.5 1 1\n2 0.5 0.5 1 1', 'a.txt:2: class 2 is none of the 2 classes, 0 to 1'],
  ])('says what is wrong with %j', (text, message) => {
    expect(() => parseYolo(text, 'a.txt', { width: 9, height: 9, classIds: [0, 1] })).toThrow(message);
  });
});

describe('VOC', () => {
  const xml = (objects: string): string =>
    `<annotation><filename>x.jpg</filename><size><width>64</width><height>48</height><depth>3</depth></size>${objects}</annotation>`;
  const object = (name: string, more = ''): string =>
    `<object><name>${name}</name>${more}<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>10</xmax><ymax>20</ymax></bndbox></object>`;

  it('counts pixels from 1, the last one included', () => {
    const part = '<part><name>head</name><bndbox><xmin>9</xmin></bndbox></part>';
    const { objects } = parseVoc(
      xml(object('a &amp; b', part) + object('cat', '<difficult>1</difficult>')),
      'x.xml',
    );
    expect(objects).toEqual([
      { label: 'a & b', bbox: [0, 0, 10, 20], area: 200, crowd: false, ignored: false },
      { label: 'cat', bbox: [0, 0, 10, 20], area: 200, crowd: false, ignored: true },
    ]);
  });

  it('reads elements with attributes, and characters by their number', () => {
    const text = xml(object('caf&#233; &#x4E;').replace('<object>', '<object id="1">'));
    const { objects } = parseVoc(text.replace('<name>', '<name lang="fr">'), 'x.xml');
    expect(objects.map(({ label }) => label)).toEqual(['café N']);
  });

  it('reads a folder, or a list of it', async () => {
    await write('voc/Annotations/x.xml', xml(object('dog')));
    await write('voc/Annotations/y.xml', xml(object('cat')));
    await write('voc/ImageSets/Main/val.txt', 'y 1\n');
    await mkdir(join(root, 'voc/JPEGImages'));
    const truth = await readDetectionTruth(join(root, 'voc'), {});
    expect(truth.classes).toEqual(['cat', 'dog']);
    expect(truth.images[0]!.file).toBe(join(root, 'voc/JPEGImages/x.jpg'));
    expect(
      (await readDetectionTruth(join(root, 'voc'), { split: 'val' })).images.map(({ name }) => name),
    ).toEqual(['y']);
  });

  it.each([
    ['<html></html>', 'x.xml is no VOC annotation'],
    [xml('<object><name></name></object>'), 'x.xml: object 1 has no name'],
    [xml('<object><name>a</name></object>'), 'x.xml: object 1 has no bndbox'],
  ])('says what is wrong with %j', (text, message) => {
    expect(() => parseVoc(text, 'x.xml')).toThrow(message);
  });
});

describe('readImageSize', () => {
  it.each(['png', 'jpeg', 'webp'] as const)('%s', async (format) => {
    const file = await write('picture', await picture(321, 123).toFormat(format).toBuffer());
    expect(await readImageSize(file)).toEqual({ width: 321, height: 123, orientation: 1 });
  });

  it('lossless WebP', async () => {
    const file = await write('picture', await picture(321, 123).webp({ lossless: true }).toBuffer());
    expect(await readImageSize(file)).toEqual({ width: 321, height: 123, orientation: 1 });
  });

  it('a JPEG with 300 kB of something before its size', async () => {
    const jpeg = await picture(321, 123).jpeg().toBuffer();
    const block = Buffer.alloc(65_537);
    block.writeUInt32BE(0xffe5ffff);
    const [start, rest] = [jpeg.subarray(0, 2), jpeg.subarray(2)];
    const file = await write('picture', Buffer.concat([start, block, block, block, block, block, rest]));
    expect(await readImageSize(file)).toEqual({ width: 321, height: 123, orientation: 1 });
  });

  it('refuses what is none', async () => {
    const cut = (await picture(321, 123).jpeg().toBuffer()).subarray(0, 40);
    for (const content of ['x'.repeat(99), Buffer.alloc(99), cut])
      await expect(readImageSize(await write('x.jpg', content))).rejects.toThrow('is not a PNG, JPEG');
    await expect(readImageSize(await write('x.jpg', ''))).rejects.toThrow('is empty');
    await expect(readImageSize(join(root, 'none.png'))).rejects.toThrow('cannot be read');
  });
});
