/** The scores of detection as tables, curves and pages. */
import type { LabelledImage } from '../labels.js';
import type { ClassScores, DetectionScores, DetectionSummary } from '../detections/evaluate-detections.js';
import type { ImageErrors } from '../detections/image-errors.js';
import { RECALLS } from '../detections/precision.js';
import { escapeXml } from './escape.js';
import { htmlPage, htmlTable } from './html-page.js';
import { percent } from './numbers.js';
import { lineChart } from './svg-chart.js';
import type { Table } from '../../text/table.js';

/** A run of `eval detections`, as its JSON has it. */
export interface DetectionsReport extends DetectionScores {
  readonly sightline: string;
  readonly kind: 'detections';
  /** Paths of ground truth and results as they were given. */
  readonly inputs: { readonly truth: string; readonly results: string };
  /** Pictures that could not be read, if there are such; neither they nor their objects count. */
  readonly leftOut?: readonly string[];
}

/** A picture with errors. */
export interface WorstImage extends ImageErrors {
  readonly name: string;
  readonly file: string | undefined;
}

const FIELDS: readonly (keyof DetectionSummary)[] = [
  ...(['AP', 'AP50', 'AP75', 'APSmall', 'APMedium', 'APLarge'] as const),
  ...(['AR1', 'AR10', 'AR100', 'ARSmall', 'ARMedium', 'ARLarge'] as const),
];
const NARROW: readonly (keyof DetectionSummary)[] = [
  'AP',
  'AP50',
  'AP75',
  'APSmall',
  'APMedium',
  'APLarge',
  'AR100',
];
const WORST = 20;

/** `98 pictures (2 more cannot be read and are left out)`. */
export function pictureCount({ images, leftOut = [] }: DetectionsReport): string {
  const left =
    leftOut.length === 1 ? '1 more cannot be read and is' : `${leftOut.length} more cannot be read and are`;
  return `${images} pictures${leftOut.length === 0 ? '' : ` (${left} left out)`}`;
}

/** One row a class that has objects or results, and one for all. */
export function detectionsTable(report: DetectionsReport, form: 'narrow' | 'wide' | 'exact'): Table {
  const { summary } = report;
  const fields = [
    ...(form === 'narrow' ? NARROW : FIELDS),
    ...(summary.VOC07 === undefined ? [] : (['VOC07'] as const)),
  ];
  const show = (value: number | undefined): string => {
    const known = value ?? Number.NaN;
    if (form !== 'exact') return percent(known);
    return Number.isNaN(known) ? '' : String(known);
  };
  const row = (
    name: string,
    scores: DetectionSummary,
    { objects, results, best }: Pick<DetectionScores, 'objects' | 'results' | 'best'>,
  ): string[] => [
    name,
    String(objects),
    String(results),
    ...fields.map((field) => show(scores[field])),
    show(best?.F1),
    best === undefined ? '' : String(best.score),
  ];
  const shown = report.classes.filter(({ objects, results }) => objects > 0 || results > 0);
  return {
    headers: ['class', 'objects', 'results', ...fields, 'best F1', 'at score'],
    rows: [...shown.map((scores) => row(scores.name, scores, scores)), row('ALL', summary, report)],
  };
}

/** The numbers that two runs are compared by, as fractions. */
export function detectionNumbers(
  summary: DetectionSummary,
): ReadonlyMap<string, { fraction: boolean; value: number }> {
  const fields = summary.VOC07 === undefined ? FIELDS : ([...FIELDS, 'VOC07'] as const);
  return new Map(fields.map((field) => [field, { fraction: true, value: summary[field] ?? Number.NaN }]));
}

/** Precision over recall as SVG documents by file name: one of all classes, one for each class that has objects. */
export function precisionCharts({ classes }: DetectionScores): ReadonlyMap<string, string> {
  const measured = classes.filter(({ objects }) => objects > 0);
  const chart = (title: string, series: readonly { name: string; y: readonly number[] }[]): string =>
    lineChart({
      title,
      xLabel: 'recall',
      yLabel: 'precision',
      series: series.map(({ name, y }) => ({ name, x: RECALLS, y })),
    });
  const all = chart(
    'All classes at IoU 0.5',
    measured.map(({ name, curve50, AP50 }) => ({ name: `${name} ${percent(AP50)}`, y: curve50 })),
  );
  const single = measured.map((scores, index): [string, string] => [
    `${String(index + 1).padStart(2, '0')}-${fileNameOf(scores)}.svg`,
    chart(scores.name, [
      { name: `IoU 0.5: ${percent(scores.AP50)}`, y: scores.curve50 },
      { name: `IoU 0.75: ${percent(scores.AP75)}`, y: scores.curve75 },
    ]),
  ]);
  return new Map([['all.svg', all], ...single]);
}

/** The whole report as one page: tables, curves, worst pictures. @param thumbnails small pictures as data addresses, by path. */
export function detectionsPage(
  report: DetectionsReport,
  worst: readonly WorstImage[],
  thumbnails: ReadonlyMap<string, string>,
): string {
  const { headers, rows } = detectionsTable(report, 'wide');
  const pictures = worst.map(({ name, file, FN, FP }) => {
    const address = file === undefined ? undefined : thumbnails.get(file);
    const picture = address === undefined ? '' : `<img alt="" src="${escapeXml(address)}">`;
    return `<tr><td>${escapeXml(name)}${picture}</td><td>${FN}</td><td>${FP}</td></tr>`;
  });
  const threshold = report.best === undefined ? '' : `, scores from ${report.best.score} on`;
  return htmlPage(
    'Detection',
    `${report.inputs.results} against ${report.inputs.truth}, ${pictureCount(report)}, Sightline ${report.sightline}. Fractions in percent, as pycocotools counts; – where there is nothing to find.`,
    [
      { heading: 'Scores', html: htmlTable(headers, rows, 1) },
      {
        heading: 'Precision over recall',
        html: `<div class="charts">${[...precisionCharts(report).values()].join('')}</div>`,
      },
      {
        heading: `Worst pictures (IoU 0.5${threshold})`,
        html: `<table>\n<tr><th>picture</th><th>missed</th><th>false</th></tr>\n${pictures.join('\n')}\n</table>`,
      },
    ],
  );
}

/** The pictures with the most errors; of equals, the earlier. */
export function worstImages(
  images: readonly LabelledImage[],
  errors: readonly ImageErrors[],
): readonly WorstImage[] {
  return errors
    .filter(({ FN, FP }) => FN + FP > 0)
    .sort((a, b) => b.FN + b.FP - a.FN - a.FP)
    .slice(0, WORST)
    .map((entry) => ({ ...entry, name: images[entry.image]!.name, file: images[entry.image]!.file }));
}

function fileNameOf({ name }: ClassScores): string {
  return name.replace(/[^\p{L}\p{N}]+/gu, '-');
}
