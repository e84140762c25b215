/** Ground truth of PASCAL VOC: an XML file a picture (host.robots.ox.ac.uk/pascal/VOC). */
import { readdir } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { SightlineError } from '../../errors.js';
import type { LabelledBox, LabelledImage, LabelledImages } from '../labels.js';
import { inTurns } from './in-turns.js';
import { kindOf, readBytes, readText } from './read-file.js';
import { childOf, decodeXml, parseXml, type XmlElement } from './xml.js';

/** One annotated picture, its classes by name. */
export interface VocImage {
  readonly width: number;
  readonly height: number;
  readonly fileName: string | undefined;
  readonly objects: readonly (Omit<LabelledBox, 'classId'> & { readonly label: string })[];
}

/**
 * Reads a folder of annotations, with what lies in folders of it, or the folder above `Annotations`, with the pictures in
 * `JPEGImages`.
 * @param split name of a list in `ImageSets/Main`; all annotations if not given.
 * @throws SightlineError ERR_DATASET_NOT_FOUND or ERR_DATASET_INVALID.
 */
export async function readVoc(folder: string, split: string | undefined): Promise<LabelledImages> {
  const annotations = (await folderIn(folder, ['Annotations', 'annotations'])) ?? folder;
  const names = split === undefined ? await allNames(annotations) : await listedNames(annotations, split);
  const place = (await folderIn(dirname(annotations), ['JPEGImages', 'images'])) ?? annotations;
  const pictures = new PictureFinder();
  const read = await inTurns(names, async (name) => {
    const file = join(annotations, `${name}.xml`);
    const voc = parseVoc(decodeXml(await readBytes(file, 'ground truth'), file), file);
    const folders = [join(place, dirname(name)), place, dirname(file)];
    return { name, voc, file: await pictures.find(folders, basename(name), voc.fileName) };
  });
  const classes = [...new Set(read.flatMap(({ voc }) => voc.objects.map(({ label }) => label)))].sort();
  const classIds = new Map(classes.map((name, index) => [name, index]));
  const images = read.map(({ name, voc, file }): LabelledImage => ({
    name: basename(name),
    key: name,
    width: voc.width,
    height: voc.height,
    file,
    boxes: voc.objects.map(({ label, ...box }) => ({ ...box, classId: classIds.get(label)! })),
  }));
  return { classes, classKeys: classes, images };
}

/**
 * Parses one annotation. VOC counts pixels from 1 and names the last one that belongs to the object, so a box from 1 to
 * 10 is `[0, 0, 10, …]` here. Parts and attributes of an object have names and boxes of their own, which are not the object's.
 * @throws SightlineError ERR_DATASET_INVALID naming the object that is wrong.
 */
export function parseVoc(text: string, file: string): VocImage {
  const root = parseXml(text, file);
  const size = childOf(root, 'size');
  const [width, height] = [numberIn(size, 'width'), numberIn(size, 'height')];
  if (root.name !== 'annotation' || !(width >= 0 && height >= 0))
    throw new SightlineError('ERR_DATASET_INVALID', `${file} is no VOC annotation, or has no size`);
  const objects = root.children.filter(({ name }) => name === 'object');
  return {
    width,
    height,
    fileName: textIn(root, 'filename'),
    objects: objects.map((object, index) => {
      const where = `${file}: object ${index + 1}`;
      const label = textIn(object, 'name');
      if (label === undefined) throw new SightlineError('ERR_DATASET_INVALID', `${where} has no name`);
      const box = childOf(object, 'bndbox');
      const [x1, y1] = [numberIn(box, 'xmin'), numberIn(box, 'ymin')];
      const [x2, y2] = [numberIn(box, 'xmax'), numberIn(box, 'ymax')];
      if (!(x2 >= x1 && y2 >= y1))
        throw new SightlineError('ERR_DATASET_INVALID', `${where} has no bndbox, or one of no size`);
      const bbox = [x1 - 1, y1 - 1, x2 - x1 + 1, y2 - y1 + 1] as const;
      const ignored = numberIn(object, 'difficult') === 1;
      return { label, bbox, area: bbox[2] * bbox[3], crowd: false, ignored };
    }),
  };
}

/** Finds the picture of an annotation: the one of the same name, whatever its kind, or the one that the annotation names. */
class PictureFinder {
  readonly #folders = new Map<string, Promise<ReadonlyMap<string, string>>>();

  /** @returns where it should be if it is nowhere. */
  async find(folders: readonly string[], name: string, fileName = `${name}.jpg`): Promise<string> {
    const named = fileName.split(/[/\\]/).at(-1)!;
    for (const wanted of [name, named, basename(named, extname(named))]) {
      for (const folder of folders) {
        const found = (await this.#namesIn(folder)).get(wanted);
        if (found !== undefined) return join(folder, found);
      }
    }
    return join(folders[0]!, named);
  }

  /** File names under themselves and without their extensions. */
  #namesIn(folder: string): Promise<ReadonlyMap<string, string>> {
    let names = this.#folders.get(folder);
    if (names === undefined) {
      names = readdir(folder).then(
        (files) => {
          const pictures = files.filter((file) => !/\.(xml|txt|json)$/i.test(file));
          return new Map([
            ...pictures.map((file) => [basename(file, extname(file)), file] as const),
            ...pictures.map((file) => [file, file] as const),
          ]);
        },
        () => new Map(),
      );
      this.#folders.set(folder, names);
    }
    return names;
  }
}

async function folderIn(folder: string, names: readonly string[]): Promise<string | undefined> {
  for (const name of names) if ((await kindOf(join(folder, name))) === 'folder') return join(folder, name);
  return undefined;
}

/** Paths below the folder of the annotations, without extension. */
async function allNames(annotations: string): Promise<string[]> {
  const names = (await readdir(annotations, { recursive: true }))
    .filter((name) => name.endsWith('.xml'))
    .sort();
  if (names.length > 0) return names.map((name) => name.slice(0, -'.xml'.length));
  throw new SightlineError('ERR_DATASET_NOT_FOUND', `ground truth: no .xml files in "${annotations}"`);
}

async function listedNames(annotations: string, split: string): Promise<string[]> {
  const list = join(dirname(annotations), 'ImageSets', 'Main', `${split}.txt`);
  const lines = (await readText(list, 'ground truth')).split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '').map((line) => line.split(/\s+/)[0]!);
}

function textIn(element: XmlElement | undefined, name: string): string | undefined {
  const text = childOf(element, name)?.text.trim();
  return text === '' ? undefined : text;
}

function numberIn(element: XmlElement | undefined, name: string): number {
  return Number(textIn(element, name) ?? Number.NaN);
}
