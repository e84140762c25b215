/** Ground truth in YOLO's format: a text file a picture, lines of `class x y width height` in parts of the picture. */
import { basename, dirname, extname, join, relative } from 'node:path';
import { isSightlineError, messageOf, SightlineError } from '../../errors.js';
import type { LabelledBox, LabelledImage, LabelledImages } from '../labels.js';
import { readImageSize } from './image-size.js';
import { inTurns } from './in-turns.js';
import { kindOf, readText } from './read-file.js';
import { findYoloPart, readYoloConfig, type YoloSet } from './yolo-config.js';
import { findLabels, findOrphans, findPictures } from './yolo-pictures.js';

/**
 * Reads a `data.yaml`, or a folder with `images/` and `labels/` (or both kinds of files together) and `classes.txt` or
 * `data.yaml`. Pictures must be there, since boxes are parts of them; one without a text file has no objects.
 * @param split which of the sets of `data.yaml`; see {@link readYoloConfig}.
 * @throws SightlineError ERR_DATASET_NOT_FOUND or ERR_DATASET_INVALID with file and line.
 */
export async function readYolo(path: string, split: string | undefined): Promise<LabelledImages> {
  const set = await locate(path, split);
  const pictures: string[] = [];
  for (const place of set.places) pictures.push(...(await findPictures(place)));
  const files = [...new Set(pictures)];
  const labels = await inTurns(files, findLabels);
  const found = new Set(labels.filter((file) => file !== undefined));
  if (found.size === 0) {
    throw new SightlineError(
      'ERR_DATASET_NOT_FOUND',
      `ground truth: no picture of "${path}" has a label file, such as "${basename(files[0]!, extname(files[0]!))}.txt" ` +
        'beside it or in the folder "labels" that stands for its "images"',
    );
  }
  const isListed = set.places.some((place) => /\.txt$/i.test(place));
  const orphans = isListed ? [] : await findOrphans(files, found);
  const keys = keysOf(files, set.places);
  const images = await inTurns([...files.keys()], (at) => readImage(files[at]!, labels[at], keys[at]!, set));
  return {
    classes: set.classes,
    classKeys: set.classIds.map(String),
    images,
    remarks: [...set.remarks, ...(orphans.length === 0 ? [] : [remarkOn(orphans)])],
  };
}

async function readImage(
  file: string,
  labels: string | undefined,
  key: string,
  set: YoloSet,
): Promise<LabelledImage> {
  const name = basename(file, extname(file));
  const text = labels === undefined ? '' : await readText(labels, 'ground truth');
  try {
    const { width, height } = await readImageSize(file);
    return {
      name,
      key,
      width,
      height,
      file,
      boxes: parseYolo(text, labels ?? '', { width, height, ...set }),
    };
  } catch (error) {
    // A picture that is there but damaged has boxes of no size; a label file that is wrong is a mistake.
    if (!isSightlineError(error, 'ERR_DATASET_INVALID') || !error.message.startsWith(`"${file}" `))
      throw error;
    return { name, key, width: 0, height: 0, file, boxes: [], unreadable: messageOf(error) };
  }
}

/** Tools that write COCO results for such data call a picture by its name, as a number if it is one. */
function keysOf(files: readonly string[], places: readonly string[]): string[] {
  const names = files.map((file) => basename(file, extname(file)));
  const count = new Map<string, number>();
  for (const name of names) count.set(name, (count.get(name) ?? 0) + 1);
  return names.map((name, at) => {
    if (count.get(name) === 1) return /^\d+$/.test(name) ? String(Number(name)) : name;
    const place = places.find((folder) => files[at]!.startsWith(folder)) ?? dirname(places[0]!);
    return relative(place, files[at]!);
  });
}

/**
 * Parses the label file of a picture. A row of a polygon, `class x1 y1 x2 y2 x3 y3 …`, is the box around it.
 * @throws SightlineError ERR_DATASET_INVALID with file and line.
 */
