/** A feed on a server of its own, and clients whose messages can be waited for one by one. */
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import type { SourceSummary } from '../../src/contract/run.js';
import type { Sink } from '../../src/contract/sink.js';
import { createHttpServer, type HttpServer } from '../../src/server/http-server.js';
import { createFeedSink } from '../../src/sinks/feed/feed-sink.js';
import { warningsTo } from './recording-logger.js';
import { runSummary } from './results.js';

/** A message as it came. */
export interface Message {
  readonly binary: boolean;
  readonly data: Buffer;
}

/** A feed with nothing on it yet. `close` is called at the end of the test if the test has not. */
export async function startFeed(): Promise<{
  server: HttpServer;
  sink: Sink;
  url: string;
  close: (...sources: SourceSummary[]) => Promise<void>;
}> {
  const logger = warningsTo([]);
  const server = createHttpServer({ port: 0, logger });
  const sink = createFeedSink({ server, logger });
  await server.start();
  await sink.prepare?.();
  let closing: Promise<void> | undefined;
  const close = (...sources: SourceSummary[]): Promise<void> =>
    (closing ??= sink.close(runSummary(...sources)).then(() => server.close()));
  onTestFinished(() => close());
  return { server, sink, url: server.url, close };
}

/** Connects to a feed. `next` settles with the next message that no earlier call was given. */
export function connect(
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

/** What the messages that tests look at may hold. */
export interface Content {
  readonly type: string;
  readonly frame?: number;
  readonly id?: string;
  readonly source?: string;
  readonly state?: string;
  readonly width?: number;
  readonly lines?: readonly { readonly directions: readonly { readonly count: number }[] }[];
  readonly sources?: readonly { readonly source: string; readonly skipped?: number }[];
  readonly states?: readonly { readonly source: string; readonly state: string }[];
}

/** Reads a text message. */
export function json(message: Message): Content {
  return JSON.parse(message.data.toString()) as Content;
}
