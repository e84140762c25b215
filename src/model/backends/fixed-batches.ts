import { SightlineError } from '../../errors.js';
import type { Backend, BackendInfo, HeadTensor } from './backend.js';
import { requireNumbers } from './require-numbers.js';

/** A backend that says how large its pictures are. */
export interface SizedBackend extends Backend {
  /** Bytes of one picture. */
  readonly pictureBytes: number;
}

/**
 * The sizes of batch that stand for all from 1 to `most`, ascending: the powers of four up to half of `most`, and `most`.
 * Finer steps would cost a second each at the start, and coarser ones up to twice the time of a batch: a clip ran at 370
 * frames/s with 1, 2 and 8 where it ran at 560 with 1 and 4.
 */
export function fixedBatchSizes(most: number): readonly number[] {
  const sizes: number[] = [];
  for (let size = 1; size <= most / 2; size *= 4) sizes.push(size);
  return [...sizes, most];
}

/**
 * Runs batches of any size up to `most` on a runtime that plans its work for one size and does so anew whenever another
 * comes, which on a card takes longer than hundreds of batches. There is one backend for each of a few sizes, and a batch
 * runs on the next larger one. Each has run once when this is there, so that no stream waits for its plan.
 * @param start makes a backend that is then given batches of `size` only; where `most` is 1 it is handed out itself.
 * @throws what `start` or the first run fails with, after what was started has been closed.
 */
export async function startFixedBatches(
  start: (size: number) => Promise<SizedBackend>,
  most: number,
): Promise<Backend> {
  const bySize = new Map<number, SizedBackend>();
  try {
    // The largest takes most of the card's memory: what does not fit shows first.
    for (const size of fixedBatchSizes(most).toReversed()) {
      const backend = await start(size);
      bySize.set(size, backend);
      requireNumbers(await backend.run(new Uint8Array(size * backend.pictureBytes), size), backend.info);
    }
  } catch (error) {
    await closeAll(bySize);
    throw error;
  }
  // Nothing is filled up to 1; and a model that takes no more than one picture knows how to go through several.
  return most === 1 ? bySize.get(most)! : new FixedBatches(bySize, most);
}

class FixedBatches implements Backend {
  readonly info: BackendInfo;
  readonly #bySize: ReadonlyMap<number, Backend>;
  readonly #sizes: readonly number[];
  readonly #pictureBytes: number;
  /** Where batches that are too small are filled up; what stands behind them does not matter. */
  readonly #filled: Uint8Array;

  constructor(bySize: ReadonlyMap<number, SizedBackend>, most: number) {
    const { info, pictureBytes } = bySize.get(most)!;
    this.info = info;
    this.#bySize = bySize;
    this.#sizes = fixedBatchSizes(most);
    this.#pictureBytes = pictureBytes;
    this.#filled = new Uint8Array(most * pictureBytes);
  }

  async run(pixels: Uint8Array, count: number): Promise<readonly HeadTensor[]> {
    const size = this.#sizes.find((fixed) => fixed >= count);
    const bytes = count * this.#pictureBytes;
    if (size === undefined || !Number.isSafeInteger(count) || count < 1 || pixels.length !== bytes) {
      throw new SightlineError(
        'ERR_BACKEND_FAILED',
        `a batch of ${count} pictures has ${bytes} bytes, at most ${this.#filled.length}; got ${pixels.length}`,
      );
    }
    const backend = this.#bySize.get(size)!;
    if (size === count) return backend.run(pixels, count);
    this.#filled.set(pixels);
    const heads = await backend.run(this.#filled.subarray(0, size * this.#pictureBytes), size);
    return heads.map((head) => ({ ...head, data: head.data.subarray(0, (head.data.length / size) * count) }));
  }

  close(): Promise<void> {
    return closeAll(this.#bySize);
  }
}

async function closeAll(bySize: ReadonlyMap<number, Backend>): Promise<void> {
  for (const backend of bySize.values()) await backend.close();
}
