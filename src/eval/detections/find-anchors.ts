/**
 * Anchors for a data set: k-means with the distance `1 − IoU` (Redmon and Farhadi 2017, "YOLO9000", arXiv:1612.08242, section
 * 2), where boxes of two sizes are laid onto one corner. Centres are the medians of their boxes, as in the reference's tool.
 */

/** Width and height in pixels of the network's input. */
export interface BoxSize {
  readonly width: number;
  readonly height: number;
}

/** What was found. */
export interface FoundAnchors {
  /** By area, smallest first. */
  readonly anchors: readonly BoxSize[];
  /** Mean over the boxes of the IoU with the anchor that fits best. */
  readonly meanIou: number;
  readonly rounds: number;
}

/** More than enough: it stops by itself when no box changes its cluster. */
const MOST_ROUNDS = 1000;

/**
 * Finds `count` anchors. The same boxes and seed give the same anchors.
 * @param sizes at least `count` different ones, all above 0.
 */
export function findAnchors(sizes: readonly BoxSize[], count: number, seed: number): FoundAnchors {
  const random = randomFrom(seed);
  let anchors = spreadOut(sizes, count, random);
  const cluster = new Int32Array(sizes.length).fill(-1);
  let rounds = 0;
  for (let changed = true; changed && rounds < MOST_ROUNDS; rounds++) {
    changed = false;
    sizes.forEach((size, index) => {
      const nearest = bestOf(size, anchors).anchor;
      if (cluster[index] !== nearest) changed = true;
      cluster[index] = nearest;
    });
    anchors = anchors.map((anchor, number) => {
      const own = sizes.filter((_, index) => cluster[index] === number);
      return own.length === 0
        ? anchor
        : { width: median(own.map(({ width }) => width)), height: median(own.map(({ height }) => height)) };
    });
  }
  const sum = sizes.reduce((total, size) => total + bestOf(size, anchors).iou, 0);
  const ordered = [...anchors].sort((a, b) => a.width * a.height - b.width * b.height);
  return { anchors: ordered, meanIou: sum / sizes.length, rounds };
}

/** First centres: each is a box, more likely the further it is from those before it (k-means++, Arthur and Vassilvitskii 2007). */
function spreadOut(sizes: readonly BoxSize[], count: number, random: () => number): BoxSize[] {
  const centres = [sizes[Math.floor(random() * sizes.length)]!];
  const distance = sizes.map(() => Infinity);
  while (centres.length < count) {
    const newest = centres.at(-1)!;
    let total = 0;
    sizes.forEach((size, index) => {
      distance[index] = Math.min(distance[index]!, (1 - sharedCorner(size, newest)) ** 2);
      total += distance[index];
    });
    let rest = random() * total;
    const chosen = distance.findIndex((value) => (rest -= value) < 0);
    centres.push(sizes[chosen < 0 ? distance.indexOf(Math.max(...distance)) : chosen]!);
  }
  return centres;
}

function bestOf(
  size: BoxSize,
  anchors: readonly BoxSize[],
): { readonly anchor: number; readonly iou: number } {
  let [anchor, iou] = [0, -1];
  anchors.forEach((candidate, index) => {
    const overlap = sharedCorner(size, candidate);
    if (overlap > iou) [anchor, iou] = [index, overlap];
  });
  return { anchor, iou };
}

/** IoU of two boxes with a common corner. */
function sharedCorner(a: BoxSize, b: BoxSize): number {
  const shared = Math.min(a.width, b.width) * Math.min(a.height, b.height);
  return shared / (a.width * a.height + b.width * b.height - shared);
}

function median(values: number[]): number {
  values.sort((a, b) => a - b);
  const middle = values.length >> 1;
  return values.length % 2 === 1 ? values[middle]! : (values[middle - 1]! + values[middle]!) / 2;
}

/** Mulberry32: 32 bits of state are plenty for choosing a few boxes. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
