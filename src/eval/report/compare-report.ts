/** Two runs of evaluation side by side. */
import { SightlineError } from '../../errors.js';
import { detectionNumbers, type DetectionsReport } from './detections-report.js';
import { percent } from './numbers.js';
import type { Table } from '../../text/table.js';
import { trackNumbers, type TracksReport } from './tracks-report.js';

/** What an `eval` command printed as JSON. */
export type EvaluationReport = TracksReport | DetectionsReport;

/** One number in two runs. */
export interface Difference {
  /** Sequence or class; `COMBINED` or `ALL` for all together. */
  readonly subject: string;
  readonly metric: string;
  readonly fraction: boolean;
  /** NaN where a run has no such number. */
  readonly a: number;
  readonly b: number;
  /** `b − a`. */
  readonly difference: number;
}

type Numbers = ReadonlyMap<string, { readonly fraction: boolean; readonly value: number }>;

/**
 * Compares two runs, number by number.
 * @throws SightlineError ERR_USAGE if one is of tracking and the other of detection.
 */
export function compareReports(a: EvaluationReport, b: EvaluationReport): Difference[] {
  if (a.kind !== b.kind)
    throw new SightlineError('ERR_USAGE', `a run of ${a.kind} cannot be compared with one of ${b.kind}`);
  const [first, second] = [subjectsOf(a), subjectsOf(b)];
  const subjects = new Set([...first.keys(), ...second.keys()]);
  return [...subjects].flatMap((subject) => {
    const [one, two] = [first.get(subject), second.get(subject)];
    const metrics = new Set([...(one?.keys() ?? []), ...(two?.keys() ?? [])]);
    return [...metrics].map((metric): Difference => {
      const [x, y] = [one?.get(metric), two?.get(metric)];
      const values = { a: x?.value ?? Number.NaN, b: y?.value ?? Number.NaN };
      return { subject, metric, fraction: (x ?? y)!.fraction, ...values, difference: values.b - values.a };
    });
  });
}

/** One row a number, or only those that `changed`. `exact`: every number, fractions to full precision. */
export function compareTable(differences: readonly Difference[], form: 'changed' | 'all' | 'exact'): Table {
  const exact = form === 'exact';
  const show = (value: number, fraction: boolean): string => {
    if (exact) return Number.isNaN(value) ? '' : String(value);
    if (Number.isNaN(value)) return '–';
    return fraction ? percent(value) : String(value);
  };
  const signed = (value: number, fraction: boolean): string =>
    `${value > 0 && !exact ? '+' : ''}${show(value, fraction)}`;
  return {
    headers: ['', 'metric', 'A', 'B', 'B − A'],
    rows: differences
      .filter(({ a, b }) => form !== 'changed' || !Object.is(a, b))
      .map(({ subject, metric, fraction, a, b, difference }) => [
        subject,
        metric,
        show(a, fraction),
        show(b, fraction),
        signed(difference, fraction),
      ]),
  };
}

/** Everything together comes first. */
function subjectsOf(report: EvaluationReport): Map<string, Numbers> {
  if (report.kind === 'tracks') {
    return new Map([
      ['COMBINED', trackNumbers(report.combined)],
      ...report.sequences.map((scores): [string, Numbers] => [scores.name, trackNumbers(scores)]),
    ]);
  }
  return new Map([
    ['ALL', detectionNumbers(report.summary)],
    ...report.classes.map((scores): [string, Numbers] => [scores.name, detectionNumbers(scores)]),
  ]);
}
