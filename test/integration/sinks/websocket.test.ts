import { createConnection } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import type { SinkStream } from '../../../src/types.js';
import { createWebSocketServerSink } from '../../../src/sinks/websocket/server-sink.js';
import { greyPicture } from '../../support/video-files.js';
import { warningsTo } from '../../support/recording-logger.js';
import { detectorInfo, frameResult, runSummary, sourceInfo, track } from '../../support/results.js';

const picture = greyPicture(768, 432);

async function serve(): Promise<{ url: string; stream: SinkStream; close: () => Promise<void> }> {
  const sink = createWebSocketServerSink({ port: 0, logger: warningsTo([]) });
  await sink.prepare?.();
  const stream = await sink.open(sourceInfo(), detectorInfo());
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= sink.close(runSummary()));
  onTestFinished(close);
  return { url: sink.url, stream, close };
}

interface Message {
  readonly binary: boolean;
  readonly data: Buffer;
}

/** A client whose messages can be waited for one by one. */
function connect(
  url: string,
  query = '',
): { socket: WebSocket; next: () => Promise<Message>; closed: Promise<[number, string]> } {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws${query}`);
  onTestFinished(() => {
    socket.terminate();
  });
  const ready: Message[] = [];
  const waiting: ((message: Message) => void)[] = [];
  socket.on('message', (data, binary) => {
    const message = { data: data as Buffer, binary };
    const waiter = waiting.shift();
    if (waiter === undefined) ready.push(message);
    else waiter(message);
  });
  const closed = new Promise<[number, string]>((resolve) => {
    socket.on('close', (code, reason) => {
      resolve([code, reason.toString()]);
    });
  });
  socket.on('error', () => undefined);
  const next = (): Promise<Message> => {
    const message = ready.shift();
    return message === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(message);
  };
  return { socket, next, closed };
}

function json(message: Message): {
  type: string;
  frame?: number;
  sources?: { source: string; skipped?: number }[];
} {
  return JSON.parse(message.data.toString()) as ReturnType<typeof json>;
}

describe('the live feed', () => {
  it('greets, then sends the picture and its record in one message', async () => {
    const { url, stream } = await serve();
    const client = connect(url);
    expect(json(await client.next())).toMatchObject({
      type: 'hello',
      protocol: 1,
      sources: [{ source: 'cars' }],
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
    await stream.end('completed');
    // What the other one hears first after its greeting is the end, or the statistics of a second, but no frame.
    expect(json(await other.next()).type).not.toBe('frame');
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
          ? (JSON.parse(message.data.subarray(4, 4 + length).toString()) as ReturnType<typeof json>)
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
      if (message.binary || json(message).type !== 'stats') continue;
      expect(json(message).sources![0]!.skipped).toBeGreaterThan(0);
      break;
    }
  });

  it.each(['?preview=2', '?fps=x', '?wat=1'])('refuses %s with a reason', async (query) => {
    const { url } = await serve();
    const [code, reason] = await connect(url, query).closed;
    expect(code).toBe(1008);
    expect(reason).toMatch(/preview|fps|option/);
  });

  it('says that a port is in use', async () => {
    const { url } = await serve();
    const port = Number(new URL(url).port);
    const second = createWebSocketServerSink({ port, logger: warningsTo([]) });
    await expect(second.prepare?.()).rejects.toMatchObject({
      code: 'ERR_SINK_UNWRITABLE',
      message: expect.stringContaining(`port ${port} is in use`) as string,
    });
  });

  it('refuses foreign pages and names that only resolve to this machine', async () => {
    const { url } = await serve();
    const foreign = new WebSocket(`${url.replace('http', 'ws')}/ws`, { origin: 'http://evil.example' });
    const answer = await new Promise<string>((resolve) => {
      foreign.on('error', (error) => {
        resolve(error.message);
      });
    });
    expect(answer).toContain('403');
    const rebound = await new Promise<number | undefined>((resolve) => {
      const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, { headers: { host: 'evil.example' } });
      socket.on('unexpected-response', (_request, response) => {
        resolve(response.statusCode);
      });
      socket.on('error', () => undefined);
    });
    expect(rebound).toBe(403);
  });

  it.each(['//', '/%', 'http://[', '/ws?%'])('is not brought down by an upgrade to "%s"', async (target) => {
    const { url } = await serve();
    const { hostname, port } = new URL(url);
    const socket = createConnection(Number(port), hostname);
    socket.on('error', () => undefined);
    socket.write(
      `GET ${target} HTTP/1.1\r\nhost: ${hostname}:${port}\r\nconnection: upgrade\r\nupgrade: websocket\r\n` +
        'sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    await new Promise((resolve) => socket.once('data', resolve));
    socket.destroy();
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
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
