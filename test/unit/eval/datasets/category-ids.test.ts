import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseCoco } from '../../../../src/eval/datasets/coco.js';
import { readDetectionResults } from '../../../../src/eval/datasets/detection-results.js';
import { readDetectionTruth } from '../../../../src/eval/datasets/detection-truth.js';
import type { LabelledImages } from '../../../../src/eval/labels.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

/** One picture a class, with an object of it. */
function truthOf(classes: readonly string[], classKeys: readonly string[]): LabelledImages {
  return {
    classes,
    classKeys,
    images: classes.map((_, classId) => ({
      ...{ name: `p${classId}`, key: String(classId), width: 64, height: 48 },
      boxes: [{ bbox: [10, 10, 20, 20], classId, area: 400, crowd: false, ignored: false }],
    })),
  };
}

async function read(truth: LabelledImages, ids: readonly (number | string)[], how?: 'truth' | '0' | '1') {
  const results = ids.map((category_id, image_id) => ({
    image_id,
    category_id,
    bbox: [10, 10, 20, 20],
    score: 1,
  }));
  const file = join(await temporaryFolder(), 'dt.json');
  await writeFile(file, JSON.stringify(results));
  const { found, unknown } = await readDetectionResults(file, truth, new Map(), how);
  return [found.map((boxes) => boxes.map(({ classId }) => classId).join()).join('|'), [...unknown].join('|')];
}

const YOLO = truthOf(['car', 'bus', 'van'], ['0', '1', '2']);
const COCO = truthOf(['car', 'bus', 'van'], ['1', '2', '3']);
const SPARSE = truthOf(['person', 'stop sign', 'kite'], ['1', '13', '38']);

describe('ids of categories', () => {
  it('are those of the ground truth, or names', async () => {
    expect(await read(YOLO, [0, 1, 2])).toEqual(['0|1|2', '']);
    expect(await read(COCO, [1, 2, 3])).toEqual(['0|1|2', '']);
    expect(await read(SPARSE, ['person', 13, 'kite'])).toEqual(['0|1|2', '']);
  });

  it.each([
    ['from 1 for classes from 0', YOLO, [1, 2, 3], '0 car, 1 bus, 2 van', '1'],
    ['from 1, the last class not found', YOLO, [1, 2], '0 car, 1 bus, 2 van', '1'],
    ['from 0 for classes from 1', COCO, [0, 1, 2], '1 car, 2 bus, 3 van', '0'],
    ['of places for sparse ids', SPARSE, [0, 1, 2], '1 person, 13 stop sign, 38 kite', '0'],
  ] as const)('%s are told, and read right if asked to', async (_, truth, ids, known, how) => {
    await expect(read(truth, ids)).rejects.toMatchObject({
      code: 'ERR_DATASET_INVALID',
      message: expect.stringContaining(
        `category ids do not fit the ground truth (${known}): of ${ids.length} results that lie on an object 0 have its class, ` +
          `but ${ids.length} if ids count the classes from ${how}; --category-ids ${how} reads them so`,
      ) as string,
    });
    expect((await read(truth, ids, how))[0]).toBe(ids.length === 3 ? '0|1|2' : '0|1|');
    expect((await read(truth, ids, 'truth'))[0]).not.toBe('0|1|2');
  });

  it('of a detector that is mostly right stay as they are', async () => {
    expect(await read(YOLO, [0, 1, 1])).toEqual(['0|1|1', '']);
    expect(await read(YOLO, [0, 2, 1])).toEqual(['0|2|1', '']);
  });
});

describe('pictures of one name', () => {
  const [first, second] = YOLO.images;
  const twins = {
    ...YOLO,
    images: [
      { ...first!, name: 'p', key: 'a/p' },
      { ...second!, name: 'p', key: 'b/p' },
    ],
  };
  const results = async (name: string, text: string) => {
    const file = join(await temporaryFolder(), name);
    await writeFile(file, text);
    return (await readDetectionResults(file, twins, new Map())).found.map(({ length }) => length);
  };
  const coco = (id: string): string =>
    JSON.stringify([{ image_id: id, category_id: 1, bbox: [10, 10, 20, 20], score: 1 }]);

  it('are never taken for each other', async () => {
    expect(await results('dt.json', coco('b/p'))).toEqual([0, 1]);
    await expect(results('dt.json', coco('p'))).rejects.toThrow('should be what one picture');
    const record = {
      ...{ v: 1, type: 'frame', source: 'p', epoch: 0, frame: 0, ptsUs: 0, width: 64, height: 48 },
      ...{ detections: [], tracks: [], ended: [] },
    };
    await expect(results('dt.jsonl', JSON.stringify(record))).rejects.toThrow('"p" may be several pictures');
  });
});

describe('COCO of Roboflow', () => {
  const categories = [
    { id: 0, name: 'car', supercategory: 'none' },
    { id: 1, name: 'bus', supercategory: 'car' },
    { id: 2, name: 'car', supercategory: 'car' },
  ];
  const coco = (used: readonly number[]) => ({
    categories,
    images: [{ id: 5, file_name: 'a.jpg', width: 64, height: 48 }],
    annotations: used.map((category_id) => ({ image_id: 5, category_id, bbox: [1, 2, 10, 20] })),
  });

  it('may have a project that is called like a class', () => {
    for (const used of [[2, 1], [1], []]) {
      const { classes, classKeys } = parseCoco(JSON.stringify(coco(used)), 'gt.json');
      expect([classes, classKeys]).toEqual([
        ['bus', 'car'],
        ['1', '2'],
      ]);
    }
  });

  it('is refused if both have objects', async () => {
    const file = join(await temporaryFolder(), 'gt.json');
    await writeFile(file, JSON.stringify(coco([0, 2])));
    await expect(readDetectionTruth(file, {})).rejects.toThrow('two classes called "car"');
  });
});
