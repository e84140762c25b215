import * as z from 'zod';
import { SORT_SPELLINGS, sortShape, trackBySort } from './oc-sort/oc-sort.js';
import { oneRuleForClasses } from './parameters.js';
import type { TrackerKind } from './tracker-kind.js';

const MAX_AGE_SECONDS = 0.2;

const options = z.strictObject(sortShape(MAX_AGE_SECONDS, true)).superRefine(oneRuleForClasses);

/** SORT (Bewley et al. 2016, arXiv:1602.00763): OC-SORT's engine without what that adds. */
export const sort: TrackerKind<typeof options> = {
  type: 'sort',
  doc: 'overlap with the prediction, nothing else (arXiv:1602.00763)',
  options,
  spellings: SORT_SPELLINGS,
  settings: { highThreshold: 'det_thresh', bufferSeconds: 'max_age' },
  create: (chosen) =>
    trackBySort(chosen, MAX_AGE_SECONDS, {
      lowThresh: 0,
      deltaTUs: 0,
      inertia: 0,
      useByte: false,
      observationCentric: false,
    }),
};
