import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createFramePool } from '../../../src/pipeline/frame-pool.js';
import { type AssembledFrame, FrameAssembler } from '../../../src/sources/decode/frame-assembler.js';
import type { FramePool } from '../../../src/contract/frame.js';
import { sourceInfo } from '../../support/pipeline-parts.js';

const info = sourceInfo('clip');
const request = { input: { width: 4, height: 4, pad: 128, kernel: 'area' }, image: true } as const;
const bytes = [4 * 4 * 3, 8 * 6 + 2 * 4 * 3];
const timeBase = { num: 1, den: 1000 };
const streams = [
  { id: 0, fourcc: 'RGB\x18', width: 4, height: 4, timeBase, timeBaseId: 0, msbPtsShift: 7 },
  { id: 1, fourcc: 'I420', width: 8, height: 6, timeBase, timeBaseId: 0, msbPtsShift: 7 },
];

function assembler(capacity: number): {
  parts: FrameAssembler;
  pool: FramePool & { free: number };
  memory: Promise<void>;
} {
  const pool = createFramePool({ sourceId: 'clip', capacity, geometry: info, request });
  let granted: () => void;
  const memory = new Promise<void>((resolve) => (granted = resolve));
  const parts = new FrameAssembler({
    pool,
    signal: new AbortController().signal,
    input: { width: 4, height: 4 },
    image: { width: 8, height: 6 },
    shiftUs: 0,
    onFrame: () => undefined,
    onMemory: () => {
      granted();
    },
    onFailure: (error) => {
      throw error as Error;
    },
  });
  parts.onStreams(streams);
  return { parts, pool, memory };
}

/** One part of frame `n`: every byte tells which. */
function send(parts: FrameAssembler, stream: number, n: number): boolean {
  const memory = parts.onFrame(stream, n * 40, bytes[stream]!);
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

describe('what does not fit is refused', () => {
  test('more open frames than the pool has', () => {
    const { parts } = assembler(2);
    send(parts, 0, 0);
    send(parts, 0, 1);
    expect(() => send(parts, 0, 2)).toThrow(/parts of more than 2 frames/);
  });

  test('a frame of another size', () => {
    const { parts } = assembler(2);
    expect(() => parts.onFrame(0, 0, 47)).toThrow(/a frame of 47 bytes where 48/);
  });

  test.each([
    ['one stream only', [streams[0]!]],
    ['another size', [streams[0]!, { ...streams[1]!, width: 10 }]],
    ['two clocks', [streams[0]!, { ...streams[1]!, timeBaseId: 1 }]],
  ])('%s', (_what, wrong) => {
    const { parts } = assembler(2);
    expect(() => {
      parts.onStreams(wrong);
    }).toThrow(/where 4x4 and 8x6/);
  });
});
