import { describe, expect, it } from 'vitest';
import type { Source, SourceStatus } from '../../../src/contract/source.js';
import { SightlineError } from '../../../src/errors.js';
import type { Pipeline } from '../../../src/pipeline/pipeline.js';
import { countingSource, rememberingSink } from '../../support/pipeline-parts.js';
import { assemble, expectBalanced } from '../../support/runs.js';

/** A source that delivers a frame each time that the test asks it to, and ends when it is told to. */
function steppedSource(id: string): Source & { step(count?: number): Promise<void>; finish(): void } {
  const counting = countingSource(id, 0);
  let next = (_go: boolean): void => undefined;
  return {
    ...counting,
    async *frames(pool, signal) {
      signal.addEventListener('abort', () => {
        next(false);
      });
      for (let index = 0; ; index++) {
        const go = signal.aborted ? false : await new Promise<boolean>((resolve) => (next = resolve));
        if (!go) return;
        yield (await pool.acquire(signal)).publish({ index, ptsUs: index * 40_000, capturedAt: 0 });
      }
    },
    async step(count = 1) {
      for (let done = 0; done < count; done++) {
        // It may still be on its way to the wait for this step.
        for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
        next(true);
        for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
      }
    },
    finish: () => {
      next(false);
    },
  };
}

async function started(parts: Parameters<typeof assemble>[0]): Promise<{
  pipeline: Pipeline;
  summary: ReturnType<Pipeline['run']>;
}> {
  const pipeline = assemble(parts);
  const summary = pipeline.run();
  await new Promise((resolve) => setImmediate(resolve));
  return { pipeline, summary };
}

