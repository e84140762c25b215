import { afterEach, describe, expect, it, vi } from 'vitest';
import { SightlineError } from '../../../src/errors.js';
import type { AnalyticsEvent, HeatMapSnapshot } from '../../../src/contract/events.js';
import { withoutPixels } from '../../../src/pipeline/pooled-frame.js';
import { SinkLane } from '../../../src/pipeline/sink-lane.js';
import type { SourceOutcome } from '../../../src/contract/run.js';
import type { Sink, SinkStream } from '../../../src/contract/sink.js';
import type { Frame } from '../../../src/contract/frame.js';
import type { FrameResult } from '../../../src/contract/result.js';
import { sourceInfo } from '../../support/pipeline-parts.js';
import { detectorInfo, frameResult } from '../../support/results.js';

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

/** An opened lane to a sink of the test. */
async function lane(
  policy: Sink['policy'],
  write: Write = () => Promise.resolve(),
  {
    end,
    maxBatch = 1,
    ...sinkMore
  }: Partial<Sink> & Pick<Partial<SinkStream>, 'end'> & { maxBatch?: number } = {},
) {
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
  const sink: Sink = {
    name: 'sink',
    policy,
    pixels: true,
    open: () => Promise.resolve(stream),
    close: () => Promise.resolve(),
    ...sinkMore,
  };
  const made = new SinkLane({
    sink,
    source: sourceInfo('cars'),
    detector: { ...detectorInfo(), maxBatch },
    tracking: undefined,
    capacity: 4,
    onError: (error) => errors.push(error),
  });
  await made.open();
  const offer = (result: FrameResult): void => {
    made.offer(result, withoutPixels(result.frame));
  };
  return { lane: made, offer, seen, ends, errors };
}

/** A write that waits for the test. */
function gate(): { write: Write; open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { write: () => opened, open };
}

const indicesOf = (results: readonly FrameResult[]): number[] => results.map(({ frame }) => frame.index);
const idsOf = (results: readonly FrameResult[]): (string[] | undefined)[] =>
  results.map(({ events }) => events?.map(({ id }) => id));
