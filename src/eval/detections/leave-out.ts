import type { FoundBox, LabelledImage, LabelledImages } from '../labels.js';

/** Ground truth and results of its pictures. */
interface Labelled {
  readonly truth: LabelledImages;
  readonly found: readonly (readonly FoundBox[])[];
}

/**
 * Leaves out the pictures that cannot be read: nothing could be found in them, and their objects are not missed.
 * @returns also those that were left out.
 */
export function leaveOutUnreadable({
  truth,
  found,
}: Labelled): Labelled & { readonly left: readonly LabelledImage[] } {
  const left = truth.images.filter(({ unreadable }) => unreadable !== undefined);
  if (left.length === 0) return { truth, found, left };
  return {
    truth: { ...truth, images: truth.images.filter(({ unreadable }) => unreadable === undefined) },
    found: found.filter((_, image) => truth.images[image]!.unreadable === undefined),
    left,
  };
}
