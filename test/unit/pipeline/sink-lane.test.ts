import { describe, expect, it } from 'vitest';
import { SightlineError } from '../../../src/errors.js';
import type { AnalyticsEvent, HeatMapSnapshot } from '../../../src/contract/events.js';
import { createSinkLane } from '../../../src/pipeline/sink-lane.js';
import type { SourceOutcome } from '../../../src/contract/run.js';
import type { Sink, SinkStream } from '../../../src/contract/sink.js';
import type { Frame } from '../../../src/contract/frame.js';
import type { FrameResult } from '../../../src/contract/result.js';
import { frameResult } from '../../support/results.js';

function event(id: string): AnalyticsEvent {
  const counts = { startUs: 0, endUs: 1, partial: false, counts: [] };
  return { type: 'counts', id, sourceId: 'cars', epoch: 0, ptsUs: 0, ...counts };
}

/** A result whose frame counts its references. */
function counted(
  index: number,
  events?: readonly AnalyticsEvent[],
): { result: FrameResult; held: () => number } {
  let references = 0;
  const plain = frameResult(index, events === undefined ? {} : { events });
  const frame: Frame = {
    ...plain.frame,
    retain() {
      references++;
      return frame;
    },
    release() {
      references--;
    },
  };
  return { result: { ...plain, frame }, held: () => references };
}

type Write = (result: FrameResult) => Promise<void>;

/** A lane to a sink of the test; `wait` and `latest` as in the pipeline. */
function lane(policy: Sink['policy'], write: Write = () => Promise.resolve(), end?: SinkStream['end']) {
  const seen: FrameResult[] = [];
  const ends: [SourceOutcome, readonly AnalyticsEvent[] | undefined, HeatMapSnapshot | undefined][] = [];
  const errors: Error[] = [];
  const stream: SinkStream = {
    async write(result) {
      seen.push(result);
      await write(result);
    },
    end:
      end ??
      ((outcome, events, heatMap) => {
        ends.push([outcome, events, heatMap]);
        return Promise.resolve();
      }),
  };
  const sink = { name: 'sink', policy, pixels: false } as Sink;
  return { lane: createSinkLane(sink, stream, (error) => errors.push(error)), seen, ends, errors };
}

/** A write that waits for the test. */
function gate(): { write: Write; open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { write: () => opened, open };
}

describe('the queue in front of a sink', () => {
  it('may skip frames of a live sink, but no events: they come with the next result, oldest first', async () => {
    const { write, open } = gate();
    const { lane: live, seen } = lane('latest', write);
    const results = [[event('a')], [event('b')], undefined, [event('c'), event('d')], [event('e')]].map(
      (events, index) => counted(index, events),
    );
    for (const { result } of results) live.offer(result);
    open();
    const summary = await live.end('completed', []);
    expect(seen.map(({ frame }) => frame.index)).toEqual([0, 4]);
    expect(seen.map(({ events }) => events?.map(({ id }) => id))).toEqual([['a'], ['b', 'c', 'd', 'e']]);
    expect(summary).toMatchObject({ written: 2, skipped: 3 });
    expect(results.map(({ held }) => held())).toEqual([0, 0, 0, 0, 0]);
  });

  it('gives a result without events as it is', async () => {
    const { write, open } = gate();
    const { lane: live, seen } = lane('latest', write);
    const results = [0, 1, 2].map((index) => counted(index));
    for (const { result } of results) live.offer(result);
    open();
    await live.end('completed', []);
    expect(seen.at(-1)).toBe(results[2]!.result);
    expect('events' in seen.at(-1)!).toBe(false);
  });

  it('gives a waiting sink every result with its own events', async () => {
    const { write, open } = gate();
    const { lane: file, seen } = lane('wait', write);
    const results = [[event('a')], undefined, [event('b')]].map((events, index) => counted(index, events));
    for (const { result } of results) file.offer(result);
    expect(results.map(({ held }) => held())).toEqual([1, 1, 1]);
    open();
    await file.end('completed', []);
    expect(seen).toEqual(results.map(({ result }) => result));
    expect(results.map(({ held }) => held())).toEqual([0, 0, 0]);
  });

  it('tells the last events and the heat map when all that waited is written', async () => {
    const { lane: file, seen, ends } = lane('wait');
    const heatMap = { columns: 1, rows: 1, seconds: Float32Array.of(2) };
    file.offer(counted(0).result);
    await file.end('stopped', [event('z')], heatMap);
    expect(seen).toHaveLength(1);
    expect(ends).toEqual([['stopped', [event('z')], heatMap]]);
  });

  it('tells a sink that has failed nothing more, and others not at all of that', async () => {
    const failure = new SightlineError('ERR_SINK_FAILED', 'disk full');
    const { lane: file, seen, ends, errors } = lane('wait', () => Promise.reject(failure));
    const results = [counted(0, [event('a')]), counted(1, [event('b')])];
    for (const { result } of results) file.offer(result);
    const summary = await file.end('completed', [event('z')]);
    expect(seen).toHaveLength(1);
    expect(ends).toEqual([['completed', [], undefined]]);
    expect(errors).toEqual([failure]);
    expect(summary).toMatchObject({ written: 0, skipped: 2, error: failure });
    expect(results.map(({ held }) => held())).toEqual([0, 0]);
  });

  it('says when ending fails', async () => {
    const failure = new SightlineError('ERR_SINK_FAILED', 'disk full');
    const { lane: file, errors } = lane('wait', undefined, () => Promise.reject(failure));
    file.offer(counted(0).result);
    expect(await file.end('completed', [])).toMatchObject({ written: 1, error: failure });
    expect(errors).toEqual([failure]);
  });
});
