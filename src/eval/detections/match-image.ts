/** Matching of results with the objects of one picture and class, as COCO does it (pycocotools, `COCOeval.evaluateImg`). */
import type { Bbox, FoundBox, LabelledBox } from '../labels.js';

/** The IoU thresholds of COCO: 0.5, 0.55 … 0.95, with the digits that NumPy's `linspace` gives them. */
export const IOU_THRESHOLDS: readonly number[] = [
  ...Array.from({ length: 9 }, (_, index) => index * ((0.95 - 0.5) / 9) + 0.5),
  0.95,
];

/** Sizes of objects in pixels, both ends included. */
export interface AreaRange {
  readonly from: number;
  readonly to: number;
}

/** What became of results and objects of one picture and class. */
export interface ImageMatches {
  /** Of each result, best first. */
  readonly scores: Float64Array;
  /** For threshold t and result d at `t * scores.length + d`: 1 if it lies on an object. */
  readonly matched: Uint8Array;
  /** Likewise: 1 if the result counts neither as right nor as wrong. */
  readonly ignored: Uint8Array;
  /** Objects that should be found. */
  readonly objects: number;
}

/** Overlaps of one picture and class: results best first, objects in their order. */
export class ImageOverlaps {
  readonly found: readonly FoundBox[];
  readonly truth: readonly LabelledBox[];
  private readonly iou: Float64Array;

  /** @param most how many results are looked at, best first; of equal ones the earlier. */
  constructor(found: readonly FoundBox[], truth: readonly LabelledBox[], most: number) {
    this.found = [...found].sort((a, b) => b.confidence - a.confidence).slice(0, most);
    this.truth = truth;
    this.iou = new Float64Array(this.found.length * truth.length);
    let at = 0;
    for (const { bbox } of this.found) {
      for (const object of truth) this.iou[at++] = overlap(bbox, object.bbox, object.crowd);
    }
  }

  /**
   * Gives each result, best first, the free object that it overlaps most, at each of `thresholds`. Objects outside of
   * `range` are ignored, and so are results outside of it that lie on nothing.
   */
  match(range: AreaRange, thresholds: readonly number[]): ImageMatches {
    const { found, truth } = this;
    const order = truth.map((object, index) => ({
      index,
      crowd: object.crowd,
      ignored: object.ignored || object.area < range.from || object.area > range.to,
    }));
    // Objects that count come first: an ignored one is taken only where none of them fits.
    order.sort((a, b) => Number(a.ignored) - Number(b.ignored));
    const matched = new Uint8Array(thresholds.length * found.length);
    const ignored = new Uint8Array(thresholds.length * found.length);
    thresholds.forEach((threshold, t) => {
      const taken = new Uint8Array(truth.length);
      found.forEach(({ bbox }, d) => {
        let best = Math.min(threshold, 1 - 1e-10);
        let partner: (typeof order)[number] | undefined;
        for (const object of order) {
          if (taken[object.index] === 1 && !object.crowd) continue;
          if (partner?.ignored === false && object.ignored) break;
          const iou = this.iou[d * truth.length + object.index]!;
          if (iou < best) continue;
          best = iou;
          partner = object;
        }
        const at = t * found.length + d;
        if (partner !== undefined) {
          taken[partner.index] = 1;
          matched[at] = 1;
          ignored[at] = Number(partner.ignored);
        } else {
          const area = bbox[2] * bbox[3];
          ignored[at] = Number(area < range.from || area > range.to);
        }
      });
    });
    return {
      scores: Float64Array.from(found, ({ confidence: score }) => score),
      matched,
      ignored,
      objects: order.filter((object) => !object.ignored).length,
    };
  }
}

/** Intersection over union; over the area of the result alone if the object is a crowd. */
function overlap(found: Bbox, object: Bbox, crowd: boolean): number {
  const width = Math.min(found[0] + found[2], object[0] + object[2]) - Math.max(found[0], object[0]);
  if (!(width > 0)) return 0;
  const height = Math.min(found[1] + found[3], object[1] + object[3]) - Math.max(found[1], object[1]);
  if (!(height > 0)) return 0;
  const shared = width * height;
  const area = found[2] * found[3];
  return shared / (crowd ? area : area + object[2] * object[3] - shared);
}
