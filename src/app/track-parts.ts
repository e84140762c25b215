/** The parts of a run that come after the detector, made from options: trackers and analytics. */
import { createAnalytics } from '../analytics/analytics.js';
import type { Options } from '../config/schema.js';
import { SightlineError } from '../errors.js';
import type { Analytics } from '../contract/analytics.js';
import type { Logger } from '../contract/logger.js';
import type { Sink } from '../contract/sink.js';
import type { TrackerKind } from '../tracking/tracker-kind.js';
import type { SourceInfo } from '../contract/source.js';

/** What a caller may bring along besides options. */
export interface PipelineExtras {
  /** More sinks, given every result of every source. */
  readonly sinks?: readonly Sink[];
  /** More trackers, which `track.tracker` can name. */
  readonly trackers?: readonly TrackerKind[];
  /** Where log lines go; nowhere if not given. */
  readonly logger?: Logger;
  /** Gives up preparing the run when it aborts; to end a run call `stop`. */
  readonly signal?: AbortSignal;
}

/** Wider than any picture, so that only what is wrong in itself is found. */
const ANY_PICTURE = 1_000_000;

/** @throws SightlineError ERR_USAGE for rules that cannot work in any picture, or that belong to no input. */
export function analyticsMaker(
  { analytics, analyticsBySource = {} }: Pick<Options, 'analytics' | 'analyticsBySource'>,
  ids: readonly string[],
  classes: readonly string[],
): (source: SourceInfo) => Analytics | undefined {
  for (const config of [analytics, ...Object.values(analyticsBySource)]) {
    if (config !== undefined)
      createAnalytics(config, { id: '', width: ANY_PICTURE, height: ANY_PICTURE, classes });
  }
  const unknown = Object.keys(analyticsBySource).find((id) => !ids.includes(id));
  if (unknown !== undefined) {
    throw new SightlineError(
      'ERR_USAGE',
      `analyticsBySource names "${unknown}", which is no input; the inputs are ${ids.join(', ')}`,
    );
  }
  return ({ id, width, height }) => {
    const config = analyticsOf({ analytics, analyticsBySource }, id);
    return config && createAnalytics(config, { id, width, height, classes });
  };
}

/** What is asked for of one input. It may be called `constructor`, which every object has. */
export function analyticsOf(
  { analytics, analyticsBySource = {} }: Pick<Options, 'analytics' | 'analyticsBySource'>,
  id: string,
): Options['analytics'] {
  return (Object.hasOwn(analyticsBySource, id) ? analyticsBySource[id] : undefined) ?? analytics;
}
