/** What the ids of categories in COCO results mean: programs that write results for YOLO data count from 0 or from 1. */
import { SightlineError } from '../../errors.js';
import type { Bbox, LabelledBox, LabelledImages } from '../labels.js';

/** Ids are those of the ground truth, or places among its classes counted from 0 or 1. */
export const CATEGORY_IDS = ['truth', '0', '1'] as const;

/** One of {@link CATEGORY_IDS}. */
export type CategoryIds = (typeof CATEGORY_IDS)[number];

/** A result as it stands in the file. */
export interface IdentifiedBox {
  /** Position of its picture. */
  readonly image: number;
  readonly categoryId: string;
  readonly bbox: Bbox;
}

/** Another meaning has to fit this many times better than the ids of the ground truth. */
const FAR_BETTER = 5;

/** What results may call the classes of the ground truth besides their names. */
export function classKeysFor({ classes, classKeys }: LabelledImages, ids: CategoryIds): readonly string[] {
  return ids === 'truth' ? classKeys : classes.map((_, index) => String(index + Number(ids)));
}

/**
 * Looks at the objects that results lie on (IoU from 0.5 on): if they mostly have other classes than the results, but the
 * same if ids were counted in another way, then the ids are not those of the ground truth and every score would be wrong.
 * @throws SightlineError ERR_DATASET_INVALID
 */
export function checkCategoryIds(
  results: readonly IdentifiedBox[],
  truth: LabelledImages,
  file: string,
): void {
  /** How many results of an id lie on an object of a class. */
  const hits = new Map<string, Map<number, number>>();
  for (const { image, categoryId, bbox } of results) {
    const object = nearest(bbox, truth.images[image]!.boxes);
    if (object === undefined || truth.classes.includes(categoryId)) continue;
    const byClass = hits.get(categoryId) ?? new Map<number, number>();
    hits.set(categoryId, byClass.set(object.classId, (byClass.get(object.classId) ?? 0) + 1));
  }
  const fitting = (ids: CategoryIds): number =>
    classKeysFor(truth, ids).reduce((sum, key, classId) => sum + (hits.get(key)?.get(classId) ?? 0), 0);
  const own = fitting('truth');
  const other = (['0', '1'] as const).find((ids) => fitting(ids) > FAR_BETTER * own);
  if (other === undefined) return;
  const known = truth.classKeys
    .slice(0, 3)
    .map((key, index) => (key === truth.classes[index] ? key : `${key} ${truth.classes[index]}`));
  const all = [...hits.values()]
    .flatMap((byClass) => [...byClass.values()])
    .reduce((sum, count) => sum + count, 0);
  throw new SightlineError(
    'ERR_DATASET_INVALID',
    `${file}: category ids do not fit the ground truth (${known.join(', ')}${truth.classes.length > 3 ? ', …' : ''}): of ${all} results that lie on an object ` +
      `${own} have its class, but ${fitting(other)} if ids count the classes from ${other}; ` +
      `--category-ids ${other} reads them so, --category-ids truth as they stand`,
  );
}

function nearest(bbox: Bbox, objects: readonly LabelledBox[]): LabelledBox | undefined {
  let [best, least] = [undefined as LabelledBox | undefined, 0.5];
  for (const object of objects) {
    const overlap = iou(bbox, object.bbox);
    if (overlap >= least) [best, least] = [object, overlap];
  }
  return best;
}

function iou([ax, ay, aw, ah]: Bbox, [bx, by, bw, bh]: Bbox): number {
  const width = Math.min(ax + aw, bx + bw) - Math.max(ax, bx);
  const height = Math.min(ay + ah, by + bh) - Math.max(ay, by);
  if (width <= 0 || height <= 0) return 0;
  const shared = width * height;
  return shared / (aw * ah + bw * bh - shared);
}
