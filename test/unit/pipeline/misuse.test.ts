import { describe, expect, it } from 'vitest';
import type { Frame } from '../../../src/contract/frame.js';
import type { Sink } from '../../../src/contract/sink.js';
import type { Source } from '../../../src/contract/source.js';
import {
  countingSource,
  listeningLogger,
  rememberingSink,
  sourceInfo,
} from '../../support/pipeline-parts.js';
import { assemble, expectBalanced } from '../../support/runs.js';

/** A source that ends when it is told to. */
function openEnded(id: string): { readonly source: Source; readonly finish: () => void } {
  let finish = (): void => undefined;
  const done = new Promise<void>((resolve) => (finish = resolve));
  return {
    source: {
      ...countingSource(id, 0),
      async *frames(pool, signal) {
        yield (await pool.acquire(signal)).publish({ index: 0, ptsUs: 0, capturedAt: 0 });
        signal.addEventListener('abort', finish);
        await done;
      },
    },
    finish,
  };
}

/** A moment in which all that can go on has gone on. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** A sink that writes down what is called. */
function tellingSink(opened: Promise<void> = Promise.resolve()): Sink & { readonly calls: string[] } {
  const calls: string[] = [];
  return {
    ...rememberingSink('telling', 'wait'),
    calls,
    async open() {
      await opened;
      calls.push('open');
      return {
        write: () => Promise.resolve(),
        end: () => Promise.resolve(void calls.push('end')),
      };
    },
    close: () => Promise.resolve(void calls.push('close')),
  };
}