export function parseYolo(
  text: string,
  file: string,
  {
    width,
    height,
    classIds,
    poseValues,
  }: Pick<YoloSet, 'classIds' | 'poseValues'> & { readonly width: number; readonly height: number },
): LabelledBox[] {
  return text.split('\n').flatMap((raw, index): LabelledBox[] => {
    const line = raw.trim();
    if (line === '') return [];
    const values = line.split(/\s+/).map(Number);
    const where = `${file}:${index + 1}`;
    const box = values.every(Number.isFinite) ? boxOf(values, poseValues) : undefined;
    if (box === undefined) {
      throw new SightlineError(
        'ERR_DATASET_INVALID',
        `${where}: expected "class x y width height" or "class x1 y1 x2 y2 x3 y3 …" but found ${JSON.stringify(line.slice(0, 60))}`,
      );
    }
    const far = box.find((value) => Math.abs(value) > FARTHEST);
    if (far !== undefined) {
      throw new SightlineError(
        'ERR_DATASET_INVALID',
        `${where}: coordinates are parts of the picture, from 0 to 1, but one is ${far}`,
      );
    }
    const classId = classIds.indexOf(values[0]!);
    if (classId < 0) {
      throw new SightlineError(
        'ERR_DATASET_INVALID',
        `${where}: class ${values[0]} is none of the ${classIds.length} classes, ${Math.min(...classIds)} to ${Math.max(...classIds)}`,
      );
    }
    const [x, y, w, h] = box;
    const bbox = [(x - w / 2) * width, (y - h / 2) * height, w * width, h * height] as const;
    return [{ bbox, classId, area: bbox[2] * bbox[3], crowd: false, ignored: false }];
  });
}

/** Boxes may reach over the edge, but not this far: pixels are meant. */
const FARTHEST = 2;

/** Centre and size. @returns undefined if the row is neither a box nor a polygon. */
function boxOf(
  [, ...values]: readonly number[],
  poseValues: number | undefined,
): readonly [number, number, number, number] | undefined {
  if (values.length === 4 || values.length + 1 === poseValues) {
    const [x, y, w, h] = values as [number, number, number, number];
    return w < 0 || h < 0 ? undefined : [x, y, w, h];
  }
  if (values.length < 6 || values.length % 2 === 1) return undefined;
  const xs = values.filter((_, at) => at % 2 === 0);
  const ys = values.filter((_, at) => at % 2 === 1);
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  return [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top];
}

async function locate(path: string, split: string | undefined): Promise<YoloSet> {
  if (/\.ya?ml$/i.test(path)) return readYoloConfig(path, split);
  for (const name of ['data.yaml', 'data.yml']) {
    if ((await kindOf(join(path, name))) === 'file') return readYoloConfig(join(path, name), split);
  }
  for (const file of [join(path, 'classes.txt'), join(path, 'labels', 'classes.txt')]) {
    if ((await kindOf(file)) !== 'file') continue;
    const classes = (await readText(file, 'class names'))
      .trimEnd()
      .split('\n')
      .map((line) => line.trim());
    const empty = classes.indexOf('');
    if (empty >= 0)
      throw new SightlineError(
        'ERR_DATASET_INVALID',
        `${file}:${empty + 1}: a class has no name; each line is one`,
      );
    return { ...(await findYoloPart(path, split)), classes, classIds: classes.map((_, index) => index) };
  }
  throw new SightlineError(
    'ERR_DATASET_NOT_FOUND',
    `ground truth: "${path}" has no data.yaml and no classes.txt, which name the classes`,
  );
}

function remarkOn(orphans: readonly string[]): string {
  const named = orphans
    .slice(0, 3)
    .map((file) => `"${file}"`)
    .join(', ');
  const more = orphans.length > 3 ? ', …' : '';
  return `${orphans.length} label ${orphans.length === 1 ? 'file has' : 'files have'} no picture: ${named}${more}`;
}
