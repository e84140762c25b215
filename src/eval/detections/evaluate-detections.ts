import type { FoundBox, LabelledImages } from '../labels.js';
import { type AreaRange, type ImageMatches, ImageOverlaps, IOU_THRESHOLDS } from './match-image.js';
import {
  bestF1,
  type BestThreshold,
  interpolatedPrecision,
  rankOrder,
  rankResults,
  recallOf,
} from './precision.js';
import { voc07Precision } from './voc-precision.js';
import { type ImageErrors, imageErrors } from './image-errors.js';

/** The summary of COCO, as fractions; NaN where there is nothing to find. */
export interface DetectionSummary {
  /** Mean over IoU 0.5, 0.55 … 0.95. */
  readonly AP: number;
  readonly AP50: number;
  readonly AP75: number;
  readonly APSmall: number;
  readonly APMedium: number;
  readonly APLarge: number;
  /** Mean recall with at most 1, 10 and 100 results a picture. */
  readonly AR1: number;
  readonly AR10: number;
  readonly AR100: number;
  readonly ARSmall: number;
  readonly ARMedium: number;
  readonly ARLarge: number;
  /** 11-point average precision of VOC 2007 at IoU 0.5, if it was asked for. */
  readonly VOC07?: number;
}

/** Scores of one class. */
export interface ClassScores extends DetectionSummary {
  readonly name: string;
  readonly objects: number;
  readonly results: number;
  /** At IoU 0.5. */
  readonly best: BestThreshold | undefined;
  /** Precision at recall 0, 0.01 … 1, at IoU 0.5 and 0.75. */
  readonly curve50: readonly number[];
  readonly curve75: readonly number[];
}

/** Scores of a data set. */
export interface DetectionScores {
  /** Mean over the classes that have objects. */
  readonly summary: DetectionSummary;
  readonly classes: readonly ClassScores[];
  readonly images: number;
  readonly objects: number;
  readonly results: number;
  /** For all classes with one threshold, at IoU 0.5. */
  readonly best: BestThreshold | undefined;
}

/** Scores, and the errors of each picture at the best threshold. */
export interface DetectionEvaluation {
  readonly scores: DetectionScores;
  readonly errors: readonly ImageErrors[];
}

/** COCO's sizes in pixels: up to 32², up to 96², and above. */
const SIZES = ['all', 'small', 'medium', 'large'] as const;
const RANGES: Readonly<Record<(typeof SIZES)[number], AreaRange>> = {
  all: { from: 0, to: 1e10 },
  small: { from: 0, to: 32 ** 2 },
  medium: { from: 32 ** 2, to: 96 ** 2 },
  large: { from: 96 ** 2, to: 1e10 },
};
const MOST = 100;
const AT_50 = 0;
const AT_75 = 5;

/**
 * Scores results as pycocotools does (boxes, 100 results a picture and class).
 * @param found the results of each picture, in the order of `truth.images`; results of other classes are not looked at.
 * @param options `voc07`: also the average precision of VOC 2007.
 * @returns the scores, and the errors of each picture at the best threshold.
 */
export function evaluateDetections(
  truth: LabelledImages,
  found: readonly (readonly FoundBox[])[],
  { voc07 = false }: { readonly voc07?: boolean } = {},
): DetectionEvaluation {
  const pictures = truth.images.map(({ boxes }, image) => ({
    results: groupByClass(found[image]!),
    objects: groupByClass(boxes),
  }));
  // Most pictures have nothing of most classes: with thousands of classes that must cost nothing.
  const byClass = truth.classes.map((name, classId) => {
    const images = pictures.flatMap(({ results, objects }, image) =>
      results.has(classId) || objects.has(classId) ? [image] : [],
    );
    const overlaps = images.map((image) => {
      const { results, objects } = pictures[image]!;
      return new ImageOverlaps(results.get(classId) ?? [], objects.get(classId) ?? [], MOST);
    });
    return { images, ...scoreClass(name, overlaps, voc07) };
  });
  const classes = byClass.map(({ scores }) => scores);
  // A class's rank is one of all: results of all classes stand in one list.
  const matches = byClass.flatMap((scored) => scored.matches);
  const best = bestF1(rankResults(matches, rankOrder(matches, MOST), AT_50));
  const scores = {
    summary: meanOf(classes, voc07),
    classes,
    images: truth.images.length,
    objects: classes.reduce((sum, { objects }) => sum + objects, 0),
    results: classes.reduce((sum, { results }) => sum + results, 0),
    best,
  };
  const errors = imageErrors(byClass, truth.images.length, best?.score ?? 0);
  return { scores, errors };
}

