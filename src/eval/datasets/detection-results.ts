import { extname } from 'node:path';
import { SightlineError } from '../../errors.js';
import type { FoundBox, LabelledImages } from '../labels.js';
import type { DetectionRecord } from '../../record/schema.js';
import { type CategoryIds, checkCategoryIds, classKeysFor, type IdentifiedBox } from './category-ids.js';
import { type ClassMap, mapClass, mapTruth } from './class-map.js';
import { JsonValue } from './json-value.js';
import { readText } from './read-file.js';
import { readFrameRecords } from './track-results.js';

/** Results laid beside the pictures of a data set. */
export interface DetectionResults {
  /** The ground truth with the new names of its classes. */
  readonly truth: LabelledImages;
  /** In the order of the pictures. */
  readonly found: readonly (readonly FoundBox[])[];
  /** Classes of results that the ground truth does not have, with how many there were; they are not scored. */
  readonly unknown: ReadonlyMap<string, number>;
}

/**
 * Reads results of detection: COCO's results format (`image_id`, `category_id`, `bbox`, `score`) or our records (`.jsonl`).
 *
 * Ids of COCO's format may be those of the ground truth, or names. A source of records is the picture of that name; if
 * there is one source only and no such picture, its frames are the pictures in their order.
 * @param map new names for the classes of both.
 * @param ids what ids of categories mean; those of the ground truth, if the boxes do not say otherwise.
 * @throws SightlineError ERR_DATASET_NOT_FOUND, ERR_DATASET_INVALID or ERR_RECORD_INVALID, with the place in the file.
 */
export async function readDetectionResults(
  file: string,
  truth: LabelledImages,
  map: ClassMap,
  ids?: CategoryIds,
): Promise<DetectionResults> {
  const collector = new ResultCollector({ ...truth, classKeys: classKeysFor(truth, ids ?? 'truth') }, map);
  if (extname(file) === '.jsonl') await addRecords(file, collector);
  else {
    const results = addCocoResults(JsonValue.parse(await readText(file, 'results'), file), collector);
    if (ids === undefined) checkCategoryIds(results, truth, file);
  }
  return collector;
}

/** Sorts results to the pictures they belong to. */
export class ResultCollector implements DetectionResults {
  readonly truth: LabelledImages;
  readonly found: FoundBox[][];
  readonly unknown = new Map<string, number>();
  private readonly byKey: ReadonlyMap<string, number>;
  private readonly byName: ReadonlyMap<string, number>;
  private readonly nameOfKey: ReadonlyMap<string, string>;
  private readonly classes: ReadonlyMap<string, number>;

  constructor(
    truth: LabelledImages,
    private readonly map: ClassMap,
  ) {
    this.truth = mapTruth(truth, map);
    this.found = truth.images.map(() => []);
    this.byKey = positions(truth.images.map(({ key }) => key));
    this.byName = positions(truth.images.map(({ name }) => name));
    this.nameOfKey = new Map(truth.classKeys.map((key, index) => [key, truth.classes[index]!]));
    this.classes = new Map(this.truth.classes.map((name, index) => [name, index]));
  }

  /** Position of a picture by the id that its data set gives it, or else by its name; NaN if several are called so. */
  imageOfId(id: string): number | undefined {
    return this.byKey.get(id) ?? this.byName.get(id);
  }

  /** Position of a picture by its name; NaN if several have it. */
  imageOfName(name: string): number | undefined {
    return this.byName.get(name);
  }

  /** @param classId the id that the data set gives the class, or else its name. */
  addById(image: number, classId: string, bbox: FoundBox['bbox'], score: number): void {
    this.addByName(image, this.nameOfKey.get(classId) ?? classId, bbox, score);
  }

  /** @param label the class as the results call it; a class of no name after mapping is left out. */
  addByName(image: number, label: string, bbox: FoundBox['bbox'], score: number): void {
    const name = mapClass(label, this.map);
    if (name === undefined) return;
    const classId = this.classes.get(name);
    if (classId === undefined) this.unknown.set(name, (this.unknown.get(name) ?? 0) + 1);
    else this.found[image]!.push({ bbox, classId, confidence: score });
  }

  addRecord(image: number, { class: label, box, confidence }: DetectionRecord): void {
    const [x1, y1, x2, y2] = box;
    this.addByName(image, label, [x1, y1, x2 - x1, y2 - y1], confidence);
  }
}

/** @returns all of them, whether their classes are known or not. */
function addCocoResults(root: JsonValue, collector: ResultCollector): readonly IdentifiedBox[] {
  return root.list().map((result) => {
    const image = collector.imageOfId(result.at('image_id').id());
    if (image === undefined)
      throw result.at('image_id').invalid('the id or name of a picture of the ground truth');
    if (Number.isNaN(image))
      throw result.at('image_id').invalid('what one picture of the ground truth is called, not several,');
    const categoryId = result.at('category_id').id();
    const bbox = result.at('bbox').bbox();
    collector.addById(image, categoryId, bbox, result.at('score').number());
    return { image, categoryId, bbox };
  });
}

/** Where each of these stands; NaN for what stands in several places. */
function positions(names: readonly string[]): ReadonlyMap<string, number> {
  const at = new Map<string, number>();
  names.forEach((name, index) => at.set(name, at.has(name) ? Number.NaN : index));
  return at;
}

async function addRecords(file: string, collector: ResultCollector): Promise<void> {
  let only: string | undefined;
  for await (const { record, where } of readFrameRecords(file)) {
    const { source, frame } = record;
    only ??= source;
    const named = collector.imageOfName(source);
    const image = named ?? (source === only ? frame : undefined);
    if (image === undefined || !(image < collector.found.length) || (named !== undefined && frame > 0)) {
      const what = Number.isNaN(named) ? 'may be several pictures' : 'is no picture';
      throw new SightlineError(
        'ERR_DATASET_INVALID',
        `${where}: frame ${frame} of "${source}" ${what} of the ground truth`,
      );
    }
    for (const detection of record.detections) collector.addRecord(image, detection);
  }
}
