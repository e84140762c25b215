/** Who ends when: each of these went wrong once. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { map } from 'rxjs';
import type { Analytics } from '../../../src/contract/analytics.js';
import type { Detector } from '../../../src/contract/detector.js';
import type { Frame, FramePool } from '../../../src/contract/frame.js';
import type { Service } from '../../../src/contract/service.js';
import type { Sink } from '../../../src/contract/sink.js';
import type { Source } from '../../../src/contract/source.js';
import { SightlineError } from '../../../src/errors.js';
import type { OwnedFramePool } from '../../../src/pipeline/frame-pool.js';
import {
  countingSource,
  echoTracker,
  listeningLogger,
  nothingFound,
  rememberingSink,
  scriptedDetector,
} from '../../support/pipeline-parts.js';
import { assemble, expectBalanced, settle } from '../../support/runs.js';

const hang = (): Promise<never> => new Promise(() => undefined);

/** A live sink that needs pixels and never comes back from its `at`-th write. */
function hangingSink(name: string, at: number): Sink {
  const sink = rememberingSink(name, 'latest', () =>
    sink.seen.length + 1 === at ? hang() : Promise.resolve(),
  );
  return { ...sink, pixels: true };
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('one owner of a run', () => {
  it('refuses a second run and leaves the first one alone, one at a time or both at once', async () => {
    const close = vi.fn(() => Promise.resolve());
    const sink = rememberingSink('s', 'wait');
    const pipeline = assemble({
      detector: { ...scriptedDetector(2), close },
      sources: [countingSource('a', 20)],
      sinks: [sink],
    });
    const first = pipeline.run();
    await expect(pipeline.run()).rejects.toMatchObject({ code: 'ERR_USAGE' });
    expect(close).not.toHaveBeenCalled();
    expect((await first).sources[0]).toMatchObject({ outcome: 'completed', frames: { emitted: 20 } });
    expect(sink.seen).toHaveLength(20);
    await expect(pipeline.run()).rejects.toThrow(/once/);
    expect([close.mock.calls.length, sink.closed]).toEqual([1, 1]);
  });

  it('closes detector, services and sinks when it was never run, once, and refuses to run then', async () => {
    const close = vi.fn(() => Promise.resolve());
    const serviceEnds = vi.fn(() => Promise.resolve());
    const service: Service = { name: 'server', start: () => Promise.resolve(), close: serviceEnds };
    const [shared, own] = [rememberingSink('shared', 'wait'), rememberingSink('own', 'wait')];
    const pipeline = assemble({
      detector: { ...scriptedDetector(2), close },
      sources: [countingSource('a', 1)],
      sinks: [shared],
      ownSinks: new Map([['a', [own]]]),
      services: [service],
    });
    let completed = false;
    pipeline.results.subscribe({ complete: () => (completed = true) });
    await pipeline.close();
    await pipeline[Symbol.asyncDispose]();
    expect([close.mock.calls.length, serviceEnds.mock.calls.length, completed]).toEqual([1, 1, true]);
    expect([shared.closed, own.closed, shared.outcomes]).toEqual([1, 1, []]);
    await expect(pipeline.run()).rejects.toThrow(/closed/);
  });

  it('ends a running run when it is closed, and waits for its end', async () => {
    const sink = rememberingSink('s', 'wait');
    const pipeline = assemble({ sources: [endlessSource('a')], sinks: [sink] });
    const running = pipeline.run();
    await settle();
    await pipeline.close();
    expect(sink.closed).toBe(1);
    expect((await running).sources[0]!.outcome).toBe('stopped');
  });

  it('settles only when every source has cleaned up', async () => {
    const events: string[] = [];
    const slow: Source = {
      ...countingSource('a', 0),
      async *frames() {
        try {
          await Promise.resolve();
          yield* [];
        } finally {
          await new Promise((resolve) => setTimeout(resolve, 500));
          events.push('cleaned up');
        }
      },
    };
    for (const tracker of [echoTracker(), throwingTracker(0)]) {
      const source = { ...countingSource('b', 5), frames: cleaningUp(events) } as Source;
      const run = assemble({ sources: [slow, source], createTracker: () => tracker }).run();
      void run.then(() => events.push('settled'));
      await vi.advanceTimersByTimeAsync(1000);
      expect(events.splice(0)).toEqual(['cleaned up', 'cleaned up', 'settled']);
    }
  });

  it('settles and says so when a source never cleans up, or does not listen while it opens', async () => {
    const logger = listeningLogger();
    const stuck: Source = {
      ...countingSource('stuck', 0),
      async *frames() {
        await hang();
        yield* [];
      },
    };
    const deaf: Source = { ...countingSource('deaf', 0), open: hang };
    const pipeline = assemble({
      sources: [stuck, deaf],
      logger,
      deadlines: { cleanupMs: 3000 },
    });
    const run = pipeline.run();
    await settle();
    pipeline.stop();
    await vi.advanceTimersByTimeAsync(3000);
    expect((await run).sources.map(({ outcome }) => outcome)).toEqual(['stopped', 'stopped']);
    expect(logger.lines.join()).toContain('has not cleaned up within 3 s');
  });

  it.each(['prepare', 'service'])(
    'completes its observables and closes everything when %s fails',
    async (what) => {
      const fails = (): Promise<never> => Promise.reject(new SightlineError('ERR_SINK_EXISTS', 'no place'));
      const close = vi.fn(() => Promise.resolve());
      const sink = rememberingSink('s', 'wait');
      const other = rememberingSink('o', 'wait');
      const source = countingSource('a', 3);
      const pipeline = assemble({
        detector: { ...scriptedDetector(2), close },
        sources: [source],
        sinks: [other, what === 'prepare' ? Object.assign(sink, { prepare: fails }) : sink],
        services: what === 'service' ? [{ name: 'x', start: fails, close: () => Promise.resolve() }] : [],
      });
      const over: string[] = [];
      pipeline.results.subscribe({ complete: () => over.push('results') });
      pipeline.analytics.subscribe({ complete: () => over.push('analytics') });
      pipeline.statuses.subscribe({ complete: () => over.push('statuses') });
      await expect(pipeline.run()).rejects.toThrow('no place');
      expect(over).toEqual(['results', 'analytics', 'statuses']);
      expect([source.delivered, sink.closed, other.closed, close.mock.calls.length]).toEqual([0, 1, 1, 1]);
    },
  );
});

describe('what throws', () => {
  it.each([
    ['a tracker', { createTracker: () => throwingTracker(5) }],
    ['analytics', { createAnalytics: () => throwingAnalytics(5) }],
  ])('%s gives its frame back, and the source fails alone', async (_name, parts) => {
    const sink = rememberingSink('s', 'wait');
    const pools: FramePool[] = [];
    const counting = countingSource('a', 50);
    const broken: Source = {
      ...counting,
      frames(pool, signal) {
        pools.push(pool);
        return counting.frames(pool, signal);
      },
    };
    const good = countingSource('b', 9);
    const pipeline = assemble({ sources: [broken, good], sinks: [sink], ...onlyFor('a', parts) });
    const { sources } = await pipeline.run();
    expect(sources.map(({ outcome }) => outcome)).toEqual(['failed', 'completed']);
    expect(sources[0]!.error?.message).toBe('a bug');
    expect(sources[0]!.frames).toMatchObject({ emitted: 4, failed: 1 });
    for (const { frames } of sources) expectBalanced(frames);
    expect((pools[0] as OwnedFramePool).free).toBe(pools[0]!.capacity);
    expect(sink.closed).toBe(1);
  });

  it('a subscriber, or an operator before it, is reported and heard no less afterwards', async () => {
    const logger = listeningLogger();
    const pipeline = assemble({ sources: [countingSource('a', 20)], logger });
    const seen: number[] = [];
    pipeline.results.subscribe(({ frame }) => {
      if (frame.index === 3) throw new Error('user bug');
      seen.push(frame.index);
    });
    pipeline.results.pipe(map(({ frame }) => frame.index)).subscribe((index) => {
      if (index === 4) throw new Error('bug behind an operator');
    });
    pipeline.results
      .pipe(
        map(({ frame }) => {
          if (frame.index === 5) throw new Error('bug in an operator');
        }),
      )
      .subscribe();
    pipeline.statuses.subscribe(() => {
      throw new Error('bug of a watcher');
    });
    expect((await pipeline.run()).sources[0]).toMatchObject({
      outcome: 'completed',
      frames: { emitted: 20 },
    });
    expect(seen).toEqual([...Array(20).keys()].filter((index) => index !== 3));
    for (const bug of ['user bug', 'bug behind an operator', 'bug in an operator', 'bug of a watcher'])
      expect(logger.lines.join()).toContain(bug);
  });

  it('closing sinks does not keep the others from being closed, and ends up in the summary', async () => {
    const late = { ...rememberingSink('late', 'wait'), close: hang, deadlines: { closeMs: 2000 } };
    const throws = rememberingSink('throws', 'wait');
    throws.close = () => {
      throw new Error('at once');
    };
    const rejects = rememberingSink('rejects', 'wait');
    rejects.close = () => Promise.reject(new Error('disk full while closing'));
    const good = rememberingSink('good', 'wait');
    const run = assemble({
      detector: { ...scriptedDetector(1), close: () => Promise.reject(new Error('no goodbye')) },
      sources: [countingSource('a', 3)],
      sinks: [late, throws, rejects, good],
    }).run();
    await vi.advanceTimersByTimeAsync(2000);
    const { closing } = await run;
    expect(good.closed).toBe(1);
    expect(closing.map(({ name, error }) => `${name}: ${error.message}`).sort()).toEqual([
      'detector: no goodbye',
      'late: the output "late" has not finished closing within 2 s and is given up; the others go on',
      'rejects: disk full while closing',
      'throws: at once',
    ]);
  });

  it('a description is an error of its sink only', async () => {
    const bad: Sink = {
      ...rememberingSink('bad', 'wait'),
      open: () =>
        Promise.resolve({
          write: () => Promise.resolve(),
          end: () => Promise.resolve(),
          describe() {
            throw new Error('describe bug');
          },
        }),
    };
    const good = rememberingSink('good', 'wait');
    const { sources } = await assemble({
      sources: [countingSource('one', 3), countingSource('two', 100)],
      sinks: [bad, good],
    }).run();
    expect(sources.map(({ outcome }) => outcome)).toEqual(['completed', 'completed']);
    expect(sources[0]!.sinks[0]).toMatchObject({ name: 'bad', error: { message: 'describe bug' } });
    expect(good.seen).toHaveLength(103);
    expect(good.closed).toBe(1);
  });

  it('a sink that cannot be opened is lost alone; without another one the source fails with its error', async () => {
    const refuse = (): Promise<never> => Promise.reject(new SightlineError('ERR_SINK_EXISTS', 'it exists'));
    const bad = (): Sink => ({ ...rememberingSink('bad', 'wait'), open: refuse });
    const good = rememberingSink('good', 'wait');
    const both = await assemble({ sources: [countingSource('a', 5)], sinks: [bad(), good] }).run();
    expect(both.sources[0]).toMatchObject({ outcome: 'completed', sinks: [{ lost: 5 }, { written: 5 }] });
    const alone = await assemble({ sources: [countingSource('a', 5)], sinks: [bad()] }).run();
    expect(alone.sources[0]).toMatchObject({ outcome: 'failed', error: { code: 'ERR_SINK_EXISTS' } });
  });
});

describe('what hangs', () => {
  it('seven live sinks leave a file sink every frame, and hold one each', async () => {
    const file = rememberingSink('file', 'wait');
    const hanging = Array.from({ length: 7 }, (_, at) => hangingSink(`net${at}`, 3 + 5 * at));
    const logger = listeningLogger();
    const run = assemble({
      sources: [countingSource('cam', 300)],
      sinks: [...hanging, file],
      framesInFlight: 2,
      logger,
    }).run();
    // No timer is needed: the file does not wait until the others are given up.
    await settle();
    expect(file.seen).toHaveLength(300);
    await vi.advanceTimersByTimeAsync(10_000);
    const { sources } = await run;
    expect(sources[0]!.sinks.slice(0, 7).map(({ error }) => error)).toEqual(
      Array(7).fill(expect.objectContaining({ code: 'ERR_SINK_STALLED' })),
    );
    expectBalanced(sources[0]!.frames);
    expect(file.closed).toBe(1);
  });

  it('the first live sink that fails does not stop a camera without file sinks', async () => {
    const fails = rememberingSink('mqtt', 'latest', () => Promise.reject(new Error('no broker')));
    const feed = rememberingSink('feed', 'latest');
    const { sources } = await assemble({ sources: [countingSource('cam', 200)], sinks: [fails, feed] }).run();
    expect(sources[0]).toMatchObject({ outcome: 'completed', frames: { emitted: 200 } });
    expect(feed.seen.at(-1)).toBe(199);
  });

  it('a file sink is given up after its deadline, and stop settles', async () => {
    const stuck = { ...rememberingSink('stuck', 'wait', hang), pixels: true, deadlines: { writeMs: 4000 } };
    const file = rememberingSink('file', 'wait');
    const source = endlessSource('a');
    const pipeline = assemble({ sources: [source], sinks: [stuck, file] });
    const run = pipeline.run();
    await settle();
    expect(source.delivered).toBeLessThan(10);
    const before = file.seen.length;
    await vi.advanceTimersByTimeAsync(4000);
    await settle();
    expect(file.seen.length).toBeGreaterThan(before + 10);
    pipeline.stop();
    const { sources } = await run;
    expectBalanced(sources[0]!.frames);
    expect(sources[0]!.sinks[1]).toMatchObject({ written: source.delivered, lost: 0 });
  });

  it('a subscriber that keeps frames is named, again and again, until it lets go', async () => {
    const logger = listeningLogger();
    const pipeline = assemble({ sources: [countingSource('a', 9)], logger });
    const kept: Frame[] = [];
    pipeline.results.subscribe(({ frame }) => {
      if (frame.index % 2 === 1) kept.push(frame.retain());
    });
    const run = pipeline.run();
    await vi.advanceTimersByTimeAsync(20_000);
    const said = logger.lines.filter((line) => line.includes('frame 1 is still held'));
    expect(said).toHaveLength(2);
    for (const frame of kept) frame.release();
    await vi.advanceTimersByTimeAsync(20_000);
    expect((await run).sources[0]!.frames.emitted).toBe(9);
    expect(logger.lines.filter((line) => line.includes('still held'))).toHaveLength(2);
  });

  it('a source that takes every slot and publishes none is told so', async () => {
    const logger = listeningLogger();
    const hoarder: Source = {
      ...countingSource('hoarder', 0),
      async *frames(pool, signal): AsyncGenerator<Frame> {
        while (!signal.aborted) await pool.acquire(signal).catch(() => undefined);
        yield* [];
      },
    };
    const pipeline = assemble({ sources: [hoarder], logger });
    const run = pipeline.run();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(logger.lines.filter((line) => line.includes('published none'))).toHaveLength(1);
    pipeline.stop();
    await vi.advanceTimersByTimeAsync(1);
    expect((await run).sources[0]).toMatchObject({ outcome: 'stopped', frames: { decoded: 0 } });
  });

  it('a sink that may still read a frame keeps its memory to itself', async () => {
    const stuck: Sink = { ...rememberingSink('stuck', 'wait'), pixels: true, deadlines: { writeMs: 4000 } };
    let memory: Uint8Array | undefined;
    stuck.open = () =>
      Promise.resolve({
        write({ frame }) {
          memory = frame.input.data;
          return hang();
        },
        end: hang,
      });
    const file = rememberingSink('file', 'wait');
    const pipeline = assemble({ sources: [countingSource('a', 40)], sinks: [stuck, file] });
    const reused: number[] = [];
    pipeline.results.subscribe(({ frame }) => {
      if (frame.index > 0 && frame.input.data === memory) reused.push(frame.index);
    });
    const run = pipeline.run();
    await vi.advanceTimersByTimeAsync(4000);
    expect((await run).sources[0]!.frames.emitted).toBe(40);
    expect(reused).toEqual([]);
  });

  it('a detector ends the run, with files finished', async () => {
    let calls = 0;
    const detector: Detector = scriptedDetector(2, (inputs) => (++calls < 3 ? nothingFound(inputs) : hang()));
    const sink = rememberingSink('s', 'wait');
    const run = assemble({
      detector,
      sources: [countingSource('a', 50)],
      sinks: [sink],
      deadlines: { inferenceMs: 5000 },
    }).run();
    const failed = expect(run).rejects.toThrow('has not answered for 5 s');
    await vi.advanceTimersByTimeAsync(5000);
    await failed;
    expect([sink.outcomes, sink.closed]).toEqual([['failed'], 1]);
  });
});

describe('readers and live sources', () => {
  it('a reader that goes away ends its own output only', async () => {
    const gone = rememberingSink('pipe', 'wait', () =>
      Promise.reject(new SightlineError('ERR_SINK_CLOSED', 'reader gone')),
    );
    const file = rememberingSink('file', 'wait');
    const { sources } = await assemble({
      sources: [countingSource('a', 40), countingSource('b', 40)],
      sinks: [gone],
      ownSinks: new Map([['b', [file]]]),
    }).run();
    expect(sources.map(({ outcome }) => outcome)).toEqual(['stopped', 'completed']);
    expect(file.seen).toHaveLength(40);
  });

  it('a live source loses the frames that wait longest, counted, instead of waiting', async () => {
    let answer = (): void => undefined;
    const detector = scriptedDetector(1, async (inputs) => {
      await new Promise<void>((resolve) => (answer = resolve));
      return nothingFound(inputs);
    });
    const camera: Source = { ...countingSource('cam', 20), live: true, overload: 'latest' };
    const sink = rememberingSink('s', 'wait');
    const run = assemble({ detector, sources: [camera], sinks: [sink], framesInFlight: 4 }).run();
    await settle();
    for (let turn = 0; turn < 6; turn++) {
      answer();
      await settle();
    }
    const { sources } = await run;
    // The one that was looked at, and the newest that there was room for.
    expect(sink.seen).toEqual([0, 17, 18, 19]);
    expect(sources[0]!.frames).toMatchObject({ decoded: 20, emitted: 4, dropped: { overload: 16 } });
  });

  it('files take turns, live sources never wait', async () => {
    const opened: string[] = [];
    const source = (id: string, live: boolean): Source => {
      const counting = countingSource(id, 1);
      return {
        ...counting,
        live,
        open(...args) {
          opened.push(id);
          return counting.open(...args);
        },
        async *frames() {
          await new Promise((resolve) => setTimeout(resolve, live ? 500 : 1000));
          yield* [];
        },
      };
    };
    const sources = [
      source('f1', false),
      source('f2', false),
      ...['c1', 'c2', 'c3'].map((id) => source(id, true)),
    ];
    const run = assemble({ sources, concurrency: 1 }).run();
    await settle();
    expect(opened.sort()).toEqual(['c1', 'c2', 'c3', 'f1']);
    await vi.advanceTimersByTimeAsync(500);
    expect(opened).not.toContain('f2');
    await vi.advanceTimersByTimeAsync(500);
    expect(opened).toContain('f2');
    await vi.advanceTimersByTimeAsync(1000);
    expect((await run).sources.map(({ id }) => id)).toEqual(['f1', 'f2', 'c1', 'c2', 'c3']);
  });

  it('tells the states of a source to watchers, sinks and services, and counts them', async () => {
    const camera: Source = {
      ...countingSource('cam', 0),
      async open(request, signal, report) {
        const info = await countingSource('cam', 0).open(request, signal, report);
        setTimeout(() => {
          report({ state: 'stalled', code: 'ERR_SOURCE_DECODE', reason: 'no frame for 10 s' });
          report({ state: 'reconnecting' });
          report({ state: 'running' });
        }, 50);
        setTimeout(report, 5000, { state: 'stalled' });
        return info;
      },
      async *frames() {
        await new Promise((resolve) => setTimeout(resolve, 100));
        yield* [];
      },
    };
    const told: string[][] = [[], [], []];
    const sink: Sink = { ...rememberingSink('s', 'latest'), onStatus: ({ state }) => told[0]!.push(state) };
    const service: Service = {
      name: 'server',
      start: () => Promise.resolve(),
      onStatus: ({ state, reason }) => told[1]!.push(`${state} ${reason ?? ''}`),
      close: () => Promise.resolve(),
    };
    const pipeline = assemble({ sources: [camera], sinks: [sink], services: [service] });
    pipeline.statuses.subscribe(({ sourceId, state }) => told[2]!.push(`${sourceId} ${state}`));
    const run = pipeline.run();
    await vi.advanceTimersByTimeAsync(70);
    expect(pipeline.progress()[0]!.state).toBe('running');
    await vi.advanceTimersByTimeAsync(5000);
    const states = ['connecting', 'running', 'stalled', 'reconnecting', 'running', 'ended'];
    expect(told[0]).toEqual(states);
    expect(told[1]).toContain('stalled no frame for 10 s');
    expect(told[2]).toEqual(states.map((state) => `cam ${state}`));
    expect((await run).sources[0]).toMatchObject({ stalls: 1, reconnects: 1 });
  });
});

/** A source without an end that lets others have their turn. */
function endlessSource(id: string): ReturnType<typeof countingSource> {
  const counting = countingSource(id, Infinity);
  return Object.assign(Object.create(counting) as typeof counting, {
    async *frames(...args: Parameters<Source['frames']>) {
      for await (const frame of counting.frames(...args)) {
        await new Promise((resolve) => setImmediate(resolve));
        yield frame;
      }
    },
  });
}

function cleaningUp(events: string[]): Source['frames'] {
  return async function* (pool, signal) {
    try {
      for (let index = 0; index < 5; index++)
        yield (await pool.acquire(signal)).publish({ index, ptsUs: index, capturedAt: 0 });
    } finally {
      await new Promise((resolve) => setTimeout(resolve, 400));
      events.push('cleaned up');
    }
  };
}

function throwingTracker(at: number): ReturnType<typeof echoTracker> {
  let calls = 0;
  const tracker = echoTracker();
  return {
    ...tracker,
    update(...args) {
      if (++calls >= at) throw new Error('a bug');
      return tracker.update(...args);
    },
  };
}

function throwingAnalytics(at: number): Analytics {
  let calls = 0;
  return {
    update() {
      if (++calls >= at) throw new Error('a bug');
      return [];
    },
    finish: () => [],
    state: () => ({ lines: [], zones: [], speeds: new Map() }),
    heatMap: () => undefined,
  };
}

/** Parts that throw for one source; the others get good ones. */
function onlyFor(
  id: string,
  parts: { createTracker?: () => ReturnType<typeof echoTracker>; createAnalytics?: () => Analytics },
): Parameters<typeof assemble>[0] extends infer P ? Partial<P> : never {
  const { createTracker, createAnalytics } = parts;
  return {
    ...(createTracker !== undefined && {
      createTracker: (source: { id: string }) => (source.id === id ? createTracker() : echoTracker()),
    }),
    ...(createAnalytics !== undefined && {
      createAnalytics: (source: { id: string }) => (source.id === id ? createAnalytics() : undefined),
    }),
  };
}
