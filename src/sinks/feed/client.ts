import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { ClientOptions } from './client-options.js';
import type { Message } from './messages.js';
import { RateLimit } from './rate-limit.js';

/** What one client may cost. */
export interface ClientLimits {
  /** Bytes that may wait for one client in this process; a frame that would exceed them is skipped. */
  readonly budgetBytes: number;
  /** A client that gave no sign of life for so long is cut off. */
  readonly deadAfterMs: number;
  /** Bytes that it may send from one pulse to the next; it is cut off when it sends more. */
  readonly bytesPerPulse: number;
}

/**
 * Messages of one client that the socket is given at a time. Node makes an error of each that it still has when the connection
 * is cut: thousands of them, of many clients at once, are seconds in which nothing else happens.
 */
const MOST_UNDERWAY = 8;

/**
 * One connected client. It is measured before each frame and skips frames rather than queueing them: what waits for it
 * stays within the budget, and what it shows stays recent.
 */
export class Client {
  readonly options: ClientOptions;
  readonly #socket: WebSocket;
  readonly #limits: ClientLimits;
  readonly #rates = new Map<string, RateLimit>();
  readonly #skipped = new Map<string, number>();
  #lastSignMs = performance.now();
  #heard = 0;
  readonly #queue: Message[] = [];
  #queuedBytes = 0;
  #underway = 0;
  #onEmpty: () => void = () => undefined;

  /** @param connection what the socket reads from. */
  constructor(socket: WebSocket, connection: Duplex, options: ClientOptions, limits: ClientLimits) {
    this.#socket = socket;
    this.options = options;
    this.#limits = limits;
    connection.prependListener('data', this.#hear);
    // The close that follows says all there is to say: a client's errors are its own.
    socket.on('error', () => undefined);
  }

  /** Whether it asked for this source. */
  wants(source: string): boolean {
    return this.options.sources.size === 0 || this.options.sources.has(source);
  }

  /** Whether its own frame rate allows a frame of this source now. */
  isDue(source: string, nowMs: number): boolean {
    return this.options.fps === undefined || this.#rateOf(source, this.options.fps).isDue(nowMs);
  }

  /** Whether nothing of what it was sent still waits in this process. */
  get isDrained(): boolean {
    return this.#waitingBytes === 0;
  }

  /** Frames of a source that it was not sent because too much was waiting. */
  skippedOf(source: string): number {
    return this.#skipped.get(source) ?? 0;
  }

  get #waitingBytes(): number {
    return this.#socket.bufferedAmount + this.#queuedBytes;
  }

  /** Whether a message of so many bytes is within its budget. One that is larger than the whole budget goes alone. */
  #hasRoom(bytes: number): boolean {
    const waiting = this.#waitingBytes;
    return waiting === 0 || waiting + bytes <= this.#limits.budgetBytes;
  }

  /** Notes that the frame which is now on its way was its turn; see `isDue`. */
  takeTurn(source: string, nowMs: number): void {
    if (this.options.fps !== undefined) this.#rateOf(source, this.options.fps).take(nowMs);
  }

  /** Sends a frame, or skips it and counts that. */
  sendFrame(source: string, message: Message): void {
    if (this.#hasRoom(message.data.length)) this.send(message);
    else this.#skipped.set(source, this.skippedOf(source) + 1);
  }

  /** Sends without looking at the budget: for the few small messages that must not be lost. */
  send(message: Message): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#queue.push(message);
    this.#queuedBytes += message.data.length;
    this.#pump();
  }

  /** Asks for a sign of life, or cuts the client off if there was none for too long. */
  checkPulse(nowMs: number): void {
    this.#heard = 0;
    if (nowMs - this.#lastSignMs > this.#limits.deadAfterMs) this.#socket.terminate();
    else if (this.#socket.readyState === this.#socket.OPEN) this.#socket.ping();
  }

  /** Says goodbye; cuts the connection if the other side does not answer in time. Settles once it is closed. */
  close(code: number, reason: string, graceMs: number): Promise<void> {
    const empty = new Promise<void>((resolve) => (this.#onEmpty = resolve));
    this.#pump();
    return closeSocket(this.#socket, code, reason, graceMs, empty);
  }

  /** Lets go of what is kept of a source. */
  forget(source: string): void {
    this.#rates.delete(source);
    this.#skipped.delete(source);
  }

  #pump(): void {
    // What is left for one that has gone goes with it.
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    while (this.#underway < MOST_UNDERWAY) {
      const next = this.#queue.shift();
      if (next === undefined) {
        this.#onEmpty();
        return;
      }
      this.#give(next);
    }
  }

  #give({ data, binary }: Message): void {
    // The kernel takes bytes for a while even if nobody is there any more. Only when it takes some again after it had
    // been full does that show that the other side reads.
    const wasFull = this.#socket.bufferedAmount > 0;
    this.#queuedBytes -= data.length;
    this.#underway++;
    this.#socket.send(data, { binary }, (error) => {
      this.#underway--;
      if (error instanceof Error) return;
      if (wasFull) this.#sign();
      this.#pump();
    });
  }

  /**
   * Nothing that a client says is of interest, so that one that says much only costs time. It is measured before it is taken
   * apart, as there is no end to what says nothing: empty messages and their fragments.
   */
  readonly #hear = ({ length }: Buffer): void => {
    this.#sign();
    this.#heard += length;
    if (this.#heard > this.#limits.bytesPerPulse) this.#socket.terminate();
  };

  readonly #sign = (): void => {
    this.#lastSignMs = performance.now();
  };

  #rateOf(source: string, fps: number): RateLimit {
    let rate = this.#rates.get(source);
    if (rate === undefined) this.#rates.set(source, (rate = new RateLimit(fps)));
    return rate;
  }
}

/** Closes a socket with a code and a reason once it is `ready`; terminates it if it is still there after `graceMs`. */
export function closeSocket(
  socket: WebSocket,
  code: number,
  reason: string,
  graceMs: number,
  ready = Promise.resolve(),
): Promise<void> {
  return new Promise((resolve) => {
    if (socket.readyState === socket.CLOSED) {
      resolve();
      return;
    }
    const timer = setTimeout(() => {
      socket.terminate();
    }, graceMs);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
    void ready.then(() => {
      socket.close(code, reason);
    });
  });
}
