import { describe, expect, test } from 'vitest';
import { EpochClock, type Moment } from '../../../src/sources/decode/epoch-clock.js';

const timeBase = { num: 1, den: 90_000 };
const frameRate = { num: 10, den: 1 };
const SHIFT = 86_400 * 90_000;

/** As ffmpeg writes them: `clockPixels`. */
function pixelsOf(ticks: number, mark = 90): Uint8Array {
  const value = BigInt.asUintN(56, BigInt(ticks));
  return Uint8Array.from({ length: 8 }, (_, at) =>
    at === 7 ? mark : Number((value >> BigInt(8 * at)) & 255n),
  );
}

function read(format: string, seconds: readonly number[]): { clock: EpochClock; moments: Moment[] } {
  const clock = new EpochClock({ format, timeBase, frameRate }, SHIFT);
  const moments = seconds.map((at, n) => clock.next(pixelsOf(Math.round(at * 90_000) + SHIFT), n));
  return { clock, moments };
}

const WRAP_SECONDS = 2 ** 33 / 90_000;

describe('jumps', () => {
  test.each<[string, string, number[], number[]]>([
    ['none', 'mpegts', [1.6, 1.7, 1.8], [0, 0, 0]],
    ['a gap of less than 10 s', 'mpegts', [1.6, 11.5, 11.6], [0, 0, 0]],
    ['a longer gap', 'mpegts', [1.6, 11.7, 11.8], [0, 1, 0]],
    ['minutes between slides', 'matroska,webm', [0, 300, 900], [0, 0, 0]],
    ['a small step back', 'mpegts', [5, 4.2, 5.1], [0, 0, 0]],
    ['a large step back', 'mpegts', [5, 3.9, 4], [0, 1, 0]],
    ['a large step back anywhere', 'flv', [5, 3.9, 4], [0, 1, 0]],
    ['back and forth', 'mpegts', [5, 1, 100, 1], [0, 1, 1, 1]],
    ['below zero', 'mpegts', [-0.5, -0.4, -3], [0, 0, 1]],
    [
      'a clock that passes 33 bits',
      'mpegts',
      [WRAP_SECONDS - 0.1, WRAP_SECONDS, WRAP_SECONDS + 1],
      [0, 0, 0],
    ],
  ])('%s', (_what, format, seconds, jumps) => {
    const { clock, moments } = read(format, seconds);
    expect(moments.map(({ beginsEpoch }) => Number(beginsEpoch))).toEqual(jumps);
    expect(clock.jumps).toBe(jumps.reduce((sum, jump) => sum + jump));
  });
});

test('each epoch has its own times, and media time goes on at the usual gap', () => {
  const { moments } = read('mpegts', [100, 100.1, 1.6, 1.7]);
  expect(moments.map(({ ptsUs }) => ptsUs)).toEqual([100e6, 100.1e6, 1.6e6, 1.7e6]);
  expect(moments.map(({ mediaUs }) => mediaUs)).toEqual([100e6, 100.1e6, 100.2e6, 100.3e6]);
});

test('times that ffmpeg took for wrapped ones are told as the stream has them', () => {
  const { moments } = read('mpegts', [100, 100.1, WRAP_SECONDS + 1.5, WRAP_SECONDS + 1.6]);
  expect(moments.map(({ ptsUs }) => ptsUs)).toEqual([100e6, 100.1e6, 1.5e6, 1.6e6]);
});

test('times that do not rise within an epoch are put one tick after another', () => {
  const { moments } = read('matroska,webm', [1, 1, 0.5, 2]);
  expect(moments.map(({ ptsUs }) => ptsUs)).toEqual([1e6, 1_000_011, 1_000_022, 2e6]);
});

test('the time of the stream stands for one that ffmpeg did not know, or not exactly', () => {
  const clock = new EpochClock({ format: 'h264', timeBase, frameRate }, 0);
  expect(clock.next(pixelsOf(7, 0), 90_000).ptsUs).toBe(1e6);
  expect(clock.next(pixelsOf(2 ** 51), 180_000).ptsUs).toBe(2e6);
});