function groupByClass<T extends { readonly classId: number }>(
  entries: readonly T[],
): ReadonlyMap<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const entry of entries) {
    const group = groups.get(entry.classId);
    if (group === undefined) groups.set(entry.classId, [entry]);
    else group.push(entry);
  }
  return groups;
}

function scoreClass(name: string, overlaps: readonly ImageOverlaps[], voc07: boolean) {
  const bySize = SIZES.map((size) => overlaps.map((image) => image.match(RANGES[size], IOU_THRESHOLDS)));
  const matches = bySize[0]!;
  const order = rankOrder(matches, MOST);
  // Not a number where there is nothing to find.
  const meanRecall = (sized: readonly ImageMatches[], most: number): number =>
    mean(IOU_THRESHOLDS.map((_, t) => recallOf(sized, t, most)));
  const [all, small, medium, large] = bySize.map((sized): SizeScores => {
    const ranked = IOU_THRESHOLDS.map((_, t) => rankResults(sized, order, t));
    const some = ranked[0]!.objects > 0;
    const curves = some ? ranked.map(interpolatedPrecision) : [];
    return {
      AP: mean(curves.map(mean)),
      AR: meanRecall(sized, MOST),
      curves,
      ranked: ranked[AT_50]!,
      some,
    };
  }) as [SizeScores, SizeScores, SizeScores, SizeScores];
  const scores: ClassScores = {
    name,
    objects: all.ranked.objects,
    results: all.ranked.scores.length,
    AP: all.AP,
    AP50: mean(all.curves[AT_50] ?? []),
    AP75: mean(all.curves[AT_75] ?? []),
    APSmall: small.AP,
    APMedium: medium.AP,
    APLarge: large.AP,
    AR1: meanRecall(matches, 1),
    AR10: meanRecall(matches, 10),
    AR100: all.AR,
    ARSmall: small.AR,
    ARMedium: medium.AR,
    ARLarge: large.AR,
    ...(voc07 && { VOC07: voc07Precision(overlaps) }),
    best: all.some ? bestF1(all.ranked) : undefined,
    curve50: [...(all.curves[AT_50] ?? [])],
    curve75: [...(all.curves[AT_75] ?? [])],
  };
  return { scores, matches };
}

interface SizeScores {
  readonly AP: number;
  readonly AR: number;
  readonly curves: readonly Float64Array[];
  readonly ranked: ReturnType<typeof rankResults>;
  /** Whether there is anything to find. */
  readonly some: boolean;
}

function meanOf(classes: readonly ClassScores[], voc07: boolean): DetectionSummary {
  const over = (field: keyof DetectionSummary): number =>
    mean(classes.map((scores) => scores[field] ?? Number.NaN).filter((value) => !Number.isNaN(value)));
  return {
    AP: over('AP'),
    AP50: over('AP50'),
    AP75: over('AP75'),
    APSmall: over('APSmall'),
    APMedium: over('APMedium'),
    APLarge: over('APLarge'),
    AR1: over('AR1'),
    AR10: over('AR10'),
    AR100: over('AR100'),
    ARSmall: over('ARSmall'),
    ARMedium: over('ARMedium'),
    ARLarge: over('ARLarge'),
    ...(voc07 && { VOC07: over('VOC07') }),
  };
}

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let at = 0; at < values.length; at++) sum += values[at]!;
  return values.length === 0 ? Number.NaN : sum / values.length;
}
