import type { HeatMapSnapshot } from '../contract/events.js';
import type { Point } from './geometry.js';
import type { HeatMapRule } from './rules.js';

/** Weights grow as time goes on instead of all cells fading; this many half-lives later the cells are scaled back. */
const RESCALE_AFTER = 64;

/**
 * A grid over the picture that adds up how long anchor points stay in each cell. Time between two sightings is spread
 * over the cells between them by the length of the way in each, so slow frame rates leave the same picture.
 */
export class HeatMap {
  readonly #rule: HeatMapRule;
  readonly #cellWidth: number;
  readonly #cellHeight: number;
  /** In double precision: a float32 stops growing by 40 ms after six days. */
  readonly #cells: Float64Array;
  #originUs: number | undefined;
  #nowUs = 0;

  constructor(rule: HeatMapRule, width: number, height: number) {
    this.#rule = rule;
    this.#cellWidth = width / rule.columns;
    this.#cellHeight = height / rule.rows;
    this.#cells = new Float64Array(rule.columns * rule.rows);
  }

  /** Whether an object of this class leaves a trace. */
  accepts(label: string): boolean {
    return this.#rule.accepts(label);
  }

  /** Adds the time from `fromUs` to `toUs`, spent on the straight way p → q in source pixels; parts outside are left out. */
  add(p: Point, q: Point, fromUs: number, toUs: number): void {
    const seconds = ((toUs - fromUs) / 1e6) * this.#weightAt(toUs);
    if (!(seconds > 0)) return;
    const from = { x: p.x / this.#cellWidth, y: p.y / this.#cellHeight };
    const to = { x: q.x / this.#cellWidth, y: q.y / this.#cellHeight };
    const entry = clip(from, to, this.#rule.columns, this.#rule.rows);
    if (entry === undefined) return;
    const cuts = [...cutsBetween(from.x, to.x, entry), ...cutsBetween(from.y, to.y, entry)];
    cuts.sort((one, other) => one - other);
    let at = entry.from;
    for (const cut of [...cuts, entry.to]) {
      const middle = (at + cut) / 2;
      this.#addTo(from.x + (to.x - from.x) * middle, from.y + (to.y - from.y) * middle, (cut - at) * seconds);
      at = cut;
    }
  }

  /** Tells the map of a clock that starts anew: what is there stays as it is and fades by the new clock. */
  restart(): void {
    if (this.#originUs !== undefined) this.#scale(1 / this.#weightAt(this.#nowUs));
    this.#originUs = undefined;
  }

  /** The map at media time `nowUs`. */
  read(nowUs: number): HeatMapSnapshot {
    const { columns, rows } = this.#rule;
    const weight = this.#originUs === undefined ? 1 : this.#weightAt(Math.max(nowUs, this.#nowUs));
    return { columns, rows, seconds: Float32Array.from(this.#cells, (value) => value / weight) };
  }

  #weightAt(us: number): number {
    if (this.#rule.halfLifeUs === Infinity) return 1;
    this.#originUs ??= us;
    this.#nowUs = Math.max(us, this.#nowUs);
    if ((us - this.#originUs) / this.#rule.halfLifeUs > RESCALE_AFTER) {
      this.#scale(2 ** ((this.#originUs - us) / this.#rule.halfLifeUs));
      this.#originUs = us;
    }
    return 2 ** ((us - this.#originUs) / this.#rule.halfLifeUs);
  }

  #scale(factor: number): void {
    for (let i = 0; i < this.#cells.length; i++) this.#cells[i]! *= factor;
  }

  #addTo(x: number, y: number, seconds: number): void {
    const { columns, rows } = this.#rule;
    const column = Math.min(columns - 1, Math.max(0, Math.floor(x)));
    const row = Math.min(rows - 1, Math.max(0, Math.floor(y)));
    this.#cells[row * columns + column]! += seconds;
  }
}

interface Part {
  readonly from: number;
  readonly to: number;
}

/** The part of a way that lies in [0, width) × [0, height) (Liang and Barsky 1984). */
function clip(p: Point, q: Point, width: number, height: number): Part | undefined {
  let from = 0;
  let to = 1;
  for (const [start, end, most] of [
    [p.x, q.x, width],
    [p.y, q.y, height],
  ] as const) {
    const step = end - start;
    if (step === 0) {
      if (start < 0 || start >= most) return undefined;
      continue;
    }
    from = Math.max(from, Math.min(-start / step, (most - start) / step));
    to = Math.min(to, Math.max(-start / step, (most - start) / step));
  }
  return from < to ? { from, to } : undefined;
}

/** Where a way crosses whole numbers. */
function cutsBetween(start: number, end: number, part: Part): number[] {
  const step = end - start;
  if (step === 0) return [];
  const one = start + step * part.from;
  const other = start + step * part.to;
  const cuts: number[] = [];
  for (let k = Math.floor(Math.min(one, other)) + 1; k < Math.max(one, other); k++) {
    const cut = (k - start) / step;
    if (cut > part.from && cut < part.to) cuts.push(cut);
  }
  return cuts;
}
