import { describe, expect, it } from 'vitest';
import type { Sink } from '../../../src/contract/sink.js';
import type { SourceState, SourceStatus } from '../../../src/contract/source.js';
import { type Content, connect, json, startFeed } from '../../support/feed-client.js';
import { greyPicture } from '../../support/video-files.js';
import { detectorInfo, frameResult, sourceInfo, sourceSummary } from '../../support/results.js';

function status(sourceId: string, state: SourceState, why: Partial<SourceStatus> = {}): SourceStatus {
  return { sourceId, state, atMs: 1_700_000_000_000, ...why };
}

/** Lets a source come, deliver a frame and go. */
async function comeAndGo(sink: Sink, id: string, ...last: SourceState[]): Promise<void> {
  sink.onStatus?.(status(id, 'connecting'));
  const stream = await sink.open(sourceInfo({ id }), detectorInfo());
  sink.onStatus?.(status(id, 'running'));
  await stream.write(frameResult(0, { sourceId: id, events: [] }));
  for (const state of last) sink.onStatus?.(status(id, state));
  await stream.end('stopped');
}

async function nextOf(client: ReturnType<typeof connect>, type: string): Promise<Content> {
  for (;;) {
    const message = await client.next();
    if (!message.binary && json(message).type === type) return json(message);
  }
}

describe('sources on the feed', () => {
  it('have their state in the greeting and in messages, also before they have opened', async () => {
    const { sink, url } = await startFeed();
    sink.onStatus?.(status('gate', 'connecting'));
    const [client, other] = [connect(url), connect(url, '?source=door')];
    const hello = json(await client.next());
    expect(hello).toMatchObject({ sources: [], states: [{ source: 'gate', state: 'connecting' }] });
    expect(json(await other.next())).toMatchObject({ sources: [], states: [] });

    const why = { code: 'ERR_SOURCE_NOT_FOUND', reason: 'there is no "gate.mp4"' };
    sink.onStatus?.(status('gate', 'failed', why));
    expect(await nextOf(client, 'state')).toEqual({
      v: 1,
      type: 'state',
      source: 'gate',
      state: 'failed',
      atMs: 1_700_000_000_000,
      ...why,
    });
    const late = connect(url);
    expect(json(await late.next()).states).toMatchObject([{ source: 'gate', state: 'failed', ...why }]);
    // Whoever watches another source hears nothing of this one.
    sink.onStatus?.(status('door', 'connecting'));
    expect(await nextOf(other, 'state')).toMatchObject({ source: 'door' });
  });

  it('leave nothing behind when they are removed, 1,000 times over', async () => {
    const { sink, url } = await startFeed();
    const watching = connect(url);
    await watching.next();
    await comeAndGo(sink, 'kept');
    for (let round = 0; round < 1000; round++)
      await comeAndGo(sink, round % 2 === 0 ? 'cars' : `cars-${round}`, 'ended', 'removed');
    const late = connect(url);
    const hello = json(await late.next());
    expect(hello.sources!.map(({ source }) => source)).toEqual(['kept']);
    expect(hello.states).toMatchObject([{ source: 'kept', state: 'running' }]);
    // The stream of the one that is kept has ended as well: there is nothing to count any more.
    expect((await nextOf(late, 'stats')).sources).toEqual([]);
  });

  it('that come to their end by themselves are remembered, the last hundred of them', async () => {
    const { sink, url } = await startFeed();
    const watching = connect(url);
    await watching.next();
    for (let at = 0; at < 102; at++) await comeAndGo(sink, `file-${at}`, 'ended');
    const hello = json(await connect(url).next());
    expect(hello.sources).toHaveLength(100);
    expect(hello.states).toHaveLength(100);
    const gone: string[] = [];
    while (gone.length < 2) {
      const { source, state } = await nextOf(watching, 'state');
      if (state === 'removed') gone.push(source!);
    }
    expect(gone).toEqual(['file-0', 'file-1']);
  });

  it('that are replaced count anew', async () => {
    const { sink, url } = await startFeed();
    await comeAndGo(sink, 'cars', 'ended');
    sink.onStatus?.(status('cars', 'connecting'));
    const stream = await sink.open(sourceInfo({ width: 320 }), detectorInfo());
    await stream.write(frameResult(7, {}));
    const client = connect(url);
    expect(json(await client.next()).sources).toMatchObject([{ source: 'cars', width: 320 }]);
    expect((await nextOf(client, 'stats')).sources).toMatchObject([{ source: 'cars', frames: 1, missed: 0 }]);
  });

  it('tell a new size of their images before the first of them, and pictures have it', async () => {
    const { sink, url } = await startFeed();
    const stream = await sink.open(sourceInfo(), detectorInfo());
    const client = connect(url);
    await client.next();
    const small = greyPicture(320, 180);
    const result = frameResult(9, { picture: small });
    await stream.beginEpoch?.({ number: 1, geometry: result.frame.geometry, startUs: 0 });
    await stream.write(result);
    expect(await nextOf(client, 'source')).toMatchObject({ source: 'cars', width: 320, height: 180 });
    let message = await client.next();
    while (!message.binary) message = await client.next();
    expect(sizeOfJpeg(message.data.subarray(4 + message.data.readUInt32LE(0)))).toEqual([320, 180]);
    expect(json(await connect(url).next()).sources).toMatchObject([{ width: 320, height: 180 }]);
  });

  it('are told how they ended when the run is over', async () => {
    const { sink, url, close } = await startFeed();
    await comeAndGo(sink, 'cars', 'ended');
    const client = connect(url);
    await client.next();
    await close(sourceSummary({ outcome: 'stopped' }));
    expect(await nextOf(client, 'end')).toMatchObject({ source: 'cars', outcome: 'stopped' });
    expect(await client.closed).toEqual([1001, 'the run is over']);
  });
});

/** Width and height out of the frame header of a baseline JPEG. */
function sizeOfJpeg(jpeg: Buffer): [number, number] {
  const header = jpeg.indexOf(Buffer.from([0xff, 0xc0]));
  return [jpeg.readUInt16BE(header + 7), jpeg.readUInt16BE(header + 5)];
}
