/** Running sums by name, direction and class, for overlays and summaries. */
export interface Count {
  readonly name: string;
  readonly direction: string;
  readonly label: string;
  readonly count: number;
}

/** Sums over a whole run; as many as there are names, directions and classes. */
export class Tally {
  readonly #counts = new Map<string, Count>();

  add(name: string, direction: string, label: string): void {
    const key = [name, direction, label].join('\0');
    const before = this.#counts.get(key)?.count ?? 0;
    this.#counts.set(key, { name, direction, label, count: before + 1 });
  }

  /** The sum for one name and direction over all classes. */
  total(name: string, direction: string): number {
    let sum = 0;
    for (const count of this.#counts.values()) {
      if (count.name === name && count.direction === direction) sum += count.count;
    }
    return sum;
  }

  /** Sums for one name and direction by class, in order of the class names. */
  byClass(name: string, direction: string): Readonly<Record<string, number>> {
    const rows = [...this.#counts.values()].filter((row) => row.name === name && row.direction === direction);
    rows.sort((a, b) => (a.label < b.label ? -1 : 1));
    return Object.fromEntries(rows.map(({ label, count }) => [label, count]));
  }
}
