/** A run that takes options of sources and sinks while it goes on. The network is a script. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createPipeline, type OptionsInput, type Pipeline, type RunExtras } from '../../../src/app/app.js';
import { sinkKinds } from '../../../examples/extend/counts-to-csv.js';
import { sourceKinds } from '../../../examples/extend/moving-shapes.js';
import { fakeModel } from '../../support/fake-model.js';
import { rememberingSink } from '../../support/pipeline-parts.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const [, model] = await fakeModel();

interface Shapes {
  readonly type: 'moving-shapes';
  readonly id?: string;
  readonly frames: number;
}

function create(options: OptionsInput<Shapes>, extras: RunExtras): Promise<Pipeline<Shapes>> {
  return createPipeline<Shapes>(
    { model: { path: model!, device: 'fake' }, ...options },
    { kinds: { sourceKinds, sinkKinds }, ...extras },
  );
}

/** Settles with the next result of a source. */
function resultOf(pipeline: Pipeline<Shapes>, id: string): Promise<void> {
  return new Promise((resolve) => {
    pipeline.results.subscribe(({ frame }) => {
      if (frame.sourceId === id) resolve();
    });
  });
}

/** Runs it, until the first result of a source has come. */
async function begin(
  pipeline: Pipeline<Shapes>,
  id: string,
): Promise<{ readonly running: ReturnType<Pipeline['run']> }> {
  const first = resultOf(pipeline, id);
  const running = pipeline.run();
  await first;
  return { running };
}

function typesOf(file: string): string[] {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  return lines.map((line) => (JSON.parse(line) as { type: string }).type);
}

describe('a run that changes', () => {
  it('makes the sinks of its options for a source that is added, and knows kinds of the caller', async () => {
    const folder = await temporaryFolder();
    const pipeline = await create(
      {
        sources: [{ type: 'moving-shapes', id: 'a', frames: 1e6 }],
        sinks: [{ type: 'jsonl', path: join(folder, '{source}.jsonl') }],
      },
      {},
    );
    const { running } = await begin(pipeline, 'a');
    const all = rememberingSink('all', 'wait');
    expect(await pipeline.addSink(all)).toBe(all);
    expect(await pipeline.addSource({ type: 'moving-shapes', frames: 5 })).toBe('moving-shapes');
    const [seen, third] = ['b', 'moving-shapes-2'].map((id) => resultOf(pipeline, id));
    expect(await pipeline.addSource({ type: 'moving-shapes', id: 'b', frames: 1e6 })).toBe('b');
    await expect(pipeline.addSource({ type: 'moving-shapes', id: 'b', frames: 1 })).rejects.toThrow(
      /there is a source "b" already/,
    );
    expect(await pipeline.addSource({ type: 'moving-shapes', frames: 3 })).toBe('moving-shapes-2');
    await seen;
    expect((await pipeline.removeSource('b')).outcome).toBe('stopped');
    await third;
    pipeline.stop();
    const { sources } = await running;
    expect(sources.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['moving-shapes', 'b', 'moving-shapes-2']),
    );
    expect(typesOf(join(folder, 'b.jsonl'))[0]).toBe('source');
    expect(typesOf(join(folder, 'moving-shapes-2.jsonl'))[0]).toBe('source');
    expect(all.closed).toBe(1);
  });

  it('replaces a source by options of the same id', async () => {
    const pipeline = await create(
      { sources: [{ type: 'moving-shapes', id: 'a', frames: 1e6 }] },
      { keepsRunning: true },
    );
    const { running } = await begin(pipeline, 'a');
    const before = await pipeline.replaceSource({ type: 'moving-shapes', id: 'a', frames: 1e6 });
    expect(before).toMatchObject({ id: 'a', outcome: 'stopped' });
    // The id of a source that is removed is free again.
    expect(await pipeline.addSource({ type: 'moving-shapes', frames: 1e6 })).toBe('moving-shapes');
    await pipeline.removeSource('moving-shapes');
    expect(await pipeline.addSource({ type: 'moving-shapes', frames: 1e6 })).toBe('moving-shapes');
    pipeline.stop();
    const { sources } = await running;
    expect(sources.map(({ id, outcome }) => [id, outcome])).toEqual([
      ['a', 'stopped'],
      ['a', 'stopped'],
      ['moving-shapes', 'stopped'],
      ['moving-shapes', 'stopped'],
    ]);
  });

  it('refuses options in the words of the configuration, and goes on', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'a.jsonl');
    await using pipeline = await create(
      { sources: [{ type: 'moving-shapes', id: 'a', frames: 1e6 }], sinks: [{ type: 'jsonl', path }] },
      {},
    );
    const { running } = await begin(pipeline, 'a');
    const wrong = (options: object) => pipeline.addSource(options as Shapes);
    await expect(wrong({ type: 'moving-shape' })).rejects.toThrow(/no such kind of source \(did you mean/);
    await expect(wrong({ type: 'moving-shapes', frames: 0 })).rejects.toThrow(
      /option "sources\.0\.frames" is 0/,
    );
    await expect(pipeline.addSink({ type: 'mot', path: join(folder, 'a.txt') })).rejects.toThrow(
      /a sink of type mot takes one source/,
    );
    await expect(pipeline.addSink({ type: 'jsonl', path })).rejects.toThrow(/is named for two outputs/);
    await pipeline.removeSink(await pipeline.addSink({ type: 'jsonl', path: join(folder, 'b.jsonl') }));
    expect(typesOf(join(folder, 'b.jsonl'))[0]).toBe('source');
    pipeline.stop();
    expect((await running).sources).toHaveLength(1);
  });
});
