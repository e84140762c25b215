import { SightlineError } from '../../errors.js';
import type { FoundBox, LabelledImages } from '../labels.js';

/** Ground truth and results of its pictures. */
interface Labelled {
  readonly truth: LabelledImages;
  readonly found: readonly (readonly FoundBox[])[];
}

/**
 * Leaves out all classes but those named.
 * @param names all classes stay if not given.
 * @throws SightlineError ERR_USAGE for a name that the ground truth does not have.
 */
export function keepClasses({ truth, found }: Labelled, names: readonly string[] | undefined): Labelled {
  if (names === undefined) return { truth, found };
  const unknown = names.find((name) => !truth.classes.includes(name));
  if (unknown !== undefined) {
    throw new SightlineError(
      'ERR_USAGE',
      `the ground truth has no class "${unknown}"; it has ${truth.classes.slice(0, 20).join(', ')}`,
    );
  }
  const kept = truth.classes.flatMap((name, index) => (names.includes(name) ? [index] : []));
  const position = new Map(kept.map((classId, index) => [classId, index]));
  const renumber = <T extends { readonly classId: number }>(entries: readonly T[]): T[] =>
    entries.flatMap((entry) => {
      const classId = position.get(entry.classId);
      return classId === undefined ? [] : [{ ...entry, classId }];
    });
  return {
    truth: {
      classes: kept.map((index) => truth.classes[index]!),
      classKeys: kept.map((index) => truth.classKeys[index]!),
      images: truth.images.map((image) => ({ ...image, boxes: renumber(image.boxes) })),
    },
    found: found.map(renumber),
  };
}
