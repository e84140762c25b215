/** Ground truth in YOLO's format: a text file a picture, lines of `class x y width height` in parts of the picture. */
import { readdir } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve, sep } from 'node:path';
import { parse } from 'yaml';
import { messageOf, SightlineError } from '../../errors.js';
import type { LabelledBox, LabelledImage, LabelledImages } from '../labels.js';
import { readImageSize } from './image-size.js';
import { kindOf, readText } from './read-file.js';

const PICTURE = /\.(jpe?g|png|webp|bmp)$/i;

/**
 * Reads a `data.yaml`, or a folder with `images/` and `labels/` (or both kinds of files together) and `classes.txt` or
 * `data.yaml`. Pictures must be there, since boxes are parts of them; one without a text file has no objects.
 * @param split which of the sets of `data.yaml`; `val` if not given, or what there is.
 * @throws SightlineError ERR_DATASET_NOT_FOUND or ERR_DATASET_INVALID with file and line.
 */
export async function readYolo(path: string, split: string | undefined): Promise<LabelledImages> {
  const { folder, classes } = await locate(path, split);
  const inner = join(folder, 'images');
  const pictures = (await kindOf(inner)) === 'folder' ? inner : folder;
  if ((await kindOf(pictures)) !== 'folder')
    throw new SightlineError(
      'ERR_DATASET_NOT_FOUND',
      `ground truth: "${pictures}" is not a folder of pictures`,
    );
  const names = (await readdir(pictures)).filter((name) => PICTURE.test(name)).sort();
  if (names.length === 0)
    throw new SightlineError('ERR_DATASET_NOT_FOUND', `ground truth: no pictures in "${pictures}"`);
  const images = await Promise.all(
    names.map(async (fileName): Promise<LabelledImage> => {
      const file = join(pictures, fileName);
      const { width, height } = await readImageSize(file);
      const labels = labelsOf(file);
      const text = (await kindOf(labels)) === 'file' ? await readText(labels, 'ground truth') : '';
      const name = basename(fileName, extname(fileName));
      // Tools that write COCO results for such data call a picture by its name, as a number if it is one.
      const key = /^\d+$/.test(name) ? String(Number(name)) : name;
      const boxes = parseYolo(text, labels, { width, height, classes: classes.length });
      return { name, key, width, height, file, boxes };
    }),
  );
  return { classes, classKeys: classes.map((_, index) => String(index)), images };
}

/** @throws SightlineError ERR_DATASET_INVALID with file and line. */
export function parseYolo(
  text: string,
  file: string,
  { width, height, classes }: { readonly width: number; readonly height: number; readonly classes: number },
): LabelledBox[] {
  return text.split('\n').flatMap((raw, index): LabelledBox[] => {
    const line = raw.trim();
    if (line === '') return [];
    const values = line.split(/\s+/).map(Number);
    const [classId, x, y, w, h] = values as [number, number, number, number, number];
    const where = `${file}:${index + 1}`;
    if (values.length !== 5 || !values.every(Number.isFinite) || w < 0 || h < 0) {
      throw new SightlineError(
        'ERR_DATASET_INVALID',
        `${where}: expected "class x y width height" but found ${JSON.stringify(line.slice(0, 60))}`,
      );
    }
    if (!Number.isInteger(classId) || classId < 0 || classId >= classes)
      throw new SightlineError('ERR_DATASET_INVALID', `${where}: class ${classId} of ${classes} classes`);
    const bbox = [(x - w / 2) * width, (y - h / 2) * height, w * width, h * height] as const;
    return [{ bbox, classId, area: bbox[2] * bbox[3], crowd: false, ignored: false }];
  });
}

/** The text file of a picture: in `labels` where the path has `images`, else beside it. */
function labelsOf(picture: string): string {
  const text = `${basename(picture, extname(picture))}.txt`;
  const parts = dirname(picture).split(sep);
  const at = parts.lastIndexOf('images');
  if (at < 0) return join(dirname(picture), text);
  return [...parts.slice(0, at), 'labels', ...parts.slice(at + 1), text].join(sep);
}

async function locate(
  path: string,
  split: string | undefined,
): Promise<{ readonly folder: string; readonly classes: readonly string[] }> {
  if (/\.ya?ml$/i.test(path)) return fromYaml(path, split);
  for (const name of ['data.yaml', 'data.yml']) {
    if ((await kindOf(join(path, name))) === 'file') return fromYaml(join(path, name), split);
  }
  for (const file of [join(path, 'classes.txt'), join(path, 'labels', 'classes.txt')]) {
    if ((await kindOf(file)) !== 'file') continue;
    const lines = (await readText(file, 'class names')).split('\n').map((line) => line.trim());
    return { folder: path, classes: lines.filter((line) => line !== '') };
  }
  throw new SightlineError(
    'ERR_DATASET_NOT_FOUND',
    `ground truth: "${path}" has no data.yaml and no classes.txt, which name the classes`,
  );
}

async function fromYaml(file: string, split: string | undefined) {
  let value: unknown;
  try {
    value = parse(await readText(file, 'ground truth'));
  } catch (cause) {
    if (cause instanceof SightlineError) throw cause;
    const message = messageOf(cause).split('\n')[0];
    throw new SightlineError('ERR_DATASET_INVALID', `${file} is not YAML: ${message}`, { cause });
  }
  const data = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  const listed = data['names'];
  const names: unknown[] = typeof listed === 'object' && listed !== null ? Object.values(listed) : [];
  if (names.length === 0 || !names.every((name): name is string => typeof name === 'string'))
    throw new SightlineError('ERR_DATASET_INVALID', `${file}: "names" should list the names of the classes`);
  const wanted = split === undefined ? ['val', 'test', 'train'] : [split];
  const set = wanted.map((key) => data[key]).find((place): place is string => typeof place === 'string');
  if (set === undefined) {
    const keys = wanted.map((key) => `"${key}"`).join(', ');
    throw new SightlineError('ERR_DATASET_INVALID', `${file}: no folder of pictures under ${keys}`);
  }
  const root = typeof data['path'] === 'string' ? data['path'] : '.';
  return { folder: resolve(dirname(file), root, set), classes: names };
}
