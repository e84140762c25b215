/** The scores of tracking as tables and pages. */
import type { FrameErrors } from '../tracks/clear.js';
import type { SequenceScores, TrackScores } from '../tracks/evaluate-tracks.js';
import { ALPHAS } from '../tracks/hota.js';
import type { Table } from '../../text/table.js';
import { htmlPage, htmlTable } from './html-page.js';
import { percent } from './numbers.js';
import { lineChart } from './svg-chart.js';

/** A run of `eval tracks`, as its JSON has it. */
export interface TracksReport {
  readonly sightline: string;
  readonly kind: 'tracks';
  /** Paths of ground truth and results as they were given. */
  readonly inputs: { readonly truth: string; readonly results: string };
  readonly benchmark: string;
  readonly combined: TrackScores;
  readonly sequences: readonly (TrackScores & { readonly name: string })[];
}

/** Numbers of one line of the table: name, fraction or count, value. */
type Column = readonly [string, 'fraction' | 'count', (scores: TrackScores) => number];

const COLUMNS: readonly Column[] = [
  ['HOTA', 'fraction', ({ HOTA }) => HOTA.HOTA],
  ['DetA', 'fraction', ({ HOTA }) => HOTA.DetA],
  ['AssA', 'fraction', ({ HOTA }) => HOTA.AssA],
  ['MOTA', 'fraction', ({ CLEAR }) => CLEAR.MOTA],
  ['IDF1', 'fraction', ({ Identity }) => Identity.IDF1],
  ['IDSW', 'count', ({ CLEAR }) => CLEAR.IDSW],
  ['Frag', 'count', ({ CLEAR }) => CLEAR.Frag],
  ['FP', 'count', ({ CLEAR }) => CLEAR.FP],
  ['FN', 'count', ({ CLEAR }) => CLEAR.FN],
  ['MT', 'count', ({ CLEAR }) => CLEAR.MT],
  ['PT', 'count', ({ CLEAR }) => CLEAR.PT],
  ['ML', 'count', ({ CLEAR }) => CLEAR.ML],
  ['MOTP', 'fraction', ({ CLEAR }) => CLEAR.MOTP],
  ['Re', 'fraction', ({ CLEAR }) => CLEAR.Re],
  ['Pr', 'fraction', ({ CLEAR }) => CLEAR.Pr],
  ['IDP', 'fraction', ({ Identity }) => Identity.IDP],
  ['IDR', 'fraction', ({ Identity }) => Identity.IDR],
  ['LocA', 'fraction', ({ HOTA }) => HOTA.LocA],
  ['DetRe', 'fraction', ({ HOTA }) => HOTA.DetRe],
  ['DetPr', 'fraction', ({ HOTA }) => HOTA.DetPr],
  ['AssRe', 'fraction', ({ HOTA }) => HOTA.AssRe],
  ['AssPr', 'fraction', ({ HOTA }) => HOTA.AssPr],
  ['RHOTA', 'fraction', ({ HOTA }) => HOTA.RHOTA],
  ['GT ids', 'count', ({ counts }) => counts.truthIds],
  ['ids', 'count', ({ counts }) => counts.resultIds],
];
/** Columns that fit a terminal. */
const NARROW = 12;
const WORST = 20;

/** One row a sequence and one for all. `wide`: every number, as fractions to full precision for machines. */
export function tracksTable({ sequences, combined }: TracksReport, form: 'narrow' | 'wide' | 'exact'): Table {
  const columns = form === 'narrow' ? COLUMNS.slice(0, NARROW) : COLUMNS;
  const row = (name: string, scores: TrackScores): string[] => [
    name,
    ...columns.map(([, kind, value]) =>
      kind === 'count' || form === 'exact' ? String(value(scores)) : percent(value(scores)),
    ),
  ];
  return {
    headers: ['sequence', ...columns.map(([name]) => name)],
    rows: [...sequences.map((scores) => row(scores.name, scores)), row('COMBINED', combined)],
  };
}

/** The numbers that two runs are compared by, as fractions and counts. */
export function trackNumbers(scores: TrackScores): ReadonlyMap<string, { fraction: boolean; value: number }> {
  return new Map(
    COLUMNS.map(([name, kind, value]) => [name, { fraction: kind === 'fraction', value: value(scores) }]),
  );
}

/** The whole report as one page: tables, curves, worst frames. */
export function tracksPage(report: TracksReport, sequences: readonly SequenceScores[]): string {
  const { headers, rows } = tracksTable(report, 'wide');
  const { curves } = report.combined.HOTA;
  const chart = (
    title: string,
    fields: readonly ('HOTA' | 'DetA' | 'AssA' | 'LocA' | 'DetRe' | 'DetPr' | 'AssRe' | 'AssPr')[],
  ) =>
    lineChart({
      title,
      xLabel: 'localisation threshold α (IoU)',
      yLabel: 'score',
      series: fields.map((name) => ({ name, x: ALPHAS, y: curves[name] })),
    });
  const perSequence = lineChart({
    title: 'HOTA by sequence',
    xLabel: 'localisation threshold α (IoU)',
    yLabel: 'HOTA',
    series: report.sequences.map(({ name, HOTA }) => ({ name, x: ALPHAS, y: HOTA.curves.HOTA })),
  });
  const charts = [
    chart('All sequences', ['HOTA', 'DetA', 'AssA', 'LocA']),
    chart('Recall and precision', ['DetRe', 'DetPr', 'AssRe', 'AssPr']),
    ...(report.sequences.length > 1 ? [perSequence] : []),
  ];
  const worst = worstFrames(sequences);
  return htmlPage(
    'Tracking',
    `${report.inputs.results} against ${report.inputs.truth}, rules of ${report.benchmark}, Sightline ${report.sightline}. Fractions in percent; CLEAR and identity at IoU 0.5.`,
    [
      { heading: 'Scores', html: htmlTable(headers, rows, 1) },
      { heading: 'Curves', html: `<div class="charts">${charts.join('')}</div>` },
      {
        heading: 'Worst frames',
        html: htmlTable(
          ['sequence', 'frame', 'missed', 'false', 'switched'],
          worst.map(({ name, frame, FN, FP, IDSW }) => [name, ...[frame, FN, FP, IDSW].map(String)]),
        ),
      },
    ],
  );
}

/** The frames with the most errors; of equals, the earlier. */
function worstFrames(sequences: readonly SequenceScores[]): (FrameErrors & { readonly name: string })[] {
  return sequences
    .flatMap(({ name, errors }) => errors.map((frame) => ({ name, ...frame })))
    .filter((frame) => errorsOf(frame) > 0)
    .sort((a, b) => errorsOf(b) - errorsOf(a))
    .slice(0, WORST);
}

function errorsOf({ FN, FP, IDSW }: FrameErrors): number {
  return FN + FP + IDSW;
}
