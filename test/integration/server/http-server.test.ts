import { createConnection, type Socket } from 'node:net';
import { request } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { sendJson } from '../../../src/server/answers.js';
import {
  createHttpServer,
  type HttpServer,
  type HttpServerOptions,
} from '../../../src/server/http-server.js';
import { createFeedSink } from '../../../src/sinks/feed/feed-sink.js';
import type { SourceState } from '../../../src/contract/source.js';
import { connect, startFeed } from '../../support/feed-client.js';
import { runSummary } from '../../support/results.js';
import { warningsTo } from '../../support/recording-logger.js';

async function start(options: Partial<HttpServerOptions> = {}): Promise<HttpServer> {
  const server = createHttpServer({ port: 0, logger: warningsTo([]), ...options });
  onTestFinished(() => server.close());
  await server.start();
  return server;
}

/** `fetch` sets some headers itself. */
function statusFor(
  url: string,
  headers: Record<string, string>,
  method = 'GET',
): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.on('error', reject);
    asked.end();
  });
}

/**
 * Asks for an upgrade by hand and never closes its end, as an attacker would.
 * @returns the socket, and what it was answered once the other side has let go of it.
 */
function upgrade(url: string, target: string, headers = ''): { socket: Socket; closed: Promise<string> } {
  const { hostname, port, host } = new URL(url);
  const socket = createConnection({ host: hostname, port: Number(port), allowHalfOpen: true });
  onTestFinished(() => {
    socket.destroy();
  });
  let text = '';
  socket.on('data', (part) => (text += part.toString()));
  const closed = new Promise<string>((resolve) => {
    socket.on('error', () => undefined);
    // Whoever has only shut its half down goes on taking this; a socket that is gone answers with a reset.
    const poke = (): void => {
      socket.write('x', (error) => {
        if (!(error instanceof Error)) setImmediate(poke);
      });
    };
    socket.on('end', poke);
    socket.on('close', () => {
      resolve(text);
    });
  });
  socket.write(
    `GET ${target} HTTP/1.1\r\nhost: ${host}\r\nconnection: upgrade\r\nupgrade: websocket\r\n${headers}` +
      'sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  return { socket, closed };
}

describe('the HTTP server', () => {
  it('tells of every source in its health, and is ready once one has worked', async () => {
    const server = await start();
    const look = async (path: string): Promise<{ status: number; body: unknown }> => {
      const response = await fetch(`${server.url}${path}`);
      return { status: response.status, body: await response.json() };
    };
    const tell = (sourceId: string, state: SourceState, reason?: string): void => {
      const why = reason === undefined ? {} : { code: 'ERR_SOURCE_STALLED', reason };
      server.onStatus?.({ sourceId, state, atMs: 5, ...why });
    };
    expect(await look('/readyz')).toEqual({ status: 503, body: { ready: false, sources: [] } });
    tell('gate', 'connecting');
    tell('door', 'stalled', 'no frame for 10 s');
    const sources = [
      { source: 'door', state: 'stalled', atMs: 5, code: 'ERR_SOURCE_STALLED', reason: 'no frame for 10 s' },
      { source: 'gate', state: 'connecting', atMs: 5 },
    ];
    expect(await look('/readyz')).toEqual({ status: 503, body: { ready: false, sources } });
    const health = await look('/healthz');
    expect(health).toMatchObject({ status: 200, body: { status: 'ok', sources } });
    tell('gate', 'running');
    expect((await look('/readyz')).status).toBe(200);
    tell('gate', 'failed');
    expect((await look('/readyz')).status).toBe(503);
    tell('door', 'ended');
    expect((await look('/readyz')).status).toBe(200);
    tell('door', 'removed');
    expect((await look('/healthz')).body).toMatchObject({ sources: [{ source: 'gate', state: 'failed' }] });
  });

  it('carries what is put on it, by method and path', async () => {
    const server = await start();
    const takeAway = server.handle('/api/', {
      GET: (_request, response, { path, query }) => {
        sendJson(response, 200, { path, all: query.get('all') });
      },
      DELETE: () => Promise.reject(new Error('not today')),
    });
    const found = await fetch(`${server.url}/api/sources/gate?all=1`);
    expect(await found.json()).toEqual({ path: '/api/sources/gate', all: '1' });
    expect((await fetch(`${server.url}/api/`, { method: 'HEAD' })).status).toBe(200);
    const refused = await fetch(`${server.url}/api/sources`, { method: 'PUT' });
    expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'GET, HEAD, DELETE']);
    expect((await fetch(`${server.url}/api/sources`, { method: 'DELETE' })).status).toBe(500);
    expect((await fetch(`${server.url}/nothing`)).status).toBe(404);
    expect(() => server.handle('/api/', {})).toThrow('"/api/" is served already');
    takeAway();
    expect((await fetch(`${server.url}/api/`)).status).toBe(404);
  });

  it('says that a port is in use', async () => {
    const { url } = await start();
    const port = Number(new URL(url).port);
    const second = createHttpServer({ port, logger: warningsTo([]) });
    await expect(second.start()).rejects.toMatchObject({
      code: 'ERR_SINK_UNWRITABLE',
      message: `the HTTP server cannot listen on 127.0.0.1: port ${port} is in use; choose another one`,
    });
    await second.close();
  });

  it('can be closed without having been started', async () => {
    await createHttpServer({ port: 0, logger: warningsTo([]) }).close();
  });

  it('warns of an address that others can reach', async () => {
    const warnings: string[] = [];
    await start({ host: '0.0.0.0', logger: warningsTo(warnings) });
    expect(warnings).toEqual(['everybody who can reach 0.0.0.0 can watch; nobody is asked for a password']);
  });

  it('refuses foreign pages and names that only resolve to this machine', async () => {
    const { url } = await start();
    expect(await statusFor(url, { host: 'evil.example' })).toBe(403);
    expect(await statusFor(url, { origin: 'http://evil.example' })).not.toBe(403);
    expect(await statusFor(url, { origin: 'http://evil.example' }, 'POST')).toBe(403);
    expect(await statusFor(url, { origin: url }, 'POST')).not.toBe(403);
    expect(await upgrade(url, '/ws', 'origin: http://evil.example\r\n').closed).toMatch(/^HTTP\/1.1 403 /);
  });

  it('accepts the origins that it is told to', async () => {
    const allowedOrigins = ['https://wall.example.com'];
    const local = await start({ allowedOrigins });
    const headers = { host: 'wall.example.com', origin: 'https://wall.example.com' };
    expect(await statusFor(local.url, headers, 'POST')).not.toBe(403);

    const open = await start({ allowedOrigins, host: '0.0.0.0' });
    const { port } = new URL(open.url);
    const url = `http://127.0.0.1:${port}`;
    expect(await statusFor(url, { host: 'wall.example.com' })).not.toBe(403);
    expect(await statusFor(url, { host: `192.0.2.7:${port}` })).not.toBe(403);
    expect(await statusFor(url, { host: 'evil.example' })).toBe(403);
  });

  it('answers only so many requests of one connection', async () => {
    const { url } = await start();
    const { hostname, port } = new URL(url);
    const connection = createConnection({ host: hostname, port: Number(port) });
    let text = '';
    connection.on('data', (part) => (text += part.toString()));
    connection.end('GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n'.repeat(300));
    await new Promise((resolve) => connection.once('close', resolve));
    expect(text.match(/HTTP\/1.1 200 /g)).toHaveLength(200);
  });

  it('holds only so many connections, and takes others when there is room again', async () => {
    const { url } = await start();
    const { hostname, port } = new URL(url);
    const crowd = Array.from({ length: 600 }, () => createConnection({ host: hostname, port: Number(port) }));
    let turnedAway = 0;
    await new Promise<void>((resolve) => {
      for (const socket of crowd) {
        socket.on('error', () => undefined);
        socket.once('close', () => {
          if (++turnedAway === 600 - 512) resolve();
        });
      }
    });
    expect(crowd.filter(({ destroyed }) => !destroyed)).toHaveLength(512);
    for (const socket of crowd) socket.destroy();
    for (let status = 0; status !== 200;)
      status = await fetch(`${url}/healthz`).then(
        (response) => response.status,
        () => 0,
      );
  });

  it.each(['//', '/%', 'http://[', '/ws?%'])('is not brought down by an upgrade to "%s"', async (target) => {
    const { url } = await startFeed();
    const { socket } = upgrade(url, target);
    await new Promise((resolve) => socket.once('data', resolve));
    socket.destroy();
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });

  it('lets go of the sockets of upgrades that it refuses, and of all when it is closed', async () => {
    const { url, server, close } = await startFeed();
    server.handleUpgrade('/held', () => undefined);
    const held = upgrade(url, '/held');
    const refused = Array.from({ length: 50 }, () => upgrade(url, '/nothing'));
    for (const { closed } of refused) expect(await closed).toMatch(/^HTTP\/1.1 404 /);
    await close();
    expect(await held.closed).toBe('');
  });
});

