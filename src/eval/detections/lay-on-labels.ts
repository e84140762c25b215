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
  /** Of the frame that the results were found in. */
  readonly frame: Size;
}

/** @returns how to turn a box of the frame so that it fits the labels. */
export function layOnLabels({ labelled, picture, frame }: PictureSizes): (bbox: Bbox) => Bbox {
  const { orientation } = picture;
  const stored = orientation >= 5 ? { width: picture.height, height: picture.width } : { ...picture };
  const isStored = (size: Size): boolean => same(size, stored) && !same(size, picture);
  if (isStored(labelled) === isStored(frame)) return (bbox) => bbox;
  return isStored(frame)
    ? (bbox) => turnBox(bbox, orientation, stored)
    : (bbox) => turnBox(bbox, undo(orientation), picture);
}

/** Whether labels state a size that the picture has neither upright nor stored. */
export function isOfOtherSize({ labelled, picture }: Pick<PictureSizes, 'labelled' | 'picture'>): boolean {
  if (labelled.width === 0 || labelled.height === 0) return false;
  const turned = { width: labelled.height, height: labelled.width };
  return !same(labelled, picture) && !(picture.orientation >= 5 && same(turned, picture));
}

function same(a: Size, b: Size): boolean {
  return a.width === b.width && a.height === b.height;
}
