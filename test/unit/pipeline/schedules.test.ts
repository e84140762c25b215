/** Random runs in virtual time: sources, detectors and sinks that are slow, fail and hang, and runs that change meanwhile. */
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { FramePool } from '../../../src/contract/frame.js';
import type { Sink } from '../../../src/contract/sink.js';
import type { Source } from '../../../src/contract/source.js';
import type { Tracker } from '../../../src/contract/tracker.js';
import { SightlineError } from '../../../src/errors.js';
import type { Pipeline } from '../../../src/pipeline/pipeline.js';
import {
  countingSource,
  echoTracker,
  lost,
  nothingFound,
  scriptedDetector,
} from '../../support/pipeline-parts.js';
import { assemble, expectBalanced } from '../../support/runs.js';

const DEADLINE_MS = 200;
const LONGEST_SCHEDULE_MS = 400;
/** Long enough for every deadline after the last thing that a schedule does, those of waiting lanes one after another. */
const SETTLES_WITHIN_MS = 10_000;

const hang = (): Promise<never> => new Promise(() => undefined);
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const sourcePlan = fc.record({
  count: fc.oneof(fc.nat(25), fc.constant(Number.POSITIVE_INFINITY)),
  gapMs: fc.constantFrom(1, 4, 15),
  live: fc.boolean(),
  end: fc.constantFrom('completes', 'completes', 'fails', 'hangs'),
  open: fc.constantFrom('opens', 'opens', 'opens', 'fails', 'hangs', 'throws'),
  cleanupMs: fc.constantFrom(0, 50),
  newEpochAt: fc.option(fc.nat(20)),
  trackerBreaksAt: fc.option(fc.nat(20)),
});

const sinkPlan = fc.record({
  policy: fc.constantFrom('wait' as const, 'latest' as const),
  pixels: fc.boolean(),
  writeMs: fc.constantFrom(0, 0, 2, 30),
  write: fc.constantFrom('writes', 'writes', 'fails', 'hangs', 'throws', 'closed'),
  from: fc.nat(15),
  open: fc.constantFrom('opens', 'opens', 'opens', 'fails', 'hangs'),
  end: fc.constantFrom('ends', 'ends', 'fails', 'hangs', 'throws'),
  close: fc.constantFrom('closes', 'closes', 'fails', 'hangs', 'throws'),
  reopens: fc.boolean(),
});

const detectorPlan = fc.record({
  ms: fc.constantFrom(0, 1, 8),
  batch: fc.integer({ min: 1, max: 4 }),
  what: fc.constantFrom('works', 'works', 'works', 'loses', 'fails', 'hangs'),
  at: fc.nat(20),
});

const action = fc.record({
  at: fc.nat(LONGEST_SCHEDULE_MS),
  what: fc.constantFrom(
    ...(['stop', 'addSource', 'removeSource', 'replaceSource', 'addSink', 'removeSink'] as const),
  ),
  source: sourcePlan,
  sink: sinkPlan,
  which: fc.nat(5),
});

type Plan<T> = T extends fc.Arbitrary<infer P> ? P : never;

/** Follows what was handed out, to see that all of it came back. */
class Watch {
  readonly pools: FramePool[] = [];
  readonly closes = new Map<string, number>();
  readonly #breaks = new Map<string, number | null>();

  source(id: string, plan: Plan<typeof sourcePlan>): Source {
    const counting = countingSource(id, 0);
    const pools = this.pools;
    this.#breaks.set(id, plan.trackerBreaksAt);
    return {
      ...counting,
      live: plan.live,
      async open(request, signal, report) {
        await sleep(3);
        if (plan.open === 'fails') throw new SightlineError('ERR_SOURCE_NOT_FOUND', 'nothing there');
        if (plan.open === 'hangs') await hang();
        return counting.open(request, signal, report);
      },
      ...(plan.open === 'throws' && {
        open: () => {
          throw new Error('thrown at once');
        },
      }),
      async *frames(pool, signal) {
        pools.push(pool);
        try {
          for (let index = 0; index < plan.count && !signal.aborted; index++) {
            if (index === plan.newEpochAt) pool.beginEpoch();
            const slot = await pool.acquire(signal);
            yield slot.publish({ index, ptsUs: index * 1000, capturedAt: 0 });
            await sleep(plan.gapMs);
          }
          if (plan.end === 'fails' && !signal.aborted) throw new Error('broke off');
          if (plan.end === 'hangs' && !signal.aborted)
            await new Promise<void>((resolve) => {
              signal.addEventListener('abort', () => {
                resolve();
              });
            });
        } finally {
          await sleep(plan.cleanupMs);
        }
      },
    };
  }

  tracker(id: string): Tracker {
    const at = this.#breaks.get(id) ?? Number.POSITIVE_INFINITY;
    let calls = 0;
    return {
      ...echoTracker(),
      update() {
        if (++calls > at) throw new Error('the tracker has a bug');
        return { tracks: [], ended: [] };
      },
    };
  }

