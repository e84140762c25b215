import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { Client } from '../../../src/sinks/feed/client.js';
import type { Message } from '../../../src/sinks/feed/messages.js';

/** A socket to somebody who reads only when the test says so. */
class SlowSocket extends EventEmitter {
  readonly OPEN = 1;
  readonly CLOSED = 3;
  readyState = 1;
  readonly taken: string[] = [];
  readonly waiting: (() => void)[] = [];
  bufferedAmount = 0;

  send(data: Buffer, _options: object, done: (error?: Error) => void): void {
    this.bufferedAmount += data.length;
    this.waiting.push(() => {
      this.bufferedAmount -= data.length;
      this.taken.push(data.toString());
      done();
    });
  }

  close(): void {
    this.taken.push('goodbye');
    this.readyState = this.CLOSED;
    this.emit('close');
  }
}

it('gives its socket few messages at a time, all of them in order, and says goodbye after the last', async () => {
  const socket = new SlowSocket();
  const limits = { budgetBytes: 1000, deadAfterMs: 30_000, bytesPerPulse: 4096 };
  const wishes = { sources: new Set<string>(), preview: true, fps: undefined };
  const client = new Client(socket as unknown as WebSocket, new PassThrough(), wishes, limits);
  const message = (text: string): Message => ({ data: Buffer.from(text.padStart(10)), binary: false });

  for (let frame = 0; frame < 120; frame++) client.sendFrame('cars', message(String(frame)));
  // A hundred of ten bytes are its budget, wherever they wait.
  expect(client.skippedOf('cars')).toBe(20);
  expect(socket.waiting).toHaveLength(8);
  expect(client.isDrained).toBe(false);

  const closed = client.close(1001, 'the run is over', 1000);
  while (socket.waiting.length > 0) socket.waiting.shift()!();
  await closed;
  expect(socket.taken.map((text) => text.trim())).toEqual([
    ...Array.from({ length: 100 }, (_, frame) => String(frame)),
    'goodbye',
  ]);
});
