/** One column of a table for people. */
export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
  /** Numbers stand to the right; text if not given. */
  readonly align?: 'left' | 'right';
}

/** The rows under their titles, columns two spaces apart, without a line break at the end. */
export function columnTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const table = [
    columns.map(({ title }) => title),
    ...rows.map((row) => columns.map(({ cell }) => cell(row))),
  ];
  const widths = columns.map((_, at) => Math.max(...table.map((cells) => cells[at]!.length)));
  return table
    .map((cells) =>
      cells
        .map((cell, at) =>
          columns[at]!.align === 'right' ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
