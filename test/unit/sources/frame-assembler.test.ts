import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createFramePool } from '../../../src/pipeline/frame-pool.js';
import { type AssembledFrame, FrameAssembler } from '../../../src/sources/decode/frame-assembler.js';
import { CLOCK_STREAM, IMAGE_STREAM, INPUT_STREAM } from '../../../src/sources/decode/decode-command.js';
import { EpochClock } from '../../../src/sources/decode/epoch-clock.js';
import type { FrameGeometry, FramePool } from '../../../src/contract/frame.js';
import { sourceInfo } from '../../support/pipeline-parts.js';

const info = sourceInfo('clip');
const request = { input: { width: 4, height: 4, pad: 128, kernel: 'area' }, image: true } as const;
const bytes = [4 * 4 * 3, 8 * 6 + 2 * 4 * 3];
const timeBase = { num: 1, den: 1000 };
const common = { timeBase, timeBaseId: 0, msbPtsShift: 7 };
const streams = [
  { id: CLOCK_STREAM, fourcc: 'Y800', width: 8, height: 1, ...common },
  { id: INPUT_STREAM, fourcc: 'RGB\x18', width: 4, height: 4, ...common },
  { id: IMAGE_STREAM, fourcc: 'I420', width: 8, height: 6, ...common },
];

function assembler(
  capacity: number,
  opens?: FrameGeometry,
): {
  parts: FrameAssembler;
  pool: FramePool & { free: number };
  memory: Promise<void>;
} {
  const pool = createFramePool({ sourceId: 'clip', capacity, geometry: info, request });
  let granted: () => void;
  const memory = new Promise<void>((resolve) => (granted = resolve));
  const parts = new FrameAssembler({
    joinsClocks: false,
    pool,
    signal: new AbortController().signal,
    input: { width: 4, height: 4 },
    image: opens ?? { width: 8, height: 6 },
    clock: new EpochClock({ format: 'mpegts', timeBase }, 0),
    opens,
    onFrame: () => undefined,
    onMemory: () => {
      granted();
    },
    onFailure: (error) => {
      throw error as Error;
    },
  });
  parts.onStreams(
    opens === undefined ? streams : [...streams.slice(0, 2), { ...streams[2]!, ...sizeOf(opens) }],
  );
  return { parts, pool, memory };
}

function sizeOf({ width, height }: FrameGeometry): { width: number; height: number } {
  return { width, height };
}

/** The time of frame `n`. */
function sendTime(parts: FrameAssembler, n: number, ms = n * 40): void {
  const memory = parts.onFrame(CLOCK_STREAM, n * 40, 8)!;
  for (let at = 0; at < 7; at++) memory[at] = Math.floor(ms / 256 ** at) % 256;
  memory[7] = 90;
  parts.onFrameEnd();
}

const timed = new WeakMap<FrameAssembler, number>();

/** One part of frame `n`, its time before the first: every byte tells which. */
function send(parts: FrameAssembler, stream: number, n: number): boolean {
  for (let next = timed.get(parts) ?? 0; next <= n; next++) {
    sendTime(parts, next);
    timed.set(parts, next + 1);
  }
  return sendImage(parts, stream, n);
}

function sendImage(parts: FrameAssembler, stream: number, n: number, size = bytes[stream]!): boolean {
  const memory = parts.onFrame(stream + INPUT_STREAM, n * 40, size);
  if (memory === undefined) return false;
  memory.fill(100 * stream + n);
  parts.onFrameEnd();
  return true;
}

function contents({ slot, ptsUs }: AssembledFrame): [number, number[], number[]] {
  return [ptsUs, [...new Set(slot.input)], [...new Set(slot.image)]];
}

test('whatever the interleaving, frames come in order with parts that belong together', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: 20, maxLength: 20 }), (turns) => {
      const { parts, pool } = assembler(10);
      const sent = [0, 0];
      const frames: AssembledFrame[] = [];
      for (const turn of [...turns, ...turns.map((each) => !each)]) {
        const stream = turn ? 1 : 0;
        if (sent[stream]! < 10) expect(send(parts, stream, sent[stream]!++)).toBe(true);
        for (let frame = parts.take(); frame !== undefined; frame = parts.take()) frames.push(frame);
      }
      expect(frames.map(contents)).toEqual(
        Array.from({ length: 10 }, (_, n) => [n * 40_000, [n], [100 + n]]),
      );
      for (const { slot } of frames) slot.discard();
      expect(pool.free).toBe(10);
      expect(parts.incomplete).toBe(0);
    }),
  );
});

