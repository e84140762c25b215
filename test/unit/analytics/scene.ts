/** Plays scenes to analytics: what stands where, in which frame. */
import { expect } from 'vitest';
import { createAnalytics } from '../../../src/analytics/analytics.js';
import type { AnalyticsConfig } from '../../../src/analytics/options.js';
import type { AnalyticsEvent } from '../../../src/contract/events.js';
import type { Analytics } from '../../../src/contract/analytics.js';
import type { FrameResult } from '../../../src/contract/result.js';
import type { Track } from '../../../src/contract/tracker.js';
import { parseRecord } from '../../../src/record/read.js';
import { formatRecord, toEventRecord } from '../../../src/record/write.js';
import { frameResult } from '../../support/results.js';

export const SOURCE = { id: 'gate', width: 768, height: 432, classes: ['person', 'bicycle', 'car'] };

/** An object whose anchor point (bottom centre) is at (x, y). */
export interface Actor {
  readonly id?: number;
  readonly x: number;
  readonly y: number;
  readonly width?: number;
  readonly height?: number;
  readonly label?: string;
  readonly state?: Track['state'];
  readonly confidence?: number;
  readonly velocity?: { readonly x: number; readonly y: number };
}

export interface Scene {
  readonly seconds: number;
  readonly actors: readonly Actor[];
  readonly ended?: readonly number[];
  readonly epoch?: number;
}

/** A box of 40 × 40 with its middle below at the place: a hysteresis of 0.1 is 4 pixels. */
function trackOf(actor: Actor): Track {
  const { id = 1, x, y, width = 40, height = 40, label = 'person', state = 'confirmed' } = actor;
  return {
    trackId: id,
    state,
    label,
    classId: SOURCE.classes.indexOf(label),
    confidence: actor.confidence ?? 0.9,
    box: { x1: x - width / 2, y1: y - height, x2: x + width / 2, y2: y },
    ageUs: 0,
    velocity: actor.velocity ?? { x: 0, y: 0 },
  };
}

export function resultOf({ seconds, actors, ended = [], epoch = 0 }: Scene, index: number): FrameResult {
  const result = frameResult(index, {
    sourceId: SOURCE.id,
    ptsUs: Math.round(seconds * 1e6),
    detections: [],
    tracks: actors.map(trackOf),
    ended: ended.map((id) => trackOf({ id, x: 0, y: 0, state: 'lost' })),
  });
  return { ...result, frame: { ...result.frame, epoch } };
}

/** Analytics without the delays that other tests are about, unless asked for. */
export function analyticsOf(config: AnalyticsConfig): Analytics {
  return createAnalytics({ minAgeSeconds: 0, settleSeconds: 0, trackEvents: false, ...config }, SOURCE);
}

/** All events of a whole run. Each of them can be written and read back as the record that is described of it. */
export function play(config: AnalyticsConfig, scenes: readonly Scene[]): AnalyticsEvent[] {
  const analytics = analyticsOf(config);
  const events = [
    ...scenes.flatMap((scene, i) => analytics.update(resultOf(scene, i))),
    ...analytics.finish(),
  ];
  for (const event of events) {
    const record = toEventRecord(event);
    expect(parseRecord(formatRecord(record))).toEqual(record);
  }
  return events;
}

/** One object that goes from point to point, a tenth of a second each. */
export function walk(points: readonly (readonly [number, number])[], actor: Partial<Actor> = {}): Scene[] {
  return points.map(([x, y], i) => ({ seconds: i / 10, actors: [{ ...actor, x, y }] }));
}

/** The events of one type. */
export function ofType<T extends AnalyticsEvent['type']>(
  events: readonly AnalyticsEvent[],
  type: T,
): Extract<AnalyticsEvent, { readonly type: T }>[] {
  return events.filter(
    (event): event is Extract<AnalyticsEvent, { readonly type: T }> => event.type === type,
  );
}
