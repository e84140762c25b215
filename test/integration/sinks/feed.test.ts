import { describe, expect, it } from 'vitest';
import type { AnalyticsTotals, LineEvent } from '../../../src/contract/events.js';
import { withoutPixels } from '../../../src/pipeline/pooled-frame.js';
import { SinkLane } from '../../../src/pipeline/sink-lane.js';
import type { SinkStream } from '../../../src/contract/sink.js';
import { type Content, connect, json, startFeed } from '../../support/feed-client.js';
import { greyPicture } from '../../support/video-files.js';
import { detectorInfo, frameResult, sourceInfo, track } from '../../support/results.js';

const picture = greyPicture(768, 432);

async function serve(): Promise<{ url: string; stream: SinkStream; close: () => Promise<void> }> {
  const { sink, url, close } = await startFeed();
  const stream = await sink.open(sourceInfo(), detectorInfo());
  return { url, stream, close: () => close() };
}

function crossing(number: number): LineEvent {
  return {
    type: 'line_cross',
    id: String(number),
    sourceId: 'cars',
    epoch: 0,
    ptsUs: number,
    trackId: number + 1,
    classId: 2,
    label: 'car',
    name: 'road',
    direction: 'west',
    at: [1, 2],
  };
}

function totalsWith(count: number): AnalyticsTotals {
  const directions = [{ direction: 'west', count, byClass: { car: count } }];
  return { lines: [{ name: 'road', points: [], directions }], zones: [] };
}

