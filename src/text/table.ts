/** Tables of text: for a terminal, and as comma-separated values. */
import { oneLine } from './printable.js';

/** Cells as text. */
export interface Table {
  readonly headers: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** One column of a table whose cells are made of something. */
export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
  /** Numbers stand to the right; text if not given. */
  readonly align?: 'left' | 'right';
}

/**
 * For a terminal: columns two spaces apart, without a line break at the end.
 * @param isNumber whether a column stands to the right; if not given, all but the first do.
 */
export function textTable(
  { headers, rows }: Table,
  isNumber: (column: number) => boolean = (column) => column > 0,
): string {
  const lines = [headers, ...rows].map((cells) => cells.map(oneLine));
  const widths = headers.map((_, column) => Math.max(...lines.map((cells) => (cells[column] ?? '').length)));
  return lines
    .map((cells) =>
      cells
        .map((cell, at) => (isNumber(at) ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** The same of rows that are not text yet. */
export function columnTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const headers = columns.map(({ title }) => title);
  const cells = rows.map((row) => columns.map(({ cell }) => cell(row)));
  return textTable({ headers, rows: cells }, (at) => columns[at]!.align === 'right');
}

/** Comma-separated values: RFC 4180, but lines end with a line feed alone. */
export function csvTable({ headers, rows }: Table): string {
  const cell = (text: string): string => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return [headers, ...rows].map((cells) => `${cells.map(cell).join(',')}\n`).join('');
}
