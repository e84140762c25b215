import { resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { messageOf, SightlineError } from '../../errors.js';
import type { ReadReply } from './hdf5-worker.js';
import type { KerasTensor } from './keras-layout.js';

/** Reads HDF5 files one after another in a thread of its own. */
export interface Hdf5Reader {
  /**
   * All tensors of a Keras file, by layer.
   * @throws SightlineError ERR_WEIGHTS_INVALID if it cannot be read, claims what cannot be, or keeps the library busy
   * for too long.
   */
  read(path: string): Promise<readonly KerasTensor[]>;
  /** Ends the thread. */
  close(): Promise<void>;
}

/** Reading takes 0.2 s for 43 MB. */
const TIME_LIMIT_MS = 60_000;

/** JavaScript's part; the library's own memory is limited in the thread. */
const LIMITS = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 64, stackSizeMb: 4 };

/** Starts nothing before the first file. @param timeLimitMs for one file. */
export function openHdf5Reader(timeLimitMs = TIME_LIMIT_MS): Hdf5Reader {
  let worker: Worker | undefined;
  const stop = async (): Promise<void> => {
    const ended = worker;
    worker = undefined;
    await ended?.terminate();
  };
  return {
    async read(path) {
      if (worker === undefined) {
        const started = startWorker(() => {
          if (worker === started) worker = undefined;
        });
        worker = started;
      }
      const fail = async (problem: string, cause?: unknown): Promise<never> => {
        await stop();
        throw unreadable(path, problem, cause);
      };
      let reply: ReadReply;
      try {
        reply = await ask(worker, resolve(path), timeLimitMs);
      } catch (cause) {
        return fail(messageOf(cause), cause);
      }
      if ('tensors' in reply) return reply.tensors;
      if (reply.broken) return fail(reply.problem);
      throw unreadable(path, reply.problem);
    },
    close: stop,
  };
}

/** One question, one answer; or the reason why there is none. */
function ask(worker: Worker, path: string, timeLimitMs: number): Promise<ReadReply> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      clearTimeout(timer);
      worker.off('message', answer).off('error', breakDown).off('exit', end);
    };
    const refuse = (problem: string, cause?: unknown): void => {
      settle();
      reject(new Error(problem, { cause }));
    };
    const answer = (reply: ReadReply): void => {
      settle();
      resolve(reply);
    };
    const breakDown = (error: unknown): void => {
      refuse(`the reader broke down (${messageOf(error)})`, error);
    };
    const end = (code: number): void => {
      refuse(`the reader ended with ${code}`);
    };
    const timer = setTimeout(() => {
      refuse(`reading took more than ${timeLimitMs / 1000} s`);
    }, timeLimitMs);
    worker.on('message', answer).on('error', breakDown).on('exit', end);
    worker.postMessage({ path });
  });
}

function startWorker(onEnd: () => void): Worker {
  // Threads run JavaScript: tests, which run the sources, take the built file.
  const built = import.meta.url.endsWith('.ts')
    ? '../../../dist/model/weights/hdf5-worker.js'
    : './hdf5-worker.js';
  const worker = new Worker(new URL(built, import.meta.url), {
    stdout: true,
    stderr: true,
    resourceLimits: LIMITS,
  });
  worker.stdout.resume();
  worker.stderr.resume();
  worker
    .on('error', () => undefined)
    .once('exit', onEnd)
    .unref();
  return worker;
}

function unreadable(path: string, problem: string, cause?: unknown): SightlineError {
  return new SightlineError(
    'ERR_WEIGHTS_INVALID',
    `"${path}" is not a Keras file that can be read: ${problem}`,
    {
      cause,
    },
  );
}
