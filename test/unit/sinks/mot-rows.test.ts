import { describe, expect, it } from 'vitest';
import { MotRows } from '../../../src/sinks/mot/mot-rows.js';
import { frameResult, track } from '../../support/results.js';

const at = (x: number, confidence = 0.9): ReturnType<typeof track> =>
  track({ box: { x1: x, y1: 10, x2: x + 30, y2: 50 }, confidence });

describe('rows of MOT results', () => {
  it('number frames from one and give left, top, width and height', () => {
    const rows = new MotRows(0);
    expect(rows.add(frameResult(0, { tracks: [at(100.256)] }))).toBe('1,1,100.26,10,30,40,0.9,-1,-1,-1');
    expect(rows.add(frameResult(7, { tracks: [at(5)] }))).toBe('8,1,5,10,30,40,0.9,-1,-1,-1');
  });

  it('leave lost tracks out', () => {
    expect(new MotRows(0).add(frameResult(0, { tracks: [track({ state: 'lost' })] }))).toBe('');
  });

  it('fill a gap under the numbers of its frames, with the lower confidence, and no longer one', () => {
    const rowsWith = (gapSeconds: number): string => {
      const rows = new MotRows(gapSeconds);
      const parts = [[at(0, 0.8)], [], [], [at(30, 0.6)]].map((tracks, index) =>
        rows.add(frameResult(index, { tracks, ptsUs: index * 100_000 })),
      );
      return [...parts, rows.finish()].filter((part) => part !== '').join('\n');
    };
    const seen = ['1,1,0,10,30,40,0.8,-1,-1,-1', '4,1,30,10,30,40,0.6,-1,-1,-1'] as const;
    const filled = ['2,1,10,10,30,40,0.6,-1,-1,-1', '3,1,20,10,30,40,0.6,-1,-1,-1'];
    expect(rowsWith(0.3).split('\n')).toEqual([seen[0], ...filled, seen[1]]);
    expect(rowsWith(0.29).split('\n')).toEqual(seen);
  });
});
