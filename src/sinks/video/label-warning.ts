import type { DetectorInfo } from '../../contract/detector.js';
import type { AnalyticsTotals } from '../../contract/events.js';
import { namesNotWritten } from '../draw/label-font.js';

const MOST_NAMED = 8;
/** Detectors whose classes were told: the same for all sources of a run. */
const told = new WeakSet<DetectorInfo>();

/** What to say of classes whose labels cannot be read in annotated video; undefined if there are none, or if it was said. */
export function classWarning(detector: DetectorInfo): string | undefined {
  if (told.has(detector)) return undefined;
  told.add(detector);
  return warningOf(detector.classes, ['class', 'classes']);
}

/** The same for lines and zones. */
export function sceneWarning({ lines, zones }: AnalyticsTotals): string | undefined {
  const directions = lines.flatMap((line) => line.directions.map(({ direction }) => direction));
  const names = [...zones, ...lines].map(({ name }) => name);
  return warningOf([...names, ...directions], ['line or zone', 'lines and zones']);
}

function warningOf(names: readonly string[], [one, many]: readonly [string, string]): string | undefined {
  const lost = namesNotWritten(names);
  if (lost.length === 0) return undefined;
  const listed = lost.slice(0, MOST_NAMED).map((name) => `"${name}"`);
  const more = lost.length > MOST_NAMED ? ` and ${lost.length - MOST_NAMED} more` : '';
  const what = lost.length === 1 ? one : many;
  return (
    `annotated video shows question marks for letters of the ${what} ${listed.join(', ')}${more}: its labels have Latin ` +
    'letters only; records and the live page show the names'
  );
}
