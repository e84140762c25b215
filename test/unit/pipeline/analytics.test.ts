import { describe, expect, it } from 'vitest';
import { createAnalytics } from '../../../src/analytics/analytics.js';
import type { AnalyticsEvent, AnalyticsTotals, HeatMapSnapshot } from '../../../src/contract/events.js';
import { assemblePipeline, type PipelineParts } from '../../../src/pipeline/pipeline.js';
import type { DetectedFrame, ModelInput } from '../../../src/contract/detector.js';
import type { Sink } from '../../../src/contract/sink.js';
import type { Source } from '../../../src/contract/source.js';
import type { SourceInfo } from '../../../src/contract/source.js';
import {
  countingSource,
  echoTracker,
  listeningLogger,
  scriptedDetector,
} from '../../support/pipeline-parts.js';

const FRAMES = 50;

/** A thing that walks from left to right through the picture of 8 × 6, once in `FRAMES` frames. */
function walking(inputs: readonly ModelInput[]): Promise<DetectedFrame[]> {
  return Promise.resolve(
    inputs.map(({ frame }) => {
      const x = (8 * frame!.index) / FRAMES;
      const box = { x1: x - 0.5, y1: 1, x2: x + 0.5, y2: 3 };
      return { detections: [{ box, classId: 0, label: 'thing', confidence: 0.9 }], invalid: 0 };
    }),
  );
}

const RULES = {
  minAgeSeconds: 0.2,
  lines: [
    {
      name: 'middle',
      points: [
        [4, 0],
        [4, 6],
      ] as const,
      forward: 'west',
      backward: 'east',
    },
  ],
  zones: [
    {
      name: 'right',
      polygon: [
        [5, 0],
        [8, 0],
        [8, 6],
        [5, 6],
      ] as const,
    },
  ],
  heatMap: {},
};

function listeningSink(name: string, policy: Sink['policy']) {
  const told: AnalyticsEvent[] = [];
  const last: AnalyticsEvent[] = [];
  const totals: (AnalyticsTotals | undefined)[] = [];
  const heat: (HeatMapSnapshot | undefined)[] = [];
  const sink: Sink = {
    name,
    policy,
    pixels: false,
    open: () =>
      Promise.resolve({
        write(result) {
          told.push(...(result.events ?? []));
          totals.push(result.totals);
          return Promise.resolve();
        },
        end(_outcome, events = [], heatMap) {
          told.push(...events);
          last.push(...events);
          heat.push(heatMap);
          return Promise.resolve();
        },
      }),
    close: () => Promise.resolve(),
  };
  return { sink, told, last, totals, heat };
}

function pipelineOf(sinks: readonly Sink[], more: Partial<PipelineParts> = {}) {
  const analyse = ({ id, width, height }: SourceInfo) =>
    createAnalytics(RULES, { id, width, height, classes: ['thing'] });
  return assemblePipeline({
    detector: scriptedDetector(2, walking),
    sources: [countingSource('a', FRAMES)],
    sinks,
    ownSinks: new Map(),
    createTracker: echoTracker,
    createAnalytics: analyse,
    framesInFlight: 4,
    concurrency: 2,
    logger: listeningLogger(),
    ...more,
  });
}

describe('analytics in a run', () => {
  it('reaches every sink and subscriber in the same order, to the last event', async () => {
    const [file, live] = [listeningSink('file', 'wait'), listeningSink('live', 'latest')];
    const pipeline = pipelineOf([file.sink, live.sink]);
    const heard: AnalyticsEvent[] = [];
    let over = false;
    pipeline.analytics.subscribe({ next: (event) => heard.push(event), complete: () => (over = true) });
    const { sources } = await pipeline.run();
    expect(heard.map(({ type }) => type).sort()).toEqual([
      'line_cross',
      'track_end',
      'track_start',
      'zone_enter',
      'zone_exit',
    ]);
    expect(file.last.map(({ type }) => type).sort()).toEqual(['track_end', 'zone_exit']);
    expect(live.last).toEqual(file.last);
    expect(file.told).toEqual(heard);
    expect(live.told).toEqual(heard);
    expect(over).toBe(true);
    expect(sources[0]!.analytics?.lines[0]!.directions.map(({ count }) => count)).toEqual([0, 1]);
    expect(sources[0]!.analytics?.zones[0]).toMatchObject({ entered: 1, occupancy: 0 });
  });

  it('gives the same totals object until something changes', async () => {
    const { sink, totals } = listeningSink('file', 'wait');
    await pipelineOf([sink]).run();
    const different = totals.filter((value, index) => value !== totals[index - 1]);
    expect(totals).toHaveLength(FRAMES);
    expect(different.map((value) => value?.lines[0]!.directions[1]!.count)).toContain(1);
    // The first ones, and those after a start, a crossing and an entry.
    expect(different).toHaveLength(4);
  });

  it('hands the heat map to sinks and to the summary', async () => {
    const { sink, heat } = listeningSink('file', 'wait');
    const { sources } = await pipelineOf([sink]).run();
    const sum = heat[0]!.seconds.reduce((total, value) => total + value, 0);
    expect(sum).toBeCloseTo(((FRAMES - 1) * 40_000) / 1e6, 3);
    expect(sources[0]!.heatMap).toEqual(heat[0]);
  });

  it('closes the books of a source that breaks, and leaves those without rules alone', async () => {
    const { sink, last } = listeningSink('file', 'wait');
    const sources: Source[] = [countingSource('a', 40, new Error('broken')), countingSource('b', 40)];
    const pipeline = pipelineOf([sink], {
      sources,
      createAnalytics: ({ id, width, height }) =>
        id === 'a' ? createAnalytics(RULES, { id, width, height, classes: ['thing'] }) : undefined,
    });
    const summary = await pipeline.run();
    expect(summary.sources.map(({ outcome }) => outcome)).toEqual(['failed', 'completed']);
    expect(last.map(({ type }) => type)).toContain('track_end');
    expect(last.every(({ sourceId }) => sourceId === 'a')).toBe(true);
    expect(summary.sources.map(({ analytics }) => analytics === undefined)).toEqual([false, true]);
  });
});