describe('parts that do what they must not', () => {
  it('fails a source alone that releases frames which it has delivered', async () => {
    const bad = {
      ...countingSource('bad', 0),
      async *frames(pool, signal) {
        for (let index = 0; index < 5; index++) {
          const frame = (await pool.acquire(signal)).publish({ index, ptsUs: index, capturedAt: 0 });
          yield frame;
          frame.release();
        }
      },
    } satisfies Source;
    const { sources } = await assemble({ sources: [bad, countingSource('good', 40)] }).run();
    for (const { frames } of sources) expectBalanced(frames);
    expect(sources.map(({ outcome, frames }) => [outcome, frames.emitted > 0])).toEqual([
      ['failed', expect.any(Boolean)],
      ['completed', true],
    ]);
    expect(sources[0]!.error?.message).toMatch(/was used after its last release/);
  });

  it.each([
    ['nothing', {}],
    ['no letterbox', { ...sourceInfo('bad'), letterbox: undefined }],
    ['half a pixel', { ...sourceInfo('bad'), width: 0.5 }],
  ])('fails a source alone that says of its images: %s', async (_what, info) => {
    const bad = { ...countingSource('bad', 3), open: () => Promise.resolve(info as never) };
    const { sources } = await assemble({ sources: [bad, countingSource('good', 5)] }).run();
    expect(sources.map(({ outcome }) => outcome)).toEqual(['failed', 'completed']);
    expect(sources[0]!.error?.message).toMatch(/"bad" does not say what its images are/);
  });

  it('fails a sink alone that opens no stream', async () => {
    const bad = { ...rememberingSink('bad', 'wait'), open: () => Promise.resolve(undefined as never) };
    const good = rememberingSink('good', 'wait');
    const { sources } = await assemble({ sources: [countingSource('a', 5)], sinks: [bad, good] }).run();
    expect(good.seen).toHaveLength(5);
    expect(sources[0]!.sinks[0]!.error?.message).toMatch(/the output "bad" opened no stream/);
  });

  it.each([
    ['nothing at all', (): unknown[] => [undefined]],
    ['an object of its own', (): unknown[] => [{ index: 0, ptsUs: 0 }]],
    ['a frame twice', (frame: Frame): unknown[] => [frame, frame]],
    [
      'a frame that it has released',
      (frame: Frame): unknown[] => {
        frame.release();
        return [frame];
      },
    ],
  ])('fails a source alone that delivers %s', async (_what, of) => {
    const bad = {
      ...countingSource('bad', 0),
      async *frames(pool, signal) {
        const slot = await pool.acquire(signal);
        yield* of(slot.publish({ index: 0, ptsUs: 0, capturedAt: 0 })) as Frame[];
      },
    } satisfies Source;
    const summary = await assemble({ sources: [bad, countingSource('good', 5)] }).run();
    for (const { frames } of summary.sources) expectBalanced(frames);
    expect(summary.sources.map(({ outcome }) => outcome)).toEqual(['failed', 'completed']);
    expect(summary.sources[0]?.error?.message).toMatch(/^"bad" delivered something else than a new frame/);
  });

  it('fails a sink alone that releases a frame which is not its own', async () => {
    const greedy = {
      ...rememberingSink('greedy', 'wait', ({ frame }) => {
        frame.release();
        frame.release();
        return Promise.resolve();
      }),
      pixels: true,
    };
    const other = rememberingSink('other', 'wait');
    const summary = await assemble({ sources: [countingSource('a', 5)], sinks: [greedy, other] }).run();
    expect(summary.sources[0]?.sinks.map(({ error }) => error?.message)).toEqual([
      expect.stringContaining('was used after its last release'),
      undefined,
    ]);
    expect(other.seen).toEqual([0, 1, 2, 3, 4]);
  });

  it('reports a subscriber that releases a frame which is not its own, and goes on', async () => {
    const logger = listeningLogger();
    const pipeline = assemble({ sources: [countingSource('a', 3)], logger });
    pipeline.results.subscribe(({ frame }) => {
      frame.release();
    });
    const summary = await pipeline.run();
    for (const { frames } of summary.sources) expectBalanced(frames);
    expect(summary.sources[0]?.frames.emitted).toBe(3);
    expect(logger.lines.filter((line) => line.includes('after its last release'))).toHaveLength(3);
  });

  it('refuses a sink that the run has or had', async () => {
    const { source, finish } = openEnded('a');
    const sink = tellingSink();
    const pipeline = assemble({ sources: [source], sinks: [sink] });
    const running = pipeline.run();
    await turns();
    await expect(pipeline.addSink(sink)).rejects.toThrow('is or was a sink of this run');
    await pipeline.removeSink(sink);
    await expect(pipeline.addSink(sink)).rejects.toThrow('is or was a sink of this run');
    finish();
    await running;
    expect(sink.calls).toEqual(['open', 'end', 'close']);
  });

  it('ends the stream of a sink that is removed while it is opened before the sink is closed', async () => {
    let open = (): void => undefined;
    const { source, finish } = openEnded('a');
    const sink = tellingSink(new Promise<void>((resolve) => (open = resolve)));
    const pipeline = assemble({ sources: [source] });
    const running = pipeline.run();
    await turns();
    const adding = pipeline.addSink(sink);
    await turns();
    const removing = pipeline.removeSink(sink);
    await turns();
    open();
    await Promise.all([adding, removing]);
    expect(sink.calls).toEqual(['open', 'end', 'close']);
    finish();
    await running;
  });

  it('opens no stream of a source whose streams are being ended', async () => {
    let end = (): void => undefined;
    const ending = new Promise<void>((resolve) => (end = resolve));
    const slow: Sink = {
      ...rememberingSink('slow', 'wait'),
      open: () => Promise.resolve({ write: () => Promise.resolve(), end: () => ending }),
    };
    const sink = tellingSink();
    const pipeline = assemble({ sources: [countingSource('a', 1)], sinks: [slow] });
    const running = pipeline.run();
    await turns();
    await pipeline.addSink(sink);
    end();
    await running;
    expect(sink.calls).toEqual(['close']);
  });

  it('refuses a sink that needs images while a source is opened without', async () => {
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => (open = resolve));
    const source: Source = {
      ...countingSource('a', 1),
      open: () => opened.then(() => sourceInfo('a')),
    };
    const pipeline = assemble({ sources: [source] });
    const running = pipeline.run();
    await turns();
    const adding = pipeline.addSink({ ...rememberingSink('video', 'wait'), pixels: true });
    await expect(adding).rejects.toThrow('"a" was opened without');
    open();
    await running;
  });

  it('keeps a source that has the name of one whose sinks could not be prepared', async () => {
    let fail = (_error: Error): void => undefined;
    const prepared = new Promise<void>((_resolve, reject) => (fail = reject));
    const first = openEnded('a');
    const second = openEnded('b');
    const pipeline = assemble({ sources: [first.source] });
    const running = pipeline.run();
    await turns();
    const broken = { ...rememberingSink('broken', 'wait'), prepare: () => prepared };
    const adding = pipeline.addSource(countingSource('b', 1), [broken]);
    const removing = pipeline.removeSource('b');
    const addingAgain = pipeline.addSource(second.source);
    await turns();
    fail(new Error('no room'));
    await expect(adding).rejects.toThrow('no room');
    await expect(removing).rejects.toThrow('there is no source "b"');
    await addingAgain;
    first.finish();
    await turns();
    second.finish();
    const { sources } = await running;
    expect(sources.map(({ id, outcome }) => `${id} ${outcome}`)).toEqual(['a completed', 'b completed']);
  });
});