describe('a run that changes', () => {
  it('takes one more source and its own sink, and ends with the last source', async () => {
    const first = steppedSource('a');
    const second = steppedSource('b');
    const shared = rememberingSink('shared', 'wait');
    const own = rememberingSink('own', 'wait');
    const { pipeline, summary } = await started({ sources: [first], sinks: [shared] });
    await first.step(3);
    await pipeline.addSource(second, [own]);
    await second.step(2);
    first.finish();
    await second.step(4);
    second.finish();
    const { sources } = await summary;
    expect(sources.map(({ id, frames }) => [id, frames.emitted])).toEqual([
      ['a', 3],
      ['b', 6],
    ]);
    expect([shared.seen.length, own.seen.length, shared.closed, own.closed]).toEqual([9, 6, 1, 1]);
  });

  it('ends what is removed, and takes no frame from the others', async () => {
    const [kept, removed] = [steppedSource('kept'), steppedSource('removed')];
    const shared = rememberingSink('shared', 'wait');
    const own = rememberingSink('own', 'wait');
    const { pipeline, summary } = await started({
      sources: [kept, removed],
      sinks: [shared],
      ownSinks: new Map([['removed', [own]]]),
    });
    await Promise.all([kept.step(2), removed.step(5)]);
    const what = await pipeline.removeSource('removed');
    expect(what).toMatchObject({ id: 'removed', outcome: 'stopped', frames: { emitted: 5 } });
    expect([own.outcomes, own.closed, shared.outcomes, shared.closed]).toEqual([
      ['stopped'],
      1,
      ['stopped'],
      0,
    ]);
    expect(pipeline.progress().map(({ id }) => id)).toEqual(['kept']);
    await kept.step(4);
    kept.finish();
    const { sources } = await summary;
    expect(sources.map(({ id, outcome, frames }) => [id, outcome, frames.emitted])).toEqual([
      ['kept', 'completed', 6],
      ['removed', 'stopped', 5],
    ]);
    expect([own.closed, shared.closed]).toEqual([1, 1]);
  });

  it('tells those who stay that a source was removed, but not that it was replaced', async () => {
    const [kept, removed] = [steppedSource('kept'), steppedSource('removed')];
    const [before, after] = [steppedSource('cam'), steppedSource('cam')];
    const heard: string[] = [];
    const hear = ({ sourceId, state }: SourceStatus): void => {
      if (state === 'removed') heard.push(sourceId);
    };
    const nothing = (): Promise<void> => Promise.resolve();
    const service = { name: 'service', start: nothing, close: nothing, onStatus: hear };
    const sink = { ...rememberingSink('sink', 'wait'), onStatus: hear };
    const { pipeline, summary } = await started({
      sources: [kept, removed, before],
      sinks: [sink],
      services: [service],
    });
    pipeline.statuses.subscribe(hear);
    await before.step(1);
    await pipeline.replaceSource(after);
    await pipeline.removeSource('removed');
    expect(heard).toEqual(['removed', 'removed', 'removed']);
    const unusable = { ...rememberingSink('own', 'wait'), prepare: () => Promise.reject(new Error('no')) };
    await expect(pipeline.replaceSource(steppedSource('cam'), [unusable])).rejects.toThrow('no');
    expect(heard.slice(3)).toEqual(['cam', 'cam', 'cam']);
    kept.finish();
    await summary;
    expect(heard).toHaveLength(6);
  });

  it('replaces a source under its id', async () => {
    const [before, after, other] = [steppedSource('cam'), steppedSource('cam'), steppedSource('other')];
    const shared = rememberingSink('shared', 'wait');
    const { pipeline, summary } = await started({ sources: [before, other], sinks: [shared] });
    await before.step(3);
    expect(await pipeline.replaceSource(after)).toMatchObject({ outcome: 'stopped', frames: { emitted: 3 } });
    await after.step(2);
    await other.step(1);
    after.finish();
    other.finish();
    const { sources } = await summary;
    expect(sources.map(({ id, frames }) => [id, frames.emitted])).toEqual([
      ['cam', 3],
      ['cam', 2],
      ['other', 1],
    ]);
    expect(shared.seen).toHaveLength(6);
  });

  it('replaces the only source without ending, and takes changes while its sinks are being prepared', async () => {
    const slow = rememberingSink('slow', 'wait');
    let prepared = (): void => undefined;
    const prepare = (): Promise<void> => new Promise((resolve) => (prepared = resolve));
    const pipeline = assemble({ sources: [steppedSource('cam')], sinks: [{ ...slow, prepare }] });
    await expect(pipeline.addSource(countingSource('early', 1))).rejects.toThrow(/has not begun/);
    const summary = pipeline.run();
    const added = pipeline.addSource(countingSource('more', 2));
    await new Promise((resolve) => setImmediate(resolve));
    prepared();
    await added;
    const after = steppedSource('cam');
    await pipeline.replaceSource(after);
    await after.step(2);
    after.finish();
    const { sources } = await summary;
    expect(sources.map(({ id, frames }) => [id, frames.emitted])).toEqual([
      ['cam', 0],
      ['cam', 2],
      ['more', 2],
    ]);
  });

  it('takes one more sink for the results from then on, and lets go of one', async () => {
    const source = steppedSource('a');
    const first = rememberingSink('first', 'wait');
    const later = rememberingSink('later', 'wait');
    const { pipeline, summary } = await started({ sources: [source], sinks: [first] });
    await source.step(2);
    await pipeline.addSink(later);
    await source.step(2);
    await pipeline.removeSink(first);
    expect([first.seen, first.outcomes, first.closed]).toEqual([[0, 1, 2, 3], ['stopped'], 1]);
    await source.step(2);
    source.finish();
    const { sources, closing } = await summary;
    expect(later.seen).toEqual([2, 3, 4, 5]);
    expect(sources[0]!.sinks).toMatchObject([
      { name: 'first', written: 4 },
      { name: 'later', written: 4 },
    ]);
    expect([first.closed, later.closed, closing]).toEqual([1, 1, []]);
    expectBalanced(sources[0]!.frames);
  });

  it('goes on without any source where it is to keep running, and begins without one', async () => {
    const { pipeline, summary } = await started({ sources: [], keepsRunning: true });
    const source = steppedSource('a');
    await pipeline.addSource(source);
    await source.step(2);
    await pipeline.removeSource('a');
    await pipeline.addSource(countingSource('b', 4));
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(pipeline.progress().map(({ id, state }) => [id, state])).toEqual([['b', 'ended']]);
    expect(await pipeline.removeSource('b')).toMatchObject({ outcome: 'completed', frames: { emitted: 4 } });
    expect(pipeline.progress()).toEqual([]);
    pipeline.stop();
    expect((await summary).sources.map(({ id, frames }) => [id, frames.emitted])).toEqual([
      ['a', 2],
      ['b', 4],
    ]);
  });

  it('refuses what cannot be, and goes on as before', async () => {
    const source = steppedSource('a');
    const { pipeline, summary } = await started({ sources: [source] });
    const usage = { code: 'ERR_USAGE' };
    await expect(pipeline.addSource(countingSource('a', 1))).rejects.toMatchObject(usage);
    await expect(pipeline.removeSource('b')).rejects.toThrow(/no source "b"/);
    await expect(pipeline.removeSink(rememberingSink('s', 'wait'))).rejects.toMatchObject(usage);
    const needsImages = { ...rememberingSink('video', 'wait'), pixels: true };
    await expect(pipeline.addSink(needsImages)).rejects.toThrow(/"a" was opened without; .*images: true/);
    const refused = rememberingSink('refused', 'wait');
    const exists = (): Promise<never> => Promise.reject(new SightlineError('ERR_SINK_EXISTS', 'it exists'));
    await expect(pipeline.addSink({ ...refused, prepare: exists })).rejects.toThrow('it exists');
    expect(refused.closed).toBe(1);
    await expect(
      pipeline.addSource(countingSource('b', 1), [{ ...refused, prepare: exists }]),
    ).rejects.toThrow('it exists');
    await source.step(3);
    source.finish();
    expect((await summary).sources).toMatchObject([{ id: 'a', frames: { emitted: 3 } }]);
    await expect(pipeline.addSource(countingSource('c', 1))).rejects.toThrow(/over/);
  });

  it('makes changes of one source in the order they were asked for', async () => {
    const kept = steppedSource('kept');
    const { pipeline, summary } = await started({ sources: [kept] });
    let prepared = (): void => undefined;
    const prepare = (): Promise<void> => new Promise((resolve) => (prepared = resolve));
    const own = rememberingSink('own', 'wait');
    const added = pipeline.addSource(steppedSource('cam'), [{ ...own, prepare }]);
    const removed = pipeline.removeSource('cam');
    const [second, third] = [steppedSource('cam'), steppedSource('cam')];
    const addedAgain = pipeline.addSource(steppedSource('cam'));
    const replaced = [pipeline.replaceSource(second), pipeline.replaceSource(third)];
    await new Promise((resolve) => setImmediate(resolve));
    prepared();
    await added;
    expect(await removed).toMatchObject({ id: 'cam', outcome: 'stopped' });
    await addedAgain;
    await Promise.all(replaced);
    expect(pipeline.progress().map(({ id }) => id)).toEqual(['kept', 'cam']);
    await third.step(2);
    third.finish();
    kept.finish();
    const { sources } = await summary;
    expect(sources.map(({ id, frames }) => [id, frames.emitted])).toEqual([
      ['kept', 0],
      ['cam', 0],
      ['cam', 0],
      ['cam', 0],
      ['cam', 2],
    ]);
  });

  it('removes a source that waits for its turn', async () => {
    const source = steppedSource('a');
    const { pipeline, summary } = await started({
      sources: [source, countingSource('queued', 5)],
      concurrency: 1,
    });
    expect(await pipeline.removeSource('queued')).toMatchObject({
      outcome: 'stopped',
      frames: { decoded: 0 },
    });
    source.finish();
    expect((await summary).sources).toHaveLength(2);
  });

  it('tells an added sink and an added source with images about epochs and sizes', async () => {
    const source = countingSource('a', 0);
    const sizes: string[] = [];
    const sink = {
      ...rememberingSink('s', 'wait'),
      pixels: true,
      open: () =>
        Promise.resolve({
          beginEpoch: ({ number, geometry }: { number: number; geometry: { width: number } }) =>
            void sizes.push(`epoch ${number}: ${geometry.width}`),
          write: ({ frame }: { frame: { image?: { width: number } | undefined } }) =>
            Promise.resolve(void sizes.push(String(frame.image?.width))),
          end: () => Promise.resolve(),
        }),
    };
    const changing: Source = {
      ...source,
      async *frames(pool, signal) {
        const stamp = { index: 0, ptsUs: 0, capturedAt: 0 };
        yield (await pool.acquire(signal)).publish(stamp);
        const { pixelAspect, colour, letterbox } = await source.open(
          { input: { width: 4, height: 4, pad: 0, kernel: 'area' }, image: true },
          signal,
          () => undefined,
        );
        pool.beginEpoch({ width: 16, height: 12, pixelAspect, colour, letterbox });
        const slot = await pool.acquire(signal);
        expect(slot.image?.length).toBe(16 * 12 * 1.5);
        yield slot.publish({ ...stamp, index: 1 });
      },
    };
    const { sources } = await assemble({ sources: [changing], sinks: [sink] }).run();
    expect(sources[0]!.error).toBeUndefined();
    expect(sizes).toEqual(['8', 'epoch 1: 16', '16']);
  });
});
