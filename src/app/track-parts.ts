/** The parts of a run that come after the detector, made from options: trackers and analytics. */
import { createAnalytics } from '../analytics/analytics.js';
import type { AnalyticsConfig } from '../analytics/options.js';
import type { Analytics } from '../contract/analytics.js';
import type { SourceInfo } from '../contract/source.js';

/** Wider than any picture, so that only what is wrong in itself is found. */
const ANY_PICTURE = 1_000_000;

type Rules = AnalyticsConfig | undefined;

/** Analytics of the sources of a run. */
export interface AnalyticsMaker {
  /** @throws SightlineError ERR_USAGE for rules that cannot work in any picture. */
  check(rules: Rules): void;
  create(source: SourceInfo): Analytics | undefined;
}

/**
 * @param rulesOf what is asked for of the source with an id.
 * @param classes of the model.
 */
export function analyticsMaker(rulesOf: (id: string) => Rules, classes: readonly string[]): AnalyticsMaker {
  return {
    check(rules) {
      if (rules !== undefined)
        createAnalytics(rules, { id: '', width: ANY_PICTURE, height: ANY_PICTURE, classes });
    },
    create({ id, width, height }) {
      const rules = rulesOf(id);
      return rules && createAnalytics(rules, { id, width, height, classes });
    },
  };
}
