import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { refuseUpgrade } from '../../server/answers.js';
import type { UpgradeHandler } from '../../server/http-server.js';
import { Client, type ClientLimits, closeSocket } from './client.js';
import { readClientOptions } from './client-options.js';
import type { Message } from './messages.js';

const MOST_CLIENTS = 64;
/** Those who are told why they are refused, at a time; more than that are refused without a handshake. */
const MOST_REFUSED = 64;
const LIMITS: ClientLimits = { budgetBytes: 1_000_000, deadAfterMs: 30_000, bytesPerPulse: 4096 };
const GRACE_MS = 500;

/** Those who are connected to the feed. */
export class FeedClients {
  /** Takes the connection of a request for the feed. */
  readonly accept: UpgradeHandler;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: 1024,
    maxFragments: 4,
    maxBufferedChunks: 64,
    perMessageDeflate: false,
  });
  readonly #clients = new Set<Client>();
  readonly #refused = new Set<WebSocket>();

  /** @param greet sends what a new client has to know. */
  constructor(greet: (client: Client) => void) {
    this.accept = (request, socket, head, { query }) => {
      if (this.#refused.size >= MOST_REFUSED) {
        refuseUpgrade(socket, '503 Service Unavailable', 'there are too many viewers; try again later');
        return;
      }
      this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
        const wishes = readClientOptions(query);
        webSocket.on('error', () => undefined);
        const refuse = (code: number, reason: string): void => {
          this.#refuse(webSocket, socket, code, reason);
        };
        if (typeof wishes === 'string') refuse(1008, wishes);
        else if (this.#clients.size >= MOST_CLIENTS)
          refuse(1013, `there are ${MOST_CLIENTS} viewers already; try again later`);
        else {
          const client = new Client(webSocket, socket, wishes, LIMITS);
          this.#clients.add(client);
          webSocket.on('close', () => this.#clients.delete(client));
          greet(client);
        }
      });
    };
  }

  get size(): number {
    return this.#clients.size;
  }

  [Symbol.iterator](): IterableIterator<Client> {
    return this.#clients.values();
  }

  /** Those to whom a frame of a source may be sent now. */
  dueFor(source: string, nowMs: number): readonly Client[] {
    return [...this.#clients].filter((client) => client.wants(source) && client.isDue(source, nowMs));
  }

  /** Sends a small message that must not be lost to all who look at a source. */
  sendAll(message: Message, source: string): void {
    for (const client of this.#clients) if (client.wants(source)) client.send(message);
  }

  /** Sends a message to those who look at a source and read fast enough. */
  offer(message: Message, source: string): void {
    for (const client of this.#clients) if (client.wants(source)) client.sendFrame(source, message);
  }

  /** Lets go of what is kept of a source. */
  forget(source: string): void {
    for (const client of this.#clients) client.forget(source);
  }

  /** Says goodbye to everybody. Settles once all connections are closed. */
  async close(): Promise<void> {
    await Promise.all([...this.#clients].map((client) => client.close(1001, 'the run is over', GRACE_MS)));
    for (const socket of this.#refused) socket.terminate();
    this.#sockets.close();
  }

  #refuse(socket: WebSocket, connection: Duplex, code: number, reason: string): void {
    this.#refused.add(socket);
    let heard = 0;
    connection.prependListener('data', ({ length }: Buffer) => {
      heard += length;
      if (heard > LIMITS.bytesPerPulse) socket.terminate();
    });
    void closeSocket(socket, code, reason, GRACE_MS).then(() => this.#refused.delete(socket));
  }
}
