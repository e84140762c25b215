/** Ground truth in COCO's format (cocodataset.org/#format-data). */
import { basename, dirname, extname, join } from 'node:path';
import type { LabelledBox, LabelledImage, LabelledImages } from '../labels.js';
import { JsonValue } from './json-value.js';

/**
 * Parses COCO ground truth. Pictures and classes come in the order of their ids, as pycocotools has them.
 * @param folder where the pictures are; next to the file if not given.
 * @throws SightlineError ERR_DATASET_INVALID naming the value that is wrong.
 */
export function parseCoco(text: string, file: string, folder = dirname(file)): LabelledImages {
  const root = JsonValue.parse(text, file);
  const listed = distinct(root.at('categories'), (id) => id.number()).map((category) => ({
    id: category.at('id').number(),
    name: category.at('name').text(),
    group: category.at('supercategory').value,
  }));
  const annotations = root.at('annotations').list();
  const used = new Set(annotations.map((annotation) => annotation.at('category_id').value));
  // Exports of Roboflow list their project as the group of all classes; it may be called like one of them.
  const isGroup = ({ id, name }: (typeof listed)[number]): boolean =>
    !used.has(id) && listed.some((other) => other.id !== id && other.name === name && other.group === name);
  const categories = listed.filter((category) => !isGroup(category)).sort((a, b) => a.id - b.id);
  const classOf = new Map(categories.map(({ id }, index) => [id, index]));
  const boxes = new Map<string, LabelledBox[]>();
  const images = distinct(root.at('images'), (id) => id.id())
    .map((image): LabelledImage => {
      const key = image.at('id').id();
      const fileName = image.at('file_name').text();
      const own: LabelledBox[] = [];
      boxes.set(key, own);
      return {
        name: basename(fileName, extname(fileName)),
        key,
        width: image.at('width').number(),
        height: image.at('height').number(),
        file: join(folder, fileName),
        boxes: own,
      };
    })
    .sort((a, b) => compareKeys(a.key, b.key));
  for (const annotation of annotations) {
    const classId = classOf.get(annotation.at('category_id').number());
    if (classId === undefined) throw annotation.at('category_id').invalid('the id of a category');
    const own = boxes.get(annotation.at('image_id').id());
    if (own === undefined) throw annotation.at('image_id').invalid('the id of an image');
    const bbox = annotation.at('bbox').bbox();
    const area = annotation.at('area');
    const mark = annotation.at('iscrowd').value;
    const crowd = mark === 1 || mark === true;
    own.push({
      bbox,
      classId,
      area: area.value === undefined ? bbox[2] * bbox[3] : area.number(),
      crowd,
      ignored: crowd,
    });
  }
  return {
    classes: categories.map(({ name }) => name),
    classKeys: categories.map(({ id }) => String(id)),
    images,
  };
}

/** The entries of a list, each with an id of its own. */
function distinct(list: JsonValue, idOf: (id: JsonValue) => unknown): JsonValue[] {
  const entries = list.list();
  const seen = new Set<unknown>();
  for (const entry of entries) {
    const id = idOf(entry.at('id'));
    if (seen.has(id)) throw entry.at('id').invalid('an id that no other entry has');
    seen.add(id);
  }
  return entries;
}

/** Numbers as numbers. */
function compareKeys(a: string, b: string): number {
  const difference = Number(a) - Number(b);
  if (Number.isNaN(difference)) return a < b ? -1 : 1;
  return difference;
}
