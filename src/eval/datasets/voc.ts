/** Ground truth of PASCAL VOC: an XML file a picture (host.robots.ox.ac.uk/pascal/VOC). */
import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { SightlineError } from '../../errors.js';
import type { LabelledBox, LabelledImage, LabelledImages } from '../labels.js';
import { kindOf, readText } from './read-file.js';

/** One annotated picture, its classes by name. */
export interface VocImage {
  readonly width: number;
  readonly height: number;
  readonly fileName: string | undefined;
  readonly objects: readonly (Omit<LabelledBox, 'classId'> & { readonly label: string })[];
}

/**
 * Reads a folder of annotations, or the folder above `Annotations`, with the pictures in `JPEGImages`.
 * @param split name of a list in `ImageSets/Main`; all annotations if not given.
 * @throws SightlineError ERR_DATASET_NOT_FOUND or ERR_DATASET_INVALID.
 */
export async function readVoc(folder: string, split: string | undefined): Promise<LabelledImages> {
  const inner = join(folder, 'Annotations');
  const annotations = (await kindOf(inner)) === 'folder' ? inner : folder;
  const names = split === undefined ? await allNames(annotations) : await listedNames(annotations, split);
  const read = await Promise.all(
    names.map(async (name) => {
      const file = join(annotations, `${name}.xml`);
      return { name, voc: parseVoc(await readText(file, 'ground truth'), file) };
    }),
  );
  const classes = [...new Set(read.flatMap(({ voc }) => voc.objects.map(({ label }) => label)))].sort();
  const pictures = join(dirname(annotations), 'JPEGImages');
  const place = (await kindOf(pictures)) === 'folder' ? pictures : annotations;
  const images = read.map(({ name, voc }): LabelledImage => ({
    name,
    key: name,
    width: voc.width,
    height: voc.height,
    file: join(place, basename(voc.fileName ?? `${name}.jpg`)),
    boxes: voc.objects.map(({ label, ...box }) => ({ ...box, classId: classes.indexOf(label) })),
  }));
  return { classes, classKeys: classes, images };
}

/**
 * Parses one annotation. VOC counts pixels from 1 and names the last one that belongs to the object, so a box from 1 to
 * 10 is `[0, 0, 10, …]` here.
 * @throws SightlineError ERR_DATASET_INVALID naming the object that is wrong.
 */
export function parseVoc(text: string, file: string): VocImage {
  const plain = text.replace(/<!--.*?-->/gs, '');
  const size = element(plain, 'size') ?? '';
  const objects = [...plain.matchAll(/<object(?:\s[^>]*)?>(.*?)<\/object>/gs)].map(
    ([, inner = ''], index) => {
      // Parts of a body have boxes of their own, which are not the object's.
      const object = inner.replace(/<part(?:\s[^>]*)?>.*?<\/part>/gs, '');
      const where = `${file}: object ${index + 1}`;
      const label = unescapeXml(element(object, 'name')?.trim() ?? '');
      if (label === '') throw new SightlineError('ERR_DATASET_INVALID', `${where} has no name`);
      const box = element(object, 'bndbox') ?? '';
      const [x1, y1, x2, y2] = ['xmin', 'ymin', 'xmax', 'ymax'].map((name) => numberIn(box, name)) as [
        number,
        number,
        number,
        number,
      ];
      if (!(x2 >= x1 && y2 >= y1))
        throw new SightlineError('ERR_DATASET_INVALID', `${where} has no bndbox, or one of no size`);
      const bbox = [x1 - 1, y1 - 1, x2 - x1 + 1, y2 - y1 + 1] as const;
      const ignored = numberIn(object, 'difficult') === 1;
      return { label, bbox, area: bbox[2] * bbox[3], crowd: false, ignored };
    },
  );
  const [width, height] = [numberIn(size, 'width'), numberIn(size, 'height')];
  if (!/<annotation[\s>]/.test(plain) || !(width >= 0 && height >= 0))
    throw new SightlineError('ERR_DATASET_INVALID', `${file} is no VOC annotation, or has no size`);
  return { width, height, fileName: element(plain, 'filename')?.trim(), objects };
}

async function allNames(annotations: string): Promise<string[]> {
  const names = (await readdir(annotations)).filter((name) => name.endsWith('.xml')).sort();
  if (names.length > 0) return names.map((name) => basename(name, '.xml'));
  throw new SightlineError('ERR_DATASET_NOT_FOUND', `ground truth: no .xml files in "${annotations}"`);
}

async function listedNames(annotations: string, split: string): Promise<string[]> {
  const list = join(dirname(annotations), 'ImageSets', 'Main', `${split}.txt`);
  const lines = (await readText(list, 'ground truth')).split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '').map((line) => line.split(/\s+/)[0]!);
}

function element(text: string, name: string): string | undefined {
  return new RegExp(`<${name}(?:\\s[^>]*)?>(.*?)</${name}>`, 's').exec(text)?.[1];
}

function numberIn(text: string, name: string): number {
  const value = element(text, name)?.trim() ?? '';
  return value === '' ? Number.NaN : Number(value);
}

function unescapeXml(text: string): string {
  const signs: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };
  return text.replace(
    /&(?:(lt|gt|quot|apos|amp)|#(\d{1,7})|#x([\da-f]{1,6}));/gi,
    (whole, name, decimal, hex) => {
      if (name !== undefined) return signs[name as string] ?? whole;
      const code = decimal === undefined ? parseInt(hex as string, 16) : Number(decimal);
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    },
  );
}
