import { describe, expect, it } from 'vitest';
import { factsOf } from '../../../src/ffmpeg/measure-packets.js';

function packet(seconds: number | undefined, flags = '__', size = '1000') {
  return { ...(seconds !== undefined && { pts_time: String(seconds) }), flags, size };
}

describe('what packets come to', () => {
  it('is rate, distance of key frames and bits a second', () => {
    const packets = Array.from({ length: 50 }, (_, at) => packet(at / 25, at % 20 === 0 ? 'K_' : '__'));
    const { rate, keyFrameSeconds, bitsPerSecond, seconds } = factsOf(packets);
    expect([rate, keyFrameSeconds, bitsPerSecond, seconds].map((value) => Math.round(1000 * value!))).toEqual(
      [25_000, 800, 200_000_000, 1960],
    );
  });

  it('does not care for the order of B-frames, nor for one odd time at the beginning', () => {
    const packets = [0, 0.5, 0.62, 0.54, 0.58, 0.66, 0.7].map((seconds) => packet(seconds));
    expect(factsOf(packets).rate).toBeCloseTo(25, 6);
  });

  it('is not known where there is nothing to measure', () => {
    expect(factsOf([])).toEqual({ packets: 0, seconds: 0 });
    expect(factsOf([packet(3, 'K_')])).toEqual({ packets: 1, seconds: 0 });
    expect(factsOf([packet(undefined), packet(undefined)])).toEqual({ packets: 2, seconds: 0 });
  });
});
