/**
 * The inference child's program: `node host-main.js`, started by `HostProcess` with one end of a socket pair as
 * descriptor 3. It loads a model, answers batches one at a time, and is gone as soon as the other end is.
 *
 * It lives in a process of its own because a run blocks the thread it is called on, and because native code can take its
 * process with it.
 */
import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';
import { messageOf, SightlineError } from '../../errors.js';
import type { Detector } from '../../contract/detector.js';
import type { Letterbox } from '../../contract/picture.js';
import { createDetector, type DetectorOptions } from '../detector.js';
import {
  controlRoom,
  decodeJson,
  decodeLetterboxes,
  encodeDetections,
  encodeFailure,
  encodeJson,
  type FrameKind,
  FrameReader,
  headerOf,
  type HostFrame,
} from './protocol.js';

const CHANNEL = 3;

/** One parent's batches, answered. */
class Host {
  readonly #send: (kind: FrameKind, id: number, body: Uint8Array) => void;
  #detector: Detector | undefined;
  /** Where the pixels of a batch are read into, frame after frame. */
  #batch = new Uint8Array(0);
  #request: { readonly id: number; readonly letterboxes: readonly Letterbox[] } | undefined;
  #busy = false;

  constructor(send: (kind: FrameKind, id: number, body: Uint8Array) => void) {
    this.#send = send;
  }

  /** Room for the frame that begins. @throws SightlineError if it may not come now. */
  roomFor(kind: FrameKind, length: number): Uint8Array {
    if (kind !== 'pixels') return controlRoom(kind, length);
    const frames = this.#request?.letterboxes.length ?? 0;
    if (this.#busy || this.#detector === undefined || length !== frames * this.#frameBytes()) {
      throw new SightlineError('ERR_BACKEND_FAILED', `${length} bytes of pixels came without a request`);
    }
    return this.#batch.subarray(0, length);
  }

  async take({ kind, id, body }: HostFrame): Promise<void> {
    try {
      if (kind === 'init') await this.#load(id, body);
      else if (kind === 'request') this.#request = { id, letterboxes: decodeLetterboxes(body) };
      else if (kind === 'pixels') await this.#detect(body);
      else throw new SightlineError('ERR_BACKEND_FAILED', `a ${kind} frame came the wrong way`);
    } catch (error) {
      this.#send('failure', id, encodeFailure(error));
    }
  }

  async #load(id: number, body: Uint8Array): Promise<void> {
    const detector = await createDetector(decodeJson(body) as DetectorOptions);
    this.#detector = detector;
    this.#batch = new Uint8Array(detector.info.maxBatch * this.#frameBytes());
    this.#send('ready', id, encodeJson(detector.info));
  }

  async #detect(pixels: Uint8Array): Promise<void> {
    const { id, letterboxes } = this.#request!;
    const size = this.#frameBytes();
    this.#request = undefined;
    this.#busy = true;
    const frames = await this.#detector!.detect(
      letterboxes.map((letterbox, i) => ({
        letterbox,
        pixels: pixels.subarray(i * size, (i + 1) * size),
      })),
    ).finally(() => {
      this.#busy = false;
    });
    this.#send('detections', id, encodeDetections(frames));
  }

  #frameBytes(): number {
    const { width, height } = this.#detector!.info.geometry;
    return width * height * 3;
  }
}

function main(): void {
  process.title = 'sightline-inference';
  // Terminals and service managers send these to all processes of a group; the parent decides what they mean, wants the
  // frames under way answered, and ends the child when it is time.
  for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM']) process.on(signal, () => undefined);

  const host: Host = new Host((kind, id, body) => {
    channel.cork();
    channel.write(headerOf(kind, id, body.length));
    channel.write(body);
    channel.uncork();
  });
  const reader = new FrameReader(
    (kind, length) => host.roomFor(kind, length),
    (frame) => void host.take(frame),
  );
  // Node's types know `onread` for `connect` only; the constructor has taken it since 12.10.
  const options: SocketConstructorOpts & { onread: OnReadOpts } = {
    fd: CHANNEL,
    readable: true,
    writable: true,
    // The kernel copies straight into the batch: no chunk is allocated, joined or copied again.
    onread: {
      buffer: () => reader.space(),
      callback: (count) => {
        try {
          reader.advance(count);
          return true;
        } catch (error) {
          process.stderr.write(`${messageOf(error)}\n`);
          leave();
          return false;
        }
      },
    },
  };
  const channel = new Socket(options);
  channel.on('end', leave);
  channel.on('error', leave);
  channel.on('close', leave);
}

/** Ends this process at once: there is nothing to save, and exit handlers of native runtimes may wait for a device. */
function leave(): void {
  process.kill(process.pid, 'SIGKILL');
}

try {
  main();
} catch (error) {
  process.stderr.write(
    `this program is started by sightline itself, with a socket as descriptor 3 (${messageOf(error)})\n`,
  );
  process.exitCode = 2;
}