test('a part that never gets its other half is counted and its memory given back', () => {
  const { parts, pool } = assembler(4);
  send(parts, 0, 0);
  send(parts, 0, 1);
  send(parts, 1, 1);
  expect(parts.incomplete).toBe(1);
  expect(contents(parts.take()!)).toEqual([40_000, [1], [101]]);
  expect(pool.free).toBe(3);
});

test('without memory a part has to wait, and is told when there is some', async () => {
  const { parts, memory } = assembler(2);
  for (const n of [0, 1]) for (const stream of [0, 1]) expect(send(parts, stream, n)).toBe(true);
  expect(send(parts, 0, 2)).toBe(false);
  parts.take()!.slot.discard();
  await memory;
  expect(send(parts, 0, 2)).toBe(true);
});

test('closing gives everything back, also what is granted later', async () => {
  const { parts, pool } = assembler(2);
  for (const n of [0, 1]) for (const stream of [0, 1]) send(parts, stream, n);
  const held = parts.take()!;
  send(parts, 0, 2);
  parts.close();
  held.slot.discard();
  await new Promise((resolve) => setImmediate(resolve));
  expect(pool.free).toBe(2);
});

describe('epochs', () => {
  test('a frame after a jump of the clock begins one, before its memory is taken', async () => {
    const { parts, pool, memory } = assembler(2);
    const epochs: number[] = [];
    const take = (): void => {
      const { slot, ptsUs } = parts.take()!;
      const frame = slot.publish({ index: 0, ptsUs, capturedAt: 0 });
      epochs.push(frame.epoch, frame.ptsUs);
      frame.release();
    };
    for (const [n, ms] of [5000, 5040, 100].entries()) {
      sendTime(parts, n, ms);
      if (n === 2) {
        expect(sendImage(parts, 0, n)).toBe(false);
        expect(pool.epoch).toBe(1);
        take();
        await memory;
      }
      for (const stream of [0, 1]) expect(sendImage(parts, stream, n)).toBe(true);
    }
    take();
    take();
    expect(epochs).toEqual([0, 5_000_000, 0, 5_040_000, 1, 100_000]);
    expect(pool.epoch).toBe(1);
  });

  test('a jump is not lost with the frame at which it was', () => {
    const { parts, pool } = assembler(2);
    for (const stream of [0, 1]) send(parts, stream, 0);
    sendTime(parts, 1, 50_000);
    sendTime(parts, 2, 50_040);
    for (const stream of [0, 1]) sendImage(parts, stream, 2);
    expect(pool.epoch).toBe(1);
  });

  test('a run that follows another one begins with its own geometry', () => {
    const larger = { ...info, width: 10, height: 8 };
    const { parts, pool } = assembler(3, larger);
    const before = pool.tryAcquire()!.publish({ index: 0, ptsUs: 0, capturedAt: 0 });
    sendTime(parts, 0);
    sendImage(parts, 0, 0);
    sendImage(parts, 1, 0, 10 * 8 * 1.5);
    const frame = parts.take()!.slot.publish({ index: 1, ptsUs: 0, capturedAt: 0 });
    expect([before.epoch, before.width, before.image!.data.length]).toEqual([0, 8, 72]);
    expect([frame.epoch, frame.geometry, frame.image!.data.length]).toEqual([1, larger, 120]);
  });
});

describe('what does not fit is refused', () => {
  test('more open frames than the pool has', () => {
    const { parts } = assembler(2);
    send(parts, 0, 0);
    send(parts, 0, 1);
    expect(() => send(parts, 0, 2)).toThrow(/parts of more than 2 frames/);
  });

  test('a frame of another size', () => {
    const { parts } = assembler(2);
    sendTime(parts, 0);
    expect(() => parts.onFrame(INPUT_STREAM, 0, 47)).toThrow(/a frame of 47 bytes where 48/);
    expect(() => parts.onFrame(CLOCK_STREAM, 40, 7)).toThrow(/a time of 7 bytes where 8/);
    expect(() => parts.onFrame(INPUT_STREAM, 40, 48)).toThrow(/an image without its time/);
  });

  test.each([
    ['two streams only', streams.slice(0, 2)],
    ['another size', [streams[0]!, streams[1]!, { ...streams[2]!, width: 10 }]],
    ['two clocks', [streams[0]!, streams[1]!, { ...streams[2]!, timeBaseId: 1 }]],
  ])('%s', (_what, wrong) => {
    const { parts } = assembler(2);
    expect(() => {
      parts.onStreams(wrong);
    }).toThrow(/where 8x1 and 4x4 and 8x6/);
  });
});
