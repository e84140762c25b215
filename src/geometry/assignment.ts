/** Marks a row or column without a partner. */
export const UNASSIGNED = -1;

/**
 * The pairs that may be assigned, row by row, in growing arrays that are reused from frame to frame. Fill it with
 * `reset`, then for each row any number of `add` and one `endRow`.
 */
export class CandidatePairs {
  rows = 0;
  columns = 0;
  /** Where each row starts in `column` and `gain`; `rows + 1` values count. */
  rowStart = new Int32Array(65);
  column = new Int32Array(256);
  gain = new Float64Array(256);
  private size = 0;

  /** Empties the list for a problem with `columns` columns. */
  reset(columns: number): void {
    this.rows = 0;
    this.columns = columns;
    this.size = 0;
    this.rowStart[0] = 0;
  }

  /** Offers `column` to the row that is being filled. `gain` must be above zero; each column once a row. */
  add(column: number, gain: number): void {
    if (this.size === this.column.length) {
      this.column = grownInts(this.column, this.size * 2);
      const gains = new Float64Array(this.size * 2);
      gains.set(this.gain);
      this.gain = gains;
    }
    this.column[this.size] = column;
    this.gain[this.size] = gain;
    this.size++;
  }

  endRow(): void {
    this.rows++;
    if (this.rows === this.rowStart.length) this.rowStart = grownInts(this.rowStart, this.rows * 2);
    this.rowStart[this.rows] = this.size;
  }
}

/**
 * Linear assignment with a limit: chooses the pairs whose gains have the largest sum; rows and columns may stay alone.
 *
 * With `gain = limit − cost` for the pairs with `cost < limit` this is what trackers mean by an assignment with a cost limit.
 * (Solving the full assignment and dropping pairs over the limit afterwards is another problem with other answers.)
 *
 * Shortest augmenting paths with dual prices (Jonker and Volgenant 1987, doi:10.1007/BF02278710) over the sparse list
 * of candidates: each row joins by one search of Dijkstra's kind over the columns that it can reach, so rows that share no
 * candidates never cost each other anything. Being alone is an edge of gain 0 to a partner that each row has for itself.
 */
export class AssignmentSolver {
  /** Column of each row of the last problem, or UNASSIGNED. Owned and overwritten by `solve`. */
  columnOfRow = new Int32Array(64);
  /** Row of each column of the last problem, or UNASSIGNED. */
  rowOfColumn = new Int32Array(64);

  private rowPrice = new Float64Array(64);
  private columnPrice = new Float64Array(64);
  private distance = new Float64Array(64);
  /** Row from which a column was reached in this search. */
  private reachedFrom = new Int32Array(64);
  /** Columns reached in this search; the first ones are settled. */
  private reached = new Int32Array(64);
  private state = new Uint8Array(64);

  solve(pairs: CandidatePairs): void {
    this.fit(pairs.rows, pairs.columns);
    this.columnOfRow.fill(UNASSIGNED, 0, pairs.rows);
    this.rowOfColumn.fill(UNASSIGNED, 0, pairs.columns);
    this.columnPrice.fill(0, 0, pairs.columns);
    this.state.fill(UNSEEN, 0, pairs.columns);
    for (let row = 0; row < pairs.rows; row++) this.insert(pairs, row);
  }

  /** Costs are negated gains. Prices keep `cost − rowPrice − columnPrice ≥ 0`, with 0 on assigned pairs. */
  private insert(pairs: CandidatePairs, start: number): void {
    const { rowStart, column, gain } = pairs;
    const { distance, reached, state, rowPrice, columnPrice, rowOfColumn } = this;
    let reachedCount = 0;
    let settledCount = 0;
    let row = start;
    let base = 0;
    rowPrice[start] = 0;
    // The cheapest end found so far: a row that goes alone, or a free column.
    let best = Infinity;
    let lonelyRow = UNASSIGNED;
    let freeColumn = UNASSIGNED;
    for (;;) {
      const price = rowPrice[row]!;
      if (base - price < best) {
        best = base - price;
        lonelyRow = row;
        freeColumn = UNASSIGNED;
      }
      for (let k = rowStart[row]!, end = rowStart[row + 1]!; k < end; k++) {
        const j = column[k]!;
        if (state[j] === SETTLED) continue;
        const length = base - gain[k]! - price - columnPrice[j]!;
        if (state[j] === UNSEEN) {
          state[j] = REACHED;
          reached[reachedCount++] = j;
        } else if (length >= distance[j]!) continue;
        distance[j] = length;
        this.reachedFrom[j] = row;
        if (length < best && rowOfColumn[j] === UNASSIGNED) {
          best = length;
          freeColumn = j;
          lonelyRow = UNASSIGNED;
        }
      }
      let nearest = UNASSIGNED;
      let shortest = best;
      for (let k = settledCount; k < reachedCount; k++) {
        const length = distance[reached[k]!]!;
        if (length < shortest) {
          shortest = length;
          nearest = k;
        }
      }
      if (nearest === UNASSIGNED) break;
      const j = reached[nearest]!;
      reached[nearest] = reached[settledCount]!;
      reached[settledCount++] = j;
      state[j] = SETTLED;
      base = shortest;
      row = rowOfColumn[j]!;
    }

    rowPrice[start] += best;
    for (let k = 0; k < settledCount; k++) {
      const j = reached[k]!;
      const slack = best - distance[j]!;
      columnPrice[j]! -= slack;
      rowPrice[rowOfColumn[j]!]! += slack;
    }
    for (let k = 0; k < reachedCount; k++) state[reached[k]!] = UNSEEN;
    this.augment(start, lonelyRow, freeColumn);
  }

  /** Walks back from the end of the path to `start` and moves each row on it to the column that reached further. */
  private augment(start: number, lonelyRow: number, freeColumn: number): void {
    const { columnOfRow, rowOfColumn, reachedFrom } = this;
    let column = freeColumn;
    if (lonelyRow !== UNASSIGNED) {
      column = columnOfRow[lonelyRow]!;
      columnOfRow[lonelyRow] = UNASSIGNED;
      if (lonelyRow === start) return;
    }
    for (;;) {
      const row = reachedFrom[column]!;
      const next = columnOfRow[row]!;
      columnOfRow[row] = column;
      rowOfColumn[column] = row;
      if (row === start) return;
      column = next;
    }
  }

  private fit(rows: number, columns: number): void {
    if (rows > this.columnOfRow.length) {
      const size = Math.max(rows, this.columnOfRow.length * 2);
      this.columnOfRow = new Int32Array(size);
      this.rowPrice = new Float64Array(size);
    }
    if (columns > this.rowOfColumn.length) {
      const size = Math.max(columns, this.rowOfColumn.length * 2);
      this.rowOfColumn = new Int32Array(size);
      this.columnPrice = new Float64Array(size);
      this.distance = new Float64Array(size);
      this.reachedFrom = new Int32Array(size);
      this.reached = new Int32Array(size);
      this.state = new Uint8Array(size);
    }
  }
}

const UNSEEN = 0;
const REACHED = 1;
const SETTLED = 2;

function grownInts(values: Int32Array, size: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(size);
  larger.set(values);
  return larger;
}