describe('the live feed', () => {
  it('greets, then sends the picture and its record in one message', async () => {
    const { url, stream } = await serve();
    const client = connect(url);
    expect(json(await client.next())).toMatchObject({
      type: 'hello',
      protocol: 1,
      sources: [{ source: 'cars' }],
      states: [{ source: 'cars', state: 'running' }],
    });
    await stream.write(frameResult(0, { picture, tracks: [track()] }));
    const { binary, data } = await client.next();
    expect(binary).toBe(true);
    const length = data.readUInt32LE(0);
    const record = JSON.parse(data.subarray(4, 4 + length).toString()) as { type: string; tracks: unknown[] };
    expect(record.type).toBe('frame');
    expect(record.tracks).toHaveLength(1);
    expect([...data.subarray(4 + length, 6 + length)]).toEqual([0xff, 0xd8]);
  });

  it('sends text to those who want no picture, and nothing of other sources', async () => {
    const { url, stream } = await serve();
    const [plain, other] = [connect(url, '?preview=0'), connect(url, '?source=gate')];
    await Promise.all([plain.next(), other.next()]);
    await stream.write(frameResult(0, { picture }));
    const message = await plain.next();
    expect(message.binary).toBe(false);
    expect(json(message).type).toBe('frame');
    // What the other one hears first after its greeting are the statistics of a second, and they are empty.
    expect(json(await other.next())).toMatchObject({ type: 'stats', sources: [], clients: 2 });
  });

  it('gives a client that keeps up every record and picture, however many results come in one go', async () => {
    const { sink, url } = await startFeed();
    const client = connect(url);
    await client.next();
    const errors: Error[] = [];
    const lane = new SinkLane({
      sink,
      source: sourceInfo(),
      detector: detectorInfo(),
      tracking: undefined,
      capacity: 8,
      onError: (error) => errors.push(error),
    });
    await lane.open();
    const seen: number[] = [];
    for (let index = 0; index < 8; index++) {
      const result = frameResult(index, { picture });
      lane.offer(result, withoutPixels(result.frame));
      // The next batch comes when the detector has done with it; the pictures of this one are on their way by then.
      while (index % 4 === 3 && seen.length <= index) {
        const message = await client.next();
        if (message.binary)
          seen.push(
            (JSON.parse(message.data.subarray(4, 4 + message.data.readUInt32LE(0)).toString()) as Content)
              .frame!,
          );
      }
    }
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(await lane.end('completed', [])).toMatchObject({ written: 8, skipped: 0 });
    expect(errors).toEqual([]);
  });

  it('skips frames for a client that does not read, and gives the others every one', async () => {
    const { url, stream } = await serve();
    const [slow, fast] = [connect(url), connect(url)];
    await Promise.all([slow.next(), fast.next()]);
    slow.socket.pause();
    const big = Array.from({ length: 2000 }, (_, id) => track({ trackId: id + 1 }));
    const frames = 60;
    const seen: number[] = [];
    const reading = (async () => {
      while (seen.length < frames) {
        const message = await fast.next();
        const length = message.binary ? message.data.readUInt32LE(0) : 0;
        const record = message.binary
          ? (JSON.parse(message.data.subarray(4, 4 + length).toString()) as Content)
          : json(message);
        if (record.type === 'frame') seen.push(record.frame ?? -1);
      }
    })();
    for (let index = 0; index < frames; index++) {
      await stream.write(frameResult(index, { picture, tracks: big }));
      // The feed waits for nobody; the fast client has to get its turn to be fast.
      while (seen.length <= index) await new Promise(setImmediate);
    }
    await reading;
    expect(seen).toEqual([...Array(frames).keys()]);
    slow.socket.resume();
    for (;;) {
      const message = await slow.next();
      // Statistics from before it was full are among what it gets now.
      if (!message.binary && json(message).type === 'stats' && json(message).sources![0]!.skipped! > 0) break;
    }
  });

  it('sends events at once, and how things stand with the statistics and the greeting', async () => {
    const { url, stream } = await serve();
    const [client, other] = [connect(url, '?preview=0'), connect(url, '?source=gate')];
    await Promise.all([client.next(), other.next()]);
    const [first, second] = [totalsWith(1), totalsWith(2)];
    await stream.write(frameResult(0, { events: [crossing(0), crossing(1)], totals: first }));
    await stream.write(frameResult(1, { events: [], totals: first }));
    await stream.write(frameResult(2, { events: [crossing(2)], totals: second }));
    const heard: Content[] = [];
    while (heard.at(-1)?.lines?.[0]?.directions[0]?.count !== 2) heard.push(json(await client.next()));
    // A second may pass between any two of them.
    const told = heard.filter(({ type }) => type === 'event' || type === 'frame');
    expect(told.map(({ type, id }) => id ?? type)).toEqual(['0', '1', 'frame', 'frame', '2', 'frame']);
    expect(told[0]).toMatchObject({
      event: 'line_cross',
      source: 'cars',
      track: 1,
      class: 'car',
      name: 'road',
    });
    // Only the newest state, and not again until it changes.
    expect(heard.at(-1)).toMatchObject({
      source: 'cars',
      lines: [{ directions: [{ count: 2 }] }],
      zones: [],
    });
    expect(json(await client.next()).type).toBe('stats');
    expect(json(await client.next()).type).toBe('stats');
    await stream.end('completed', [crossing(3)]);
    expect(json(await client.next())).toMatchObject({ type: 'event', id: '3' });

    const late = connect(url);
    expect(json(await late.next()).type).toBe('hello');
    expect(json(await late.next())).toMatchObject({
      type: 'analytics',
      lines: [{ directions: [{ count: 2 }] }],
    });
    // A client of another source hears nothing of all this.
    expect(json(await other.next()).type).toBe('stats');
  });

  it('drops events for a client that does not read, and counts them', async () => {
    const { url, stream } = await serve();
    const slow = connect(url, '?preview=0');
    await slow.next();
    slow.socket.pause();
    const big = Array.from({ length: 20_000 }, (_, id) => track({ trackId: id + 1 }));
    for (let index = 0; index < 12; index++) {
      await stream.write(frameResult(index, { tracks: big, events: [crossing(index)] }));
      await new Promise(setImmediate);
    }
    slow.socket.resume();
    const events: string[] = [];
    for (;;) {
      const message = json(await slow.next());
      if (message.type === 'event') events.push(message.id!);
      if (message.type !== 'stats') continue;
      expect(message.sources![0]!.skipped).toBeGreaterThan(0);
      break;
    }
    expect(events.length).toBeLessThan(12);
    expect(events).toEqual([...events].sort((one, other) => Number(one) - Number(other)));
  });

  it.each(['?preview=2', '?fps=x', '?wat=1'])('refuses %s with a reason', async (query) => {
    const { url } = await serve();
    const [code, reason] = await connect(url, query).closed;
    expect(code).toBe(1008);
    expect(reason).toMatch(/preview|fps|option/);
  });

  it('survives 200 comings and goings, and closes with a word to those who stay', async () => {
    const { url, stream, close } = await serve();
    for (let round = 0; round < 200; round++) {
      const client = connect(url);
      await client.next();
      client.socket.terminate();
      await client.closed;
    }
    const last = connect(url);
    await last.next();
    await stream.end('completed');
    await close();
    expect(await last.closed).toEqual([1001, 'the run is over']);
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
  });
});
