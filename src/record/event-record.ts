/** Events of analytics as records: the names of docs/records.md instead of those of the code. */
import type { AnalyticsEvent } from '../contract/events.js';

/** Something that analytics found out. What stands in it besides depends on `event`: docs/analytics.md. */
export interface EventRecord {
  readonly v: 1;
  readonly type: 'event';
  readonly event: AnalyticsEvent['type'];
  /** The same for the same recording and settings, and never given twice. */
  readonly id: string;
  readonly source: string;
  readonly epoch: number;
  /** The moment itself in microseconds of media time, between two frames if it was there. */
  readonly ptsUs: number;
  readonly track?: number;
  readonly class?: string;
  readonly classId?: number;
  readonly [detail: string]: unknown;
}

/** The record of one event. */
export function toEventRecord(event: AnalyticsEvent): EventRecord {
  const { type, id, sourceId, epoch, ptsUs, ...rest } = event;
  const head = { v: 1, type: 'event', event: type, id, source: sourceId, epoch, ptsUs } as const;
  if ('counts' in rest) {
    const counts = rest.counts.map(({ label, ...count }) => ({ ...count, class: label }));
    return { ...head, ...rest, counts };
  }
  const { trackId, classId, label, ...details } = rest;
  return { ...head, track: trackId, class: label, classId, ...details };
}
