/** Where a label can stand: on top of its box, inside it at the top, under it, or on top at its right end. */
const PLACES = ['above', 'inside', 'below', 'above-right'] as const;

/** A label's place relative to its box. */
export type LabelPlace = (typeof PLACES)[number];

/** Whole, even coordinates; `x1` and `y1` excluded. */
export interface Rect {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

/**
 * Finds places for the labels of one frame so that they stay in the picture and do not hide each other needlessly. Labels
 * placed first keep the better places.
 */
export class LabelLayout {
  readonly #width: number;
  readonly #height: number;
  /** The labels placed so far, four numbers each; grows to the busiest frame and is reused. */
  #taken = new Int32Array(4 * 64);
  #count = 0;
  readonly #candidate: Rect = { x0: 0, y0: 0, x1: 0, y1: 0 };

  /** @param width of the picture. @param height of the picture. */
  constructor(width: number, height: number) {
    this.#width = width;
    this.#height = height;
  }

  /** Forgets the labels of the frame before. */
  clear(): void {
    this.#count = 0;
  }

  /**
   * Places a label of `width` × `height` at `box`, the outer edge of the drawn frame.
   * @param preferred tried first: the place that the label had, so that it does not jump about.
   * @param out receives the rectangle.
   */
  place(box: Rect, width: number, height: number, preferred: LabelPlace | undefined, out: Rect): LabelPlace {
    let best: LabelPlace = 'above';
    let least = Infinity;
    if (preferred !== undefined) {
      least = this.#tryPlace(preferred, box, width, height, out);
      best = preferred;
    }
    for (const place of PLACES) {
      if (least === 0) break;
      const cost = this.#tryPlace(place, box, width, height, this.#candidate);
      if (cost >= least) continue;
      least = cost;
      best = place;
      Object.assign(out, this.#candidate);
    }
    this.#take(out);
    return best;
  }

  /**
   * Places a label of `width` × `height` at the first of several places where it hides nothing and is whole.
   * @param anchors in the order in which they are liked.
   * @param out receives the rectangle.
   */
  placeAtOneOf(anchors: readonly Rect[], width: number, height: number, out: Rect): void {
    let least = Infinity;
    for (const anchor of anchors) {
      for (const place of PLACES) {
        const cost = least === 0 ? least : this.#tryPlace(place, anchor, width, height, this.#candidate);
        if (cost >= least) continue;
        least = cost;
        Object.assign(out, this.#candidate);
      }
    }
    this.#take(out);
  }

  /** Fills `out` and returns what is wrong with it, in pixels hidden or cut off; 0 is a good place. */
  #tryPlace(place: LabelPlace, box: Rect, width: number, height: number, out: Rect): number {
    const x = place === 'above-right' ? box.x1 - width : box.x0;
    const y = place === 'inside' ? Math.max(0, box.y0) : place === 'below' ? box.y1 : box.y0 - height;
    out.x0 = clamp(x, this.#width - width);
    out.y0 = clamp(y, this.#height - height);
    out.x1 = out.x0 + width;
    out.y1 = out.y0 + height;
    // A label that had to be moved up or down lies on its own box or away from it.
    let cost = Math.abs(out.y0 - y) * width;
    if (place === 'inside' && box.y1 - box.y0 < 3 * height) cost += 1;
    for (let at = 0; at < 4 * this.#count; at += 4) {
      const overlapX = Math.min(out.x1, this.#taken[at + 2]!) - Math.max(out.x0, this.#taken[at]!);
      const overlapY = Math.min(out.y1, this.#taken[at + 3]!) - Math.max(out.y0, this.#taken[at + 1]!);
      if (overlapX > 0 && overlapY > 0) cost += overlapX * overlapY;
    }
    return cost;
  }

  #take(rect: Rect): void {
    const at = 4 * this.#count++;
    if (at === this.#taken.length) {
      const larger = new Int32Array(2 * at);
      larger.set(this.#taken);
      this.#taken = larger;
    }
    this.#taken[at] = rect.x0;
    this.#taken[at + 1] = rect.y0;
    this.#taken[at + 2] = rect.x1;
    this.#taken[at + 3] = rect.y1;
  }
}

function clamp(value: number, most: number): number {
  return Math.max(0, Math.min(value, most));
}
