import { SightlineError } from '../../errors.js';
import { readText } from './read-file.js';

/** What every report of evaluation says of itself. */
interface ReportHead {
  readonly kind: 'tracks' | 'detections';
}

type Json = Readonly<Partial<Record<string, unknown>>>;

/**
 * Reads what `eval … --json` printed. Numbers that cannot be measured, which JSON has as null, become NaN again.
 * @throws SightlineError ERR_DATASET_NOT_FOUND, or ERR_DATASET_INVALID if it is something else.
 */
export async function readEvaluationReport<T extends ReportHead>(file: string): Promise<T> {
  let value: Json;
  try {
    const read: unknown = JSON.parse(await readText(file, 'evaluation'), (key, entry: unknown) =>
      entry === null && key !== 'best' ? Number.NaN : entry,
    );
    value = isObject(read) ? read : {};
  } catch (cause) {
    if (cause instanceof SightlineError) throw cause;
    throw new SightlineError('ERR_DATASET_INVALID', `${file} is not JSON`, { cause });
  }
  const isTracks =
    value['kind'] === 'tracks' && isScored(value['combined']) && isList(value['sequences'], isScored);
  const isDetections =
    value['kind'] === 'detections' && isObject(value['summary']) && isList(value['classes'], isObject);
  if (isTracks || isDetections) return value as unknown as T;
  throw new SightlineError(
    'ERR_DATASET_INVALID',
    `${file} is not what \`sightline eval tracks --json\` or \`sightline eval detections --json\` prints`,
  );
}

/** The families of metrics that a sequence has. */
function isScored(value: unknown): boolean {
  return (
    isObject(value) && [value['HOTA'], value['CLEAR'], value['Identity'], value['counts']].every(isObject)
  );
}

function isList(value: unknown, isEntry: (entry: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isEntry);
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