describe('the feed of a server', () => {
  it('is there while the feed is open, and sends those away who do not ask for a WebSocket', async () => {
    const { url, server, sink } = await startFeed();
    const asked = await fetch(`${url}/ws`);
    expect([asked.status, asked.headers.get('upgrade')]).toEqual([426, 'websocket']);
    const second = createFeedSink({ server, logger: warningsTo([]) });
    expect(() => second.prepare?.()).toThrow('"/ws" is served already');
    await sink.close(runSummary());
    expect((await fetch(`${url}/ws`)).status).toBe(404);
    await second.prepare?.();
    await connect(url).next();
    await second.close(runSummary());
  });
});

describe('the feed with too many viewers', () => {
  it('tells those past the limit why, and keeps none of their sockets', async () => {
    const { url } = await startFeed();
    const seated = Array.from({ length: 64 }, () => connect(url));
    for (const client of seated) await client.next();
    expect(await connect(url).closed).toEqual([1013, 'there are 64 viewers already; try again later']);
    // These never answer a close frame, and yet all of them are let go.
    const stubborn = Array.from({ length: 200 }, () => upgrade(url, '/ws'));
    const answers = await Promise.all(stubborn.map(({ closed }) => closed));
    expect(answers.some((text) => text.startsWith('HTTP/1.1 503 '))).toBe(true);
    expect(answers.some((text) => text.startsWith('HTTP/1.1 101 '))).toBe(true);
    for (const { socket } of seated) expect(socket.readyState).toBe(WebSocket.OPEN);
  });

  it.each([
    ['messages', '8181010203047a'],
    ['empty messages', '818001020304'],
    ['empty pings', '898001020304'],
    ['pieces of a message that has no end', '008001020304'],
  ])('cuts off a client that sends %s without end, and keeps the others', async (what, frame) => {
    const { url } = await startFeed();
    const quiet = connect(url);
    await quiet.next();
    const { socket, closed } = upgrade(url, '/ws');
    await new Promise((resolve) => socket.once('data', resolve));
    if (what.startsWith('pieces')) socket.write(Buffer.from('018001020304', 'hex'));
    const many = Buffer.from(frame.repeat(100), 'hex');
    const push = (): void => {
      socket.write(many, (error) => {
        if (!(error instanceof Error)) setImmediate(push);
      });
    };
    push();
    expect(await closed).toMatch(/^HTTP\/1.1 101 /);
    expect(quiet.socket.readyState).toBe(WebSocket.OPEN);
  });
});
