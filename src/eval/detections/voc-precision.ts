/**
 * Average precision of PASCAL VOC 2007: the mean of the precision at 11 recalls (Everingham et al. 2010, "The PASCAL Visual
 * Object Classes (VOC) Challenge", doi:10.1007/s11263-009-0275-4, section 4.2).
 */
import type { FoundBox, LabelledBox } from '../labels.js';

/** IoU from which a result is right. */
const THRESHOLD = 0.5;

/**
 * @param images results and objects of one class. Each result belongs to the object that it overlaps most, taken or not:
 * a second result on one object is wrong. Difficult objects (and crowds) count nothing.
 * @returns NaN if there is nothing to find.
 */
export function voc07Precision(
  images: readonly { readonly found: readonly FoundBox[]; readonly truth: readonly LabelledBox[] }[],
): number {
  const objects = images.reduce((sum, { truth }) => sum + truth.filter(({ ignored }) => !ignored).length, 0);
  if (objects === 0) return Number.NaN;
  const results = images
    .flatMap(({ found, truth }, image) => found.map((result) => ({ result, truth, image })))
    .sort((a, b) => b.result.confidence - a.result.confidence);
  const taken = new Set<LabelledBox>();
  let [hits, misses] = [0, 0];
  const points: { recall: number; precision: number }[] = [];
  for (const { result, truth } of results) {
    const object = nearest(result, truth);
    if (object?.ignored === true) continue;
    if (object !== undefined && !taken.has(object)) {
      taken.add(object);
      hits++;
    } else misses++;
    points.push({ recall: hits / objects, precision: hits / (hits + misses) });
  }
  let sum = 0;
  for (let tenth = 0; tenth <= 10; tenth++) {
    sum += points.reduce(
      (most, { recall, precision }) => (recall >= tenth / 10 ? Math.max(most, precision) : most),
      0,
    );
  }
  return sum / 11;
}

function nearest({ bbox }: FoundBox, truth: readonly LabelledBox[]): LabelledBox | undefined {
  let best: LabelledBox | undefined;
  let most = THRESHOLD;
  const [left, top, width, height] = bbox;
  for (const object of truth) {
    const [x, y, w, h] = object.bbox;
    const across = Math.min(left + width, x + w) - Math.max(left, x);
    const down = Math.min(top + height, y + h) - Math.max(top, y);
    if (!(across > 0 && down > 0)) continue;
    const shared = across * down;
    const iou = shared / (width * height + w * h - shared);
    if (iou >= most && (best === undefined || iou > most)) [best, most] = [object, iou];
  }
  return best;
}
