import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SightlineError } from '../../../src/errors.js';
import type { Sink } from '../../../src/contract/sink.js';
import type { Source } from '../../../src/contract/source.js';
import {
  countingSource,
  listeningLogger,
  lost,
  nothingFound,
  rememberingSink,
  scriptedDetector,
} from '../../support/pipeline-parts.js';
import { assemble, expectBalanced } from '../../support/runs.js';

describe('a run', () => {
  it('adds the media time of epochs, whose clocks have nothing to do with each other', async () => {
    const source = countingSource('a', 0);
    const pipeline = assemble({
      sources: [
        {
          ...source,
          async *frames(pool, signal) {
            for (const [index, ptsUs] of [5_000_000, 5_400_000, 100_000, 350_000].entries()) {
              if (index === 2) pool.beginEpoch();
              yield (await pool.acquire(signal)).publish({ index, ptsUs, capturedAt: 0 });
            }
          },
        },
      ],
    });
    expect((await pipeline.run()).sources[0]).toMatchObject({ mediaUs: 650_000 });
  });

  it('gives every frame of every source to every sink, in order', async () => {
    const shared = rememberingSink('shared', 'wait');
    const own = rememberingSink('own', 'wait');
    const pipeline = assemble({
      sources: [countingSource('a', 20), countingSource('b', 5)],
      sinks: [shared],
      ownSinks: new Map([['b', [own]]]),
    });
    const perSource = new Map<string, number[]>();
    pipeline.results.subscribe(({ frame }) => {
      expect(frame.input.data[0]).toBe(frame.index);
      perSource.set(frame.sourceId, [...(perSource.get(frame.sourceId) ?? []), frame.index]);
    });
    const summary = await pipeline.run();
    expect(perSource.get('a')).toEqual([...Array(20).keys()]);
    expect(perSource.get('b')).toEqual([0, 1, 2, 3, 4]);
    expect(shared.seen).toHaveLength(25);
    expect(own.seen).toEqual([0, 1, 2, 3, 4]);
    expect([shared.closed, own.closed]).toEqual([1, 1]);
    expect(summary.sources.map(({ id, outcome, mediaUs }) => [id, outcome, mediaUs])).toEqual([
      ['a', 'completed', 760_000],
      ['b', 'completed', 160_000],
    ]);
  });

  it('keeps the trouble of one source away from the others', async () => {
    const failure = new SightlineError('ERR_SOURCE_DECODE', 'the file is broken');
    const refuses: Source = {
      ...countingSource('none', 0),
      open: () => Promise.reject(new SightlineError('ERR_SOURCE_NOT_FOUND', 'no such file')),
    };
    const sink = rememberingSink('sink', 'wait');
    const pipeline = assemble({
      sources: [countingSource('bad', 3, failure), refuses, countingSource('good', 9)],
      sinks: [sink],
    });
    const states: string[] = [];
    pipeline.statuses.subscribe(({ sourceId, state }) => states.push(`${sourceId} ${state}`));
    const { sources } = await pipeline.run();
    expect(sources.map(({ outcome }) => outcome)).toEqual(['failed', 'failed', 'completed']);
    expect(sources.map(({ error }) => error?.message)).toEqual([
      'the file is broken',
      'no such file',
      undefined,
    ]);
    // The frames before the break were good and are not lost.
    expect(sources.map(({ frames }) => frames.emitted)).toEqual([3, 0, 9]);
    expect(sink.outcomes.sort()).toEqual(['completed', 'failed']);
    expect(states).toContain('good running');
    expect(states).toContain('none failed');
  });

  it('finishes what was decoded when it is stopped', async () => {
    const endless = countingSource('endless', Number.POSITIVE_INFINITY);
    const sink = rememberingSink('sink', 'wait');
    const pipeline = assemble({
      sources: [endless, countingSource('queued', 5)],
      sinks: [sink],
      concurrency: 1,
    });
    pipeline.results.subscribe(({ frame }) => {
      if (frame.index === 10) pipeline.stop();
    });
    const { sources } = await pipeline.run();
    expect(sources.map(({ outcome }) => outcome)).toEqual(['stopped', 'stopped']);
    expect(sink.seen).toHaveLength(endless.delivered);
    expectBalanced(sources[0]!.frames);
    expect(sources[1]!.frames.decoded).toBe(0);
  });

  it('goes on without a sink that fails, and says so', async () => {
    const broken = rememberingSink('broken', 'wait', ({ frame }) =>
      frame.index === 2
        ? Promise.reject(new SightlineError('ERR_SINK_FAILED', 'disk full'))
        : Promise.resolve(),
    );
    const good = rememberingSink('good', 'wait');
    const { sources } = await assemble({ sources: [countingSource('a', 8)], sinks: [broken, good] }).run();
    expect(good.seen).toHaveLength(8);
    expect(sources[0]!.outcome).toBe('completed');
    expect(sources[0]!.sinks).toMatchObject([
      { name: 'broken', written: 2, skipped: 0, lost: 6, error: { message: 'disk full' } },
      { name: 'good', written: 8, skipped: 0, lost: 0 },
    ]);
  });

  it('ends a source that has no sink left to work for, live ones counted', async () => {
    const full = (): Promise<void> => Promise.reject(new SightlineError('ERR_SINK_FAILED', 'disk full'));
    const sinks = [rememberingSink('file', 'wait', full), rememberingSink('live', 'latest', full)];
    const source = countingSource('a', Number.POSITIVE_INFINITY);
    const { sources } = await assemble({ sources: [source], sinks }).run();
    expect(sources[0]!.outcome).toBe('stopped');
    expectBalanced(sources[0]!.frames);
  });

  it('goes on while a live sink is left, or somebody looks at the results', async () => {
    const full = (): Promise<void> => Promise.reject(new SightlineError('ERR_SINK_FAILED', 'disk full'));
    const live = rememberingSink('live', 'latest');
    const first = await assemble({
      sources: [countingSource('a', 30)],
      sinks: [rememberingSink('file', 'wait', full), live],
    }).run();
    expect(first.sources[0]).toMatchObject({ outcome: 'completed', frames: { emitted: 30 } });
    expect(live.seen.at(-1)).toBe(29);
    const watched = assemble({
      sources: [countingSource('a', 30)],
      sinks: [rememberingSink('f', 'wait', full)],
    });
    watched.results.subscribe();
    expect((await watched.run()).sources[0]).toMatchObject({ outcome: 'completed', frames: { emitted: 30 } });
  });

  it('stops quietly when the reader of a sink has gone', async () => {
    const logger = listeningLogger();
    const gone = rememberingSink('pipe', 'wait', () =>
      Promise.reject(new SightlineError('ERR_SINK_CLOSED', 'reader gone')),
    );
    const { sources } = await assemble({
      sources: [countingSource('a', Number.POSITIVE_INFINITY)],
      sinks: [gone],
      logger,
    }).run();
    expect(sources[0]!.outcome).toBe('stopped');
    expect(logger.lines.filter((line) => line.includes('reader gone'))).toEqual([]);
  });

  it('never has more frames than the pool holds, however slow a waiting sink is', async () => {
    const source = countingSource('a', 50);
    let written = 0;
    let most = 0;
    const slow = rememberingSink('slow', 'wait', async () => {
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
      written++;
      most = Math.max(most, source.delivered - written);
    });
    await assemble({ sources: [source], sinks: [{ ...slow, pixels: true }] }).run();
    expect(slow.seen).toEqual([...Array(50).keys()]);
    expect(most).toBeLessThanOrEqual(4);
  });

  it('lets a slow live sink keep only the newest result, and counts the others', async () => {
    const live = rememberingSink('live', 'latest', async () => {
      for (let turn = 0; turn < 200; turn++) await Promise.resolve();
    });
    const { sources } = await assemble({ sources: [countingSource('a', 50)], sinks: [live] }).run();
    const [sink] = sources[0]!.sinks;
    expect(sink!.skipped).toBeGreaterThan(0);
    expect(sink!.written + sink!.skipped).toBe(50);
    expect(live.seen.at(-1)).toBe(49);
    expect(live.seen).toEqual([...live.seen].sort((a, b) => a - b));
  });

  it('fails as a whole when the detector cannot go on, with files finished', async () => {
    const detector = scriptedDetector(2, (inputs, call) =>
      call < 3
        ? nothingFound(inputs)
        : Promise.reject(new SightlineError('ERR_BACKEND_FAILED', 'out of memory')),
    );
    const sink = rememberingSink('sink', 'wait');
    const pipeline = assemble({
      detector,
      sources: [countingSource('a', 50), countingSource('b', 50)],
      sinks: [sink],
    });
    await expect(pipeline.run()).rejects.toThrow('out of memory');
    expect(sink.outcomes).toHaveLength(2);
    expect(sink.closed).toBe(1);
  });

  it('asks sinks whether they can work before anything is decoded', async () => {
    const source = countingSource('a', 5);
    const refuses: Sink = {
      ...rememberingSink('refuses', 'wait'),
      prepare: () => Promise.reject(new SightlineError('ERR_SINK_EXISTS', 'out.mp4 exists')),
    };
    await expect(assemble({ sources: [source], sinks: [refuses] }).run()).rejects.toThrow('out.mp4 exists');
    expect(source.delivered).toBe(0);
  });

  it('conserves frames whatever dies and whenever it is stopped', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 4 }),
        fc.infiniteStream(fc.nat(9)),
        fc.option(fc.nat(40)),
        fc.integer({ min: 1, max: 4 }),
        async (counts, fates, stopAfter, maxBatch) => {
          const detector = scriptedDetector(maxBatch, (inputs) =>
            fates.next().value === 0 ? Promise.reject(lost()) : nothingFound(inputs),
          );
          const sources = counts.map((count, at) =>
            countingSource(String(at), count, at === 1 ? new Error('broken') : undefined),
          );
          const pipeline = assemble({ detector, sources, concurrency: 2, framesInFlight: 3 });
          let seen = 0;
          pipeline.results.subscribe(() => {
            if (++seen === stopAfter) pipeline.stop();
          });
          const summary = await pipeline.run();
          for (const [at, { frames }] of summary.sources.entries()) {
            expectBalanced(frames);
            expect(frames.decoded).toBe(sources[at]!.delivered);
          }
          expect(summary.sources.reduce((sum, { frames }) => sum + frames.emitted, 0)).toBe(seen);
        },
      ),
      { numRuns: 200 },
    );
  });
});
