/** Cells as text; the first column is a name, the others are numbers. */
export interface Table {
  readonly headers: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** For a terminal: names to the left, numbers to the right. */
export function textTable({ headers, rows }: Table): string {
  const lines = [headers, ...rows];
  const widths = headers.map((_, column) => Math.max(...lines.map((cells) => (cells[column] ?? '').length)));
  return lines
    .map((cells) =>
      cells
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}

/** Comma-separated values: RFC 4180, but lines end with a line feed alone. */
export function csvTable({ headers, rows }: Table): string {
  const cell = (text: string): string => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return [headers, ...rows].map((cells) => `${cells.map(cell).join(',')}\n`).join('');
}
