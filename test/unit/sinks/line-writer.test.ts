import { describe, expect, it, vi } from 'vitest';
import { SightlineError } from '../../../src/errors.js';
import { type LineTarget, LineWriter } from '../../../src/sinks/files/line-writer.js';

/** A target whose writes finish when the test says so. */
class SlowTarget implements LineTarget {
  readonly chunks: string[] = [];
  readonly closed: boolean[] = [];
  #settle: ((error?: Error) => void) | undefined;

  open(): Promise<void> {
    return Promise.resolve();
  }

  write(bytes: Buffer): Promise<void> {
    if (this.#settle !== undefined) throw new Error('writes overlap');
    this.chunks.push(bytes.toString());
    return new Promise((resolve, reject) => {
      this.#settle = (error) => {
        this.#settle = undefined;
        if (error === undefined) resolve();
        else reject(error);
      };
    });
  }

  async finishWrite(error?: Error): Promise<void> {
    this.#settle?.(error);
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  }

  close(used: boolean): Promise<void> {
    this.closed.push(used);
    return Promise.resolve();
  }
}

const kilobyte = 'k'.repeat(1023);

async function opened(): Promise<{ target: SlowTarget; writer: LineWriter }> {
  const target = new SlowTarget();
  const writer = new LineWriter(target);
  await writer.open();
  return { target, writer };
}

async function isPending(promise: Promise<unknown>): Promise<boolean> {
  let pending = true;
  void promise.then(
    () => (pending = false),
    () => (pending = false),
  );
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  return pending;
}

describe('LineWriter', () => {
  it('takes lines at once until 64 KiB wait, and then makes the caller wait for the write', async () => {
    const { target, writer } = await opened();
    for (let line = 1; line < 64; line++) expect(await isPending(writer.append(kilobyte))).toBe(false);
    expect(target.chunks).toEqual([]);
    const last = writer.append(kilobyte);
    expect(await isPending(last)).toBe(true);
    expect(target.chunks.map((chunk) => chunk.length)).toEqual([64 * 1024]);
    await target.finishWrite();
    await last;
  });

  it('never has two writes on their way, and gathers what comes meanwhile', async () => {
    const { target, writer } = await opened();
    await writer.append('one');
    const first = writer.flush();
    await writer.append('two');
    const second = writer.flush();
    await writer.append('three');
    const third = writer.flush();
    await target.finishWrite();
    expect(target.chunks).toEqual(['one\n', 'two\nthree\n']);
    expect(await isPending(second)).toBe(true);
    await target.finishWrite();
    await Promise.all([first, second, third]);
  });

  it('holds several callers back while a reader is slow, with at most one buffer and a line each waiting', async () => {
    const { target, writer } = await opened();
    const held = Array.from({ length: 3 }, () => writer.append('x'.repeat(70_000)));
    expect(await isPending(Promise.race(held))).toBe(true);
    expect(target.chunks.length).toBe(1);
    await target.finishWrite();
    await target.finishWrite();
    await Promise.all(held);
    expect(target.chunks.join('').length).toBe(3 * 70_001);
  });

  it('writes a quiet stream out after a quarter of a second', async () => {
    vi.useFakeTimers();
    try {
      const { target, writer } = await opened();
      await writer.append('a');
      await vi.advanceTimersByTimeAsync(100);
      await writer.append('b');
      expect(target.chunks).toEqual([]);
      await vi.advanceTimersByTimeAsync(150);
      expect(target.chunks).toEqual(['a\nb\n']);
      await target.finishWrite();
      await vi.advanceTimersByTimeAsync(1000);
      expect(target.chunks.length).toBe(1);
    } finally {
      vi.useRealTimers();
    }
  });

  it('gives the first error to every later call, takes no more lines, and closes quietly', async () => {
    const { target, writer } = await opened();
    const full = new SightlineError('ERR_SINK_FAILED', 'full');
    await writer.append('one');
    const first = writer.flush();
    const waiting = writer.append('y'.repeat(70_000));
    const outcomes = Promise.allSettled([first, waiting]);
    await target.finishWrite(full);
    expect(await outcomes).toEqual([
      { status: 'rejected', reason: full },
      { status: 'rejected', reason: full },
    ]);
    await expect(writer.append('late')).rejects.toBe(full);
    await expect(writer.flush()).rejects.toBe(full);
    expect(writer.failed).toBe(true);
    await writer.close(true);
    expect(target.chunks).toEqual(['one\n']);
    expect(target.closed).toEqual([true]);
  });

  it('is not opened by closing', async () => {
    const target = new SlowTarget();
    await new LineWriter(target).close(false);
    expect(target.closed).toEqual([]);
  });
});