/** Lets everything happen that waits for nothing. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

afterEach(() => {
  vi.useRealTimers();
});

describe('the queue in front of a sink', () => {
  it('gives a live sink all of a batch, each result with its own events', async () => {
    const { lane: live, offer, seen } = await lane('latest', () => settled(), { maxBatch: 4 });
    const results = [[event('a')], undefined, [event('b')], undefined].map((events, index) =>
      counted(index, events),
    );
    for (const { result } of results) offer(result);
    expect(await live.end('completed', [])).toMatchObject({ written: 4, skipped: 0 });
    expect(indicesOf(seen)).toEqual([0, 1, 2, 3]);
    expect(idsOf(seen)).toEqual([['a'], undefined, ['b'], undefined]);
  });

  it.each([
    // [largest batch of the detector, results that wait while one is being written]
    [1, 2],
    [3, 3],
    [64, 4],
  ])(
    'with batches of %d keeps the newest %d for a busy live sink, and counts the others',
    async (maxBatch, kept) => {
      const { write, open } = gate();
      const { lane: live, offer, seen, ends } = await lane('latest', write, { maxBatch });
      const last = kept + 2;
      const results = Array.from({ length: last + 1 }, (_, index) => counted(index, [event(`${index}`)]));
      const held = (): number => results.reduce((sum, result) => sum + result.held(), 0);
      for (const { result } of results) {
        expect(live.room()).toBeUndefined();
        offer(result);
        await settled();
      }
      expect(held()).toBe(1 + kept);
      open();
      const summary = await live.end('completed', [event('z')]);
      expect(indicesOf(seen)).toEqual([0, ...Array.from({ length: kept }, (_, at) => at + 3)]);
      // No event is skipped: those of the frames that passed by come with the next result.
      expect(idsOf(seen).slice(0, 2)).toEqual([['0'], ['1', '2', '3']]);
      expect(ends[0]?.[1]?.map(({ id }) => id)).toEqual(['z']);
      expect(summary).toMatchObject({ written: 1 + kept, skipped: 2, lost: 0 });
      expect(held()).toBe(0);
    },
  );

  it('never gives a frame to a live sink that needs no pixels', async () => {
    const { write, open } = gate();
    const { lane: live, offer, seen } = await lane('latest', write, { pixels: false });
    const results = [0, 1, 2, 3].map((index) => counted(index));
    for (const { result } of results) {
      offer(result);
      await settled();
      expect(results.map(({ held }) => held())).toEqual([0, 0, 0, 0]);
    }
    open();
    expect(await live.end('completed', [])).toMatchObject({ written: 3, skipped: 1 });
    expect(() => seen[0]!.frame.input).toThrow(/pixels: true/);
    expect(seen[0]!.frame.image).toBeUndefined();
  });

  it('gives a waiting sink every result with its own events, and says when it is full', async () => {
    const { write, open } = gate();
    const { lane: file, offer, seen } = await lane('wait', write);
    const results = [0, 1, 2, 3, 4].map((index) => counted(index, index === 2 ? [event('a')] : undefined));
    offer(results[0]!.result);
    await settled();
    for (const { result } of results.slice(1)) {
      expect(file.room()).toBeUndefined();
      offer(result);
    }
    expect(results.map(({ held }) => held())).toEqual([1, 1, 1, 1, 1]);
    const room = file.room();
    expect(room).toBeDefined();
    open();
    await room;
    await file.end('completed', []);
    expect(indicesOf(seen)).toEqual([0, 1, 2, 3, 4]);
    expect(idsOf(seen)[2]).toEqual(['a']);
    expect(results.map(({ held }) => held())).toEqual([0, 0, 0, 0, 0]);
  });

  it('tells of a new epoch before its first result', async () => {
    const told: string[] = [];
    const { lane: file, offer } = await lane('wait', undefined, {
      open: () =>
        Promise.resolve({
          write: ({ frame }) => Promise.resolve(void told.push(`frame ${frame.index}`)),
          beginEpoch: ({ number, startUs }) => void told.push(`epoch ${number} at ${startUs}`),
          end: () => Promise.resolve(),
        }),
    });
    for (const [index, epoch] of [0, 0, 1, 1, 3].entries()) {
      const { result } = counted(index);
      offer({ ...result, frame: { ...result.frame, epoch, retain: () => ({ ...result.frame, epoch }) } });
    }
    await file.end('completed', []);
    expect(told).toEqual([
      ...['frame 0', 'frame 1', 'epoch 1 at 160000', 'frame 2', 'frame 3', 'epoch 3 at 320000', 'frame 4'],
    ]);
  });

  it('tells the last events and the heat map when all that waited is written', async () => {
    const { lane: file, offer, seen, ends } = await lane('wait');
    const heatMap = { columns: 1, rows: 1, seconds: Float32Array.of(2) };
    offer(counted(0).result);
    await file.end('stopped', [event('z')], heatMap);
    expect(seen).toHaveLength(1);
    expect(ends).toEqual([['stopped', [event('z')], heatMap]]);
  });

  it('tells a sink that has failed nothing more, and others not at all of that', async () => {
    const failure = new SightlineError('ERR_SINK_FAILED', 'disk full');
    const { lane: file, offer, seen, ends, errors } = await lane('wait', () => Promise.reject(failure));
    const results = [counted(0, [event('a')]), counted(1, [event('b')])];
    for (const { result } of results) offer(result);
    const summary = await file.end('completed', [event('z')]);
    expect(seen).toHaveLength(1);
    expect(ends).toEqual([['completed', [], undefined]]);
    expect(errors).toEqual([failure]);
    expect(summary).toMatchObject({ written: 0, skipped: 0, lost: 2, error: failure });
    expect(results.map(({ held }) => held())).toEqual([0, 0]);
    expect(file.isDead).toBe(true);
  });

  it.each([
    ['write', { writeMs: 5000 }, 'a write within 5 s'],
    ['end', { endMs: 7000 }, 'its end within 7 s'],
  ])('gives up a sink whose %s hangs', async (what, deadlines, said) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const hang = (): Promise<never> => new Promise(() => undefined);
    const {
      lane: file,
      offer,
      errors,
    } = await lane('wait', what === 'write' ? hang : undefined, {
      deadlines,
      ...(what === 'end' && { end: hang }),
    });
    const results = [counted(0), counted(1)];
    for (const { result } of results) offer(result);
    const ended = file.end('completed', []);
    await vi.advanceTimersByTimeAsync(7000);
    const lost = what === 'write' ? 2 : 0;
    expect(await ended).toMatchObject({ lost, written: 2 - lost, error: { code: 'ERR_SINK_STALLED' } });
    expect(errors[0]?.message).toContain(`"sink" has not finished ${said} and is given up`);
    expect(results.map(({ held }) => held())).toEqual([0, 0]);
  });

  it('opens a broken sink again, later and later, and counts what is lost meanwhile', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const opened: number[] = [];
    let broken = true;
    const written: number[] = [];
    const started = performance.now();
    const { lane: live, offer } = await lane('wait', undefined, {
      reopen: { firstMs: 1000, longestMs: 3000 },
      open: () => {
        opened.push(Math.round(performance.now() - started));
        return Promise.resolve({
          write: ({ frame }) =>
            broken ? Promise.reject(new Error('no broker')) : Promise.resolve(void written.push(frame.index)),
          end: () => Promise.resolve(),
        });
      },
    });
    for (let index = 0; index < 5; index++) {
      offer(counted(index).result);
      await vi.advanceTimersByTimeAsync(0);
      expect(live.isDead).toBe(false);
      await vi.advanceTimersByTimeAsync(index === 0 ? 999 : index === 1 ? 1999 : 2999);
      expect(opened).toHaveLength(index + 1);
      offer(counted(100).result);
      broken = index < 4;
      await vi.advanceTimersByTimeAsync(1);
      expect(opened).toHaveLength(index + 2);
    }
    offer(counted(7).result);
    await vi.advanceTimersByTimeAsync(0);
    expect(written).toEqual([7]);
    expect(await live.end('completed', [])).toMatchObject({ written: 1, lost: 10, reopened: 5 });
  });

  it('opens a stream again with the geometry that frames have by now', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const widths: number[] = [];
    let broken = true;
    const { lane: live, offer } = await lane('wait', undefined, {
      reopen: { firstMs: 1000, longestMs: 1000 },
      open: ({ width }) => {
        widths.push(width);
        return Promise.resolve({
          write: () => (broken ? Promise.reject(new Error('no broker')) : Promise.resolve()),
          end: () => Promise.resolve(),
        });
      },
    });
    const { result } = counted(0);
    const geometry = { ...result.frame.geometry, width: 1280 };
    const frame: Frame = { ...result.frame, epoch: 1, geometry, retain: () => frame };
    offer({ ...result, frame });
    await vi.advanceTimersByTimeAsync(0);
    broken = false;
    await vi.advanceTimersByTimeAsync(1000);
    await live.end('completed', []);
    expect(widths).toEqual([8, 1280]);
  });

  it('says when ending or describing fails, however it is written', async () => {
    const failure = new SightlineError('ERR_SINK_FAILED', 'disk full');
    const {
      lane: file,
      offer,
      errors,
    } = await lane('wait', undefined, {
      end: () => {
        throw failure;
      },
    });
    offer(counted(0).result);
    expect(await file.end('completed', [])).toMatchObject({ written: 1, error: failure });
    expect(errors).toEqual([failure]);
    const describing = await lane('wait', undefined, {
      open: () =>
        Promise.resolve({
          write: () => Promise.resolve(),
          end: () => Promise.resolve(),
          describe() {
            throw failure;
          },
        }),
    });
    expect(await describing.lane.end('completed', [])).toMatchObject({ error: failure });
  });
});
