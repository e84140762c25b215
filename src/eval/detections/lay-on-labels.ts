/**
 * Results of a picture that has an EXIF orientation, laid onto the picture that its labels were made on. Boxes of YOLO's
 * format are parts of the upright picture. COCO and VOC say the size of theirs: if that is the size as it is stored and the
 * upright picture has another one, boxes lie in the stored picture. Where both fit, they lie in the upright one.
 */
import type { Bbox } from '../labels.js';
import { turnBox, undo } from './turn-box.js';

/** Width and height in pixels. */
interface Size {
  readonly width: number;
  readonly height: number;
}

/** The sizes that are known of a picture. */
export interface PictureSizes {
  /** As the labels state it; 0 by 0 if they do not. */
  readonly labelled: Size;
  /** Upright. */
  readonly picture: Size & { readonly orientation: number };
}

/** @returns how to turn a box of the upright picture so that it fits the labels. */
export function layOnLabels({ labelled, picture }: PictureSizes): (bbox: Bbox) => Bbox {
  const turned = { width: picture.height, height: picture.width };
  const isStored = picture.orientation >= 5 && same(labelled, turned) && !same(labelled, picture);
  return (bbox) => (isStored ? turnBox(bbox, undo(picture.orientation), picture) : bbox);
}

/** Whether labels state a size that the picture has neither upright nor stored. */
export function isOfOtherSize({ labelled, picture }: PictureSizes): boolean {
  if (labelled.width === 0 || labelled.height === 0) return false;
  const turned = { width: labelled.height, height: labelled.width };
  return !same(labelled, picture) && !(picture.orientation >= 5 && same(turned, picture));
}

function same(a: Size, b: Size): boolean {
  return a.width === b.width && a.height === b.height;
}
