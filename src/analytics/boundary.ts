/** What lines and zones have in common: edges that a path may cross, and how far a path keeps from them. */
import { firstGap, type Stretch, stretchNear } from './band.js';
import { type Point, sideOfEdge, sideOfPath } from './geometry.js';

/** One crossing of an edge by a straight path. */
export interface Crossing {
  /** Where on the path, 0 at its start and 1 at its end. */
  readonly fraction: number;
  /** 1 from the left of the edge to its right as seen on a screen (y down), −1 the other way. */
  readonly sign: 1 | -1;
}

/** The last piece of a path ends where the path does. */
const PATH_END = { fraction: 1, sign: 0 } as const;

/** Edges of one line or zone. Answers are exact for the path shifted as geometry.ts says. */
export class Boundary {
  readonly #edges: readonly (readonly [Point, Point])[];
  #x1 = Infinity;
  #y1 = Infinity;
  #x2 = -Infinity;
  #y2 = -Infinity;

  private constructor(edges: readonly (readonly [Point, Point])[]) {
    this.#edges = edges;
    for (const { x, y } of edges.flat()) {
      this.#x1 = Math.min(this.#x1, x);
      this.#y1 = Math.min(this.#y1, y);
      this.#x2 = Math.max(this.#x2, x);
      this.#y2 = Math.max(this.#y2, y);
    }
  }

  /** @param points at least two; neighbours differ. */
  static ofLine(points: readonly Point[]): Boundary {
    return new Boundary(points.slice(1).map((point, i) => [points[i]!, point]));
  }

  /**
   * A polygon with holes; crossing it with sign 1 leads inside.
   * @param rings the outer ring, then holes; each simple, in either direction, at least three points, not closed.
   */
  static ofRings(rings: readonly (readonly Point[])[]): Boundary {
    return new Boundary(
      rings.flatMap((ring, i) => {
        const turned = signedArea(ring) > 0 === (i === 0) ? ring : ring.toReversed();
        return turned.map((point, k) => [point, turned[(k + 1) % turned.length]!] as const);
      }),
    );
  }

  /** Crossings by the straight path p → q in the order of the path. */
  crossings(p: Point, q: Point): readonly Crossing[] {
    if (Math.max(p.x, q.x) < this.#x1 || Math.min(p.x, q.x) > this.#x2) return [];
    if (Math.max(p.y, q.y) < this.#y1 || Math.min(p.y, q.y) > this.#y2) return [];
    if (p.x === q.x && p.y === q.y) return [];
    const found: Crossing[] = [];
    for (const [a, b] of this.#edges) {
      const before = sideOfEdge(a, b, p);
      const after = sideOfEdge(a, b, q);
      if (before === after || sideOfPath(p, q, a) === sideOfPath(p, q, b)) continue;
      found.push({ fraction: fractionAt(a, b, p, q), sign: after > 0 ? 1 : -1 });
    }
    return found.sort((one, other) => one.fraction - other.fraction);
  }

  /** Crossings, then the end of the path: the pieces of a path on which nothing is crossed end at these. */
  pieces(p: Point, q: Point): readonly (Crossing | typeof PATH_END)[] {
    return [...this.crossings(p, q), PATH_END];
  }

  /** Whether the shifted point lies inside of the rings (even-odd). */
  contains(p: Point): boolean {
    let inside = false;
    if (p.x < this.#x1 || p.x > this.#x2 || p.y < this.#y1 || p.y > this.#y2) return inside;
    for (const [a, b] of this.#edges) {
      if (a.y > p.y === b.y > p.y) continue;
      if (b.y > a.y === sideOfEdge(a, b, p) > 0) inside = !inside;
    }
    return inside;
  }

  /**
   * Where, between two fractions of the straight path p → q, it first is `reach` or more away from every edge.
   * @returns a fraction, or undefined if it is nowhere.
   */
  leaves(p: Point, q: Point, reach: number, from: number, to: number): number | undefined {
    const stretches: Stretch[] = this.#edges.map(([a, b]) => stretchNear(p, q, a, b, reach));
    return firstGap(stretches, from, to);
  }
}

/** Twice the area; positive if the inside lies to the right on a screen (y down) when walking along the ring. */
function signedArea(ring: readonly Point[]): number {
  let sum = 0;
  const origin = ring[0]!;
  for (let i = 1; i + 1 < ring.length; i++) {
    const a = ring[i]!;
    const b = ring[i + 1]!;
    sum += (a.x - origin.x) * (b.y - origin.y) - (a.y - origin.y) * (b.x - origin.x);
  }
  return sum;
}

function fractionAt(a: Point, b: Point, p: Point, q: Point): number {
  const before = Math.abs((b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x));
  const after = Math.abs((b.x - a.x) * (q.y - a.y) - (b.y - a.y) * (q.x - a.x));
  return before + after === 0 ? 0.5 : before / (before + after);
}
