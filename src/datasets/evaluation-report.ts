import { SightlineError } from '../errors.js';
import { readText } from './read-file.js';

/** What every report of evaluation says of itself. */
interface ReportHead {
  readonly kind: 'tracks' | 'detections';
}

/**
 * Reads what `eval … --json` printed. Numbers that cannot be measured, which JSON has as null, become NaN again.
 * @throws SightlineError ERR_DATASET_NOT_FOUND, or ERR_DATASET_INVALID if it is something else.
 */
export async function readEvaluationReport<T extends ReportHead>(file: string): Promise<T> {
  let value: unknown;
  try {
    value = JSON.parse(await readText(file, 'evaluation'), (key, entry: unknown) =>
      entry === null && key !== 'best' ? Number.NaN : entry,
    );
  } catch (cause) {
    if (cause instanceof SightlineError) throw cause;
    throw new SightlineError('ERR_DATASET_INVALID', `${file} is not JSON`, { cause });
  }
  const parts = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  const isTracks = parts['kind'] === 'tracks' && 'combined' in parts && Array.isArray(parts['sequences']);
  const isDetections =
    parts['kind'] === 'detections' && 'summary' in parts && Array.isArray(parts['classes']);
  if (isTracks || isDetections) return value as T;
  throw new SightlineError(
    'ERR_DATASET_INVALID',
    `${file} is not what \`sightline eval tracks --json\` or \`sightline eval detections --json\` prints`,
  );
}
