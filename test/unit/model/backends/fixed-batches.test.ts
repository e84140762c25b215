import { describe, expect, it } from 'vitest';
import { SightlineError } from '../../../../src/errors.js';
import type { HeadTensor } from '../../../../src/model/backends/backend.js';
import {
  fixedBatchSizes,
  type SizedBackend,
  startFixedBatches,
} from '../../../../src/model/backends/fixed-batches.js';

const BYTES = 3;

/** What was done with backends that answer each picture with the sum of its bytes, in two values. */
class Recorder {
  readonly runs: string[] = [];
  closed = 0;
  #started = 0;

  constructor(readonly failing?: number) {}

  readonly start = (): Promise<SizedBackend> => {
    const name = String.fromCharCode(97 + this.#started++);
    const run = (pixels: Uint8Array, count: number): Promise<readonly HeadTensor[]> => {
      this.runs.push(`${name}${count}`);
      if (count === this.failing) throw new SightlineError('ERR_BACKEND_FAILED', 'no room');
      expect(pixels).toHaveLength(count * BYTES);
      const data = new Float32Array(2 * count);
      for (const [at, sample] of pixels.entries()) data[2 * Math.floor(at / BYTES)]! += sample;
      return Promise.resolve([{ data, height: 1, width: 1, channels: 2, layout: 'nchw' }]);
    };
    const close = (): Promise<void> => {
      this.closed++;
      return Promise.resolve();
    };
    const info = { backend: 'test', device: 'cuda', precision: 'float32', version: '1' };
    return Promise.resolve({ info, pictureBytes: BYTES, run, close });
  };
}

describe('the sizes of batch', () => {
  it.each([
    [1, [1]],
    [2, [1, 2]],
    [4, [1, 4]],
    [5, [1, 5]],
    [8, [1, 4, 8]],
    [16, [1, 4, 16]],
    [20, [1, 4, 20]],
    [32, [1, 4, 16, 32]],
    [256, [1, 4, 16, 64, 256]],
  ])('up to %i', (most, sizes) => {
    expect(fixedBatchSizes(most)).toEqual(sizes);
  });
});

describe('batches of a few fixed sizes', () => {
  it('have run once each, the largest first, when they are there', async () => {
    const recorder = new Recorder();
    const backend = await startFixedBatches(recorder.start, 16);
    expect(recorder.runs).toEqual(['a16', 'b4', 'c1']);
    expect(backend.info.device).toBe('cuda');
    await backend.close();
    expect(recorder.closed).toBe(3);
  });

  it('take each batch on the next larger one, and give back what belongs to it', async () => {
    const recorder = new Recorder();
    const backend = await startFixedBatches(recorder.start, 8);
    recorder.runs.length = 0;
    for (let count = 8; count >= 1; count--) {
      const pixels = Uint8Array.from({ length: count * BYTES }, (_, at) => at + count);
      const [head] = await backend.run(pixels, count);
      const sums = Array.from({ length: count }, (_, i) => [3 * (3 * i + count) + 3, 0]).flat();
      expect(head).toEqual({
        data: Float32Array.from(sums),
        height: 1,
        width: 1,
        channels: 2,
        layout: 'nchw',
      });
    }
    expect(recorder.runs).toEqual(['a8', 'a8', 'a8', 'a8', 'b4', 'b4', 'b4', 'c1']);
  });

  it('are no others than of one picture where no more is taken, and several go the way they did', async () => {
    const recorder = new Recorder();
    const backend = await startFixedBatches(recorder.start, 1);
    const [head] = await backend.run(Uint8Array.of(1, 2, 3, 4, 5, 6), 2);
    expect(Array.from(head!.data)).toEqual([6, 0, 15, 0]);
    expect(recorder.runs).toEqual(['a1', 'a2']);
    await backend.close();
    expect(recorder.closed).toBe(1);
  });

  it.each([
    [9, 27],
    [2, 5],
    [0, 0],
    [1.5, 4.5],
  ])('refuse %d pictures in %d bytes', async (count, bytes) => {
    const backend = await startFixedBatches(new Recorder().start, 8);
    await expect(backend.run(new Uint8Array(bytes), count)).rejects.toMatchObject({
      code: 'ERR_BACKEND_FAILED',
    });
  });

  it('are refused when a card computes no numbers', async () => {
    const recorder = new Recorder();
    const start = async (): Promise<SizedBackend> => {
      const backend = await recorder.start();
      const run: SizedBackend['run'] = async (pixels, count) =>
        (await backend.run(pixels, count)).map((head) => ({ ...head, data: head.data.fill(NaN, 1) }));
      return { ...backend, run };
    };
    await expect(startFixedBatches(start, 4)).rejects.toMatchObject({
      code: 'ERR_BACKEND_UNAVAILABLE',
      message:
        'test on "cuda" starts and computes no numbers (NaN): check the versions of its libraries, or use "cpu"',
    });
    expect(recorder.closed).toBe(1);
  });

  it('are all closed when one of them fails its first run', async () => {
    const recorder = new Recorder(4);
    await expect(startFixedBatches(recorder.start, 16)).rejects.toThrow('no room');
    expect(recorder.closed).toBe(2);
  });
});
