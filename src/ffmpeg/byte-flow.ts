/**
 * Brings what a child writes to its stdout into a ByteTarget, without copies where that can be had.
 *
 * Node reads a child's pipe in new buffers of 64 KiB, which then have to be copied: for raw video that costs more CPU time
 * than anything else here. A socket that we connect ourselves can read into memory of our choice, so where the platform
 * lets us the child gets the other end of such a socket.
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { ByteTarget } from './byte-target.js';

/** Bytes under way. */
export interface ByteFlow {
  /** Goes on after the target wanted no more. */
  resume(): void;
  /** Settles when everything was taken or the stream was destroyed; rejects with what the target threw. */
  readonly ended: Promise<void>;
}

/** The two ends of a socket: the child writes to one, the other reads straight into the target. */
export interface DirectPipe extends ByteFlow {
  readonly childEnd: Socket;
  readonly ourEnd: Socket;
}

const SPARE_BYTES = 4096;

/** Reads a stream in the chunks that it makes, and copies them. */
export function flowFromStream(stream: Readable, target: ByteTarget): ByteFlow {
  const intake = new Intake(stream, target);
  stream.on('data', (chunk: Uint8Array) => {
    if (!intake.take(chunk)) stream.pause();
  });
  return intake;
}

/**
 * Makes a socket that reads straight into `target`. Nothing is read before `resume`.
 * @returns undefined where that is not possible: on Windows, or without a writable folder for temporary files.
 */
export async function openDirectPipe(target: ByteTarget): Promise<DirectPipe | undefined> {
  if (process.platform === 'win32') return undefined;
  let folder: string | undefined;
  try {
    // A folder of our own, that nobody else may enter: an abstract socket could be connected to by any user.
    folder = await mkdtemp(join(tmpdir(), 'sightline-'));
    return await connectPair(join(folder, randomUUID().slice(0, 8)), target);
  } catch {
    return undefined;
  } finally {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }
}

async function connectPair(path: string, target: ByteTarget): Promise<DirectPipe> {
  const server = createServer({ pauseOnConnect: true });
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(path, resolve);
    });
    const accepted = new Promise<Socket>((resolve, reject) => {
      server.once('error', reject).once('connection', resolve);
    });
    const flow: { intake?: Intake } = {};
    const spare = new Uint8Array(SPARE_BYTES);
    const ourEnd = connect({
      path,
      onread: {
        // Memory is asked for when a read ends, for the next one. While the target waits it may change its mind about where
        // that should go, so it is given the spare buffer's contents afterwards.
        buffer: () => flow.intake?.memory() ?? spare,
        callback: (count, memory) => flow.intake?.arrived(count, memory) ?? true,
      },
    });
    flow.intake = new Intake(ourEnd, target, spare);
    ourEnd.pause();
    const childEnd = await acceptedOf(accepted, ourEnd);
    const { intake } = flow;
    return {
      childEnd,
      ourEnd,
      ended: intake.ended,
      resume() {
        intake.resume();
      },
    };
  } finally {
    server.close();
  }
}

/**
 * Where no descriptor is left, the system accepts a connection and closes it without a word.
 * @throws what the socket emits, or that it is late; it is closed then.
 */
async function acceptedOf(accepted: Promise<Socket>, ours: Socket): Promise<Socket> {
  let timer: NodeJS.Timeout | undefined;
  const failed = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(reject, LONGEST_CONNECT_MS, new Error('the connection was not accepted'));
    ours.once('error', reject);
  });
  try {
    return await Promise.race([accepted, failed]);
  } catch (error) {
    ours.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

const LONGEST_CONNECT_MS = 5000;

class Intake implements ByteFlow {
  readonly ended: Promise<void>;
  readonly #stream: Readable;
  readonly #target: ByteTarget;
  readonly #spare: Uint8Array | undefined;
  /** What arrived while the target wanted nothing. */
  #rest: Uint8Array = new Uint8Array(0);
  #wanted = true;
  #failure: { readonly error: unknown } | undefined;

  constructor(stream: Readable, target: ByteTarget, spare?: Uint8Array) {
    this.#stream = stream;
    this.#target = target;
    this.#spare = spare;
    this.ended = new Promise((resolve, reject) => {
      const settle = (): void => {
        if (this.#failure === undefined) resolve();
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- passed on as the target threw it.
        else reject(this.#failure.error);
      };
      stream.once('end', settle).once('close', settle);
      stream.on('error', () => {
        // A child that is killed may reset the connection; how it ended tells more.
        settle();
      });
    });
    // Whoever waits for `ended` gets the rejection; until then it must not count as unhandled.
    this.ended.catch(() => undefined);
  }

  resume(): void {
    if (this.#stream.destroyed) return;
    const rest = this.#rest;
    this.#rest = rest.subarray(0, 0);
    this.#wanted = true;
    if (this.take(rest)) this.#stream.resume();
  }

  /** Copies bytes into the target. @returns whether more are wanted. */
  take(bytes: Uint8Array): boolean {
    return this.#guarded(() => {
      let at = 0;
      while (this.#wanted && at < bytes.length) {
        const room = this.#target.room();
        const count = Math.min(room.length, bytes.length - at);
        room.set(bytes.subarray(at, at + count));
        at += count;
        this.#wanted = this.#target.filled(count);
      }
      // A view: the buffer is read into again only after the rest was taken.
      if (at < bytes.length) this.#rest = bytes.subarray(at);
    });
  }

  /** Where the next read of the socket goes. */
  memory(): Uint8Array {
    if (!this.#wanted || this.#failure !== undefined) return this.#spare ?? new Uint8Array(SPARE_BYTES);
    return this.#target.room();
  }

  /** The socket read into `memory`. @returns whether it is to go on. */
  arrived(count: number, memory: Uint8Array): boolean {
    if (memory === this.#spare) return this.take(memory.subarray(0, count));
    return this.#guarded(() => {
      this.#wanted = this.#target.filled(count);
    });
  }

  // Errors must not fly out of the callbacks of a socket: nobody could catch them.
  #guarded(step: () => void): boolean {
    try {
      step();
      return this.#wanted;
    } catch (error) {
      this.#failure = { error };
      this.#stream.destroy();
      return false;
    }
  }
}