  sink(name: string, plan: Plan<typeof sinkPlan>): Sink {
    const doing = (how: string): Promise<void> => {
      if (how === 'throws') throw new Error(`${name} throws`);
      if (how === 'fails') return Promise.reject(new Error(`${name} fails`));
      if (how === 'closed') return Promise.reject(new SightlineError('ERR_SINK_CLOSED', `${name} is gone`));
      return how === 'hangs' ? hang() : Promise.resolve();
    };
    let writes = 0;
    return {
      name,
      policy: plan.policy,
      pixels: plan.pixels,
      deadlines: { writeMs: DEADLINE_MS, endMs: DEADLINE_MS, closeMs: DEADLINE_MS },
      ...(plan.reopens && { reopen: { firstMs: 10, longestMs: 40 } }),
      prepare: () => Promise.resolve(),
      open: async () => {
        await doing(plan.open);
        return {
          async write({ frame }) {
            if (plan.pixels) expect(frame.input.data).toBeDefined();
            if (plan.writeMs > 0) await sleep(plan.writeMs);
            if (++writes > plan.from) await doing(plan.write);
          },
          end: () => doing(plan.end),
        };
      },
      close: () => {
        this.closes.set(name, (this.closes.get(name) ?? 0) + 1);
        return doing(plan.close);
      },
    };
  }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

it('whatever happens and when, frames are conserved, none is held, each sink is closed once, and the run settles', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(sourcePlan, { maxLength: 4 }),
      fc.array(sinkPlan, { maxLength: 4 }),
      fc.array(sinkPlan, { maxLength: 1 }),
      detectorPlan,
      fc.array(action, { maxLength: 6 }),
      async (sourcePlans, sinkPlans, ownPlans, detector, actions) => {
        const watch = new Watch();
        let calls = 0;
        const sources = sourcePlans.map((plan, at) => watch.source(`s${at}`, plan));
        const sinks = sinkPlans.map((plan, at) => watch.sink(`k${at}`, plan));
        const own = ownPlans.map((plan) => watch.sink('own', plan));
        const closed = vi.fn(() => Promise.resolve());
        const pipeline = assemble({
          detector: {
            ...scriptedDetector(detector.batch, async (inputs) => {
              await sleep(detector.ms);
              if (++calls > detector.at && detector.what !== 'works') {
                if (detector.what === 'hangs') await hang();
                if (detector.what === 'fails') throw new Error('the detector is broken');
                if (calls % 3 === 0) throw lost();
              }
              return nothingFound(inputs);
            }),
            close: closed,
          },
          sources,
          sinks,
          ownSinks: sources.length > 0 ? new Map([['s0', own]]) : new Map(),
          createTracker: ({ id }) => watch.tracker(id),
          framesInFlight: 3,
          concurrency: 2,
          images: true,
          deadlines: { inferenceMs: DEADLINE_MS, cleanupMs: DEADLINE_MS },
        });
        let seen = 0;
        pipeline.results.subscribe(() => {
          seen++;
          if (seen % 7 === 0) throw new Error('a subscriber has a bug');
        });
        const settled: unknown[] = [];
        void pipeline.run().then(
          (summary) => settled.push(summary),
          (error: unknown) => settled.push(error),
        );
        const live: Sink[] = [...sinks];
        const changes: Promise<unknown>[] = [];
        for (const [at, { what, which, source, sink }] of actions.entries()) {
          const id = `s${which % 5}`;
          setTimeout(
            () =>
              changes.push(
                change(pipeline, what, id, `n${at}`, watch, source, sink, live, which).catch(() => 0),
              ),
            actions[at]!.at,
          );
        }
        setTimeout(() => {
          pipeline.stop();
        }, LONGEST_SCHEDULE_MS);
        await vi.advanceTimersByTimeAsync(LONGEST_SCHEDULE_MS + SETTLES_WITHIN_MS);
        expect(settled).toHaveLength(1);
        await Promise.all(changes);
        expect(closed).toHaveBeenCalledTimes(1);
        for (const pool of watch.pools) {
          const { free, capacity } = pool as FramePool & { free: number };
          expect(free).toBe(capacity);
        }
        const prepared = [...sinkPlans.keys()]
          .map((at) => `k${at}`)
          .concat(sources.length > 0 ? own.map(() => 'own') : []);
        for (const name of prepared) expect([name, watch.closes.get(name)]).toEqual([name, 1]);
        for (const [name, closes] of watch.closes) expect([name, closes]).toEqual([name, 1]);
        const [summary] = settled;
        if (summary instanceof Error) return;
        const { sources: ended } = summary as Awaited<ReturnType<Pipeline['run']>>;
        for (const { frames } of ended) expectBalanced(frames);
        expect(ended.reduce((sum, { frames }) => sum + frames.emitted, 0)).toBe(seen);
        for (const { sinks: of } of ended)
          for (const { written, skipped, lost: gone } of of)
            expect(written + skipped + gone).toBeLessThanOrEqual(seen);
      },
    ),
    { numRuns: Number(process.env['SIGHTLINE_SCHEDULES'] ?? (process.env['CI'] === undefined ? 40 : 150)) },
  );
}, 600_000);

/** One change of a run, which may be refused. */
async function change(
  pipeline: Pipeline,
  what: Plan<typeof action>['what'],
  id: string,
  name: string,
  watch: Watch,
  source: Plan<typeof sourcePlan>,
  sink: Plan<typeof sinkPlan>,
  live: Sink[],
  which: number,
): Promise<unknown> {
  switch (what) {
    case 'stop':
      pipeline.stop();
      return undefined;
    case 'addSource':
      return pipeline.addSource(watch.source(id, source), [watch.sink(`${name}-own`, sink)]);
    case 'removeSource':
      return pipeline.removeSource(id);
    case 'replaceSource':
      return pipeline.replaceSource(watch.source(id, source));
    case 'addSink': {
      const added = watch.sink(name, sink);
      live.push(added);
      return pipeline.addSink(added);
    }
    case 'removeSink': {
      const [removed] = live.splice(which % Math.max(1, live.length), 1);
      return removed && pipeline.removeSink(removed);
    }
  }
}
