import { escapeXml } from './escape.js';

/** A part of a report. `html` is taken as it is. */
export interface ReportSection {
  readonly heading: string;
  readonly html: string;
}

const STYLE = `
  body { font: 15px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
  h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
  .wide { overflow-x: auto; }
  table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
  th, td { padding: .25rem .6rem; text-align: right; border-bottom: 1px solid #ddd; white-space: nowrap; }
  th:first-child, td:first-child { text-align: left; }
  th { background: #f4f4f4; } tr.total td { font-weight: bold; border-top: 2px solid #888; }
  .charts { display: flex; flex-wrap: wrap; gap: 1rem; }
  .note { color: #666; } img { display: block; max-width: 240px; max-height: 160px; }
`;

/** One self-contained page: no scripts, nothing is fetched. */
export function htmlPage(title: string, note: string, sections: readonly ReportSection[]): string {
  const body = sections.map(({ heading, html }) => `<h2>${escapeXml(heading)}</h2>\n${html}`).join('\n');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeXml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escapeXml(title)}</h1>
<p class="note">${escapeXml(note)}</p>
${body}
</body>
</html>
`;
}

/** @param totals how many of the last rows are totals. */
export function htmlTable(
  headers: readonly string[],
  rows: readonly (readonly string[])[],
  totals = 0,
): string {
  const line = (cells: readonly string[], tag: 'th' | 'td'): string =>
    cells.map((cell) => `<${tag}>${escapeXml(cell)}</${tag}>`).join('');
  const body = rows.map(
    (cells, index) => `<tr${index >= rows.length - totals ? ' class="total"' : ''}>${line(cells, 'td')}</tr>`,
  );
  return `<div class="wide"><table>\n<tr>${line(headers, 'th')}</tr>\n${body.join('\n')}\n</table></div>`;
}
