import type { AnalyticsTotals } from '../contract/events.js';
import type { RunSummary, SourceSummary } from '../contract/run.js';
import { oneLine } from '../text/printable.js';
import { clock } from './progress-line.js';

/** What a person reads after a run. */
export function summaryText(summary: RunSummary): string {
  const { detector, sources, inferenceRestarts, elapsedMs } = summary;
  const lines = sources.flatMap(sourceLines);
  const elapsed = elapsedMs / 1000;
  const frames = sources.reduce((total, source) => total + source.frames.emitted, 0);
  const rate = elapsed > 0 ? `${(frames / elapsed).toFixed(1)} fps` : '';
  const restarts = inferenceRestarts > 0 ? `; inference restarted ${times(inferenceRestarts)}` : '';
  for (const { name, error } of summary.closing) lines.push(`${name}: ${error.message}`);
  const { model, backend, version, device, precision, geometry } = detector;
  const where = `${backend} ${version} ${device} (${precision}, ${geometry.width}x${geometry.height})`;
  const what = detector.replayed === true ? `replayed: ${model} had been` : model;
  lines.push(`${what} on ${where}, ${clock(elapsed)} elapsed, ${rate}${restarts}`);
  return `${lines.map(oneLine).join('\n')}\n`;
}

function sourceLines(source: SourceSummary): string[] {
  const { frames } = source;
  const counts = [`${frames.decoded} frames in`, `${frames.emitted} out`];
  for (const [reason, count] of Object.entries(frames.dropped))
    if (count > 0) counts.push(`${count} dropped (${reason})`);
  if (frames.failed > 0) counts.push(`${frames.failed} failed`);
  if (source.reconnects > 0) counts.push(`connected anew ${times(source.reconnects)}`);
  if (source.decodeErrors > 0) counts.push(`${source.decodeErrors} decode errors`);
  if (source.invalidAnchors > 0) counts.push(`${source.invalidAnchors} invalid network outputs`);
  const ending = source.outcome === 'completed' ? '' : ` [${source.outcome}]`;
  const media = clock(source.mediaUs / 1e6);
  const lines = [
    `${source.id}${ending}: ${counts.join(', ')}; ${source.detections} detections, ${source.tracks} tracks in ${media} of video`,
  ];
  if (source.error !== undefined) lines.push(`  ${source.error.message}`);
  if (source.analytics !== undefined) lines.push(...analyticsLines(source.analytics));
  for (const sink of source.sinks) {
    const counts = { skipped: sink.skipped, lost: sink.lost, 'times opened again': sink.reopened };
    const more = Object.entries(counts).map(([what, count]) => (count > 0 ? `, ${count} ${what}` : ''));
    if (sink.error !== undefined) lines.push(`  ${sink.name}: ${sink.error.message}`);
    else if (sink.note !== undefined) lines.push(`  ${sink.name}: ${sink.note}${more.join('')}`);
  }
  return lines;
}

function analyticsLines({ lines, zones }: AnalyticsTotals): string[] {
  return [
    ...lines.map(({ name, directions }) => {
      const counts = directions.map(
        ({ direction, count, byClass }) => `${direction} ${count}${classes(byClass)}`,
      );
      return `  line ${name}: ${counts.join(', ')}`;
    }),
    ...zones.map(({ name, entered, exited, peak, dwell, enteredByClass }) => {
      const stay =
        dwell === undefined
          ? ''
          : `, stay ${seconds(dwell.p50Us)} (median) to ${seconds(dwell.maxUs)} (longest)`;
      return `  zone ${name}: ${entered} entered${classes(enteredByClass)}, ${exited} left, ${peak} at most${stay}`;
    }),
  ];
}

/** ` (car 3, person 1)`; nothing if only one class was seen. */
function classes(counts: Readonly<Record<string, number>>): string {
  const entries = Object.entries(counts);
  if (entries.length < 2) return '';
  return ` (${entries.map(([label, count]) => `${label} ${count}`).join(', ')})`;
}

function seconds(us: number): string {
  return `${(us / 1e6).toFixed(1)} s`;
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}
