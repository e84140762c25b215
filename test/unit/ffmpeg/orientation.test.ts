import { expect, test } from 'vitest';
import { orientationOf } from '../../../src/ffmpeg/orientation.js';

/** As ffprobe prints the matrix of (a b; c d). */
function dump(a: number, b: number, c: number, d: number): string {
  const rows = [
    [a * 65536, b * 65536, 0],
    [c * 65536, d * 65536, 0],
    [0, 0, 1 << 30],
  ];
  return rows
    .map((row, at) => `\n0000000${at}: ${row.map((each) => String(Math.round(each)).padStart(12)).join('')}`)
    .join('');
}

// The right column is what `ffmpeg -autorotate` inserts for these matrices (fftools, configure_input_video_filter).
test.each([
  ['upright', dump(1, 0, 0, 1), [], false],
  ['a quarter turn', dump(0, 1, -1, 0), ['transpose=clock'], true],
  ['three quarters', dump(0, -1, 1, 0), ['transpose=cclock'], true],
  ['a half turn', dump(-1, 0, 0, -1), ['hflip', 'vflip'], false],
  ['mirrored', dump(-1, 0, 0, 1), ['hflip'], false],
  ['upside down', dump(1, 0, 0, -1), ['vflip'], false],
  ['a quarter turn, mirrored', dump(0, 1, 1, 0), ['transpose=cclock_flip'], true],
  ['three quarters, mirrored', dump(0, -1, -1, 0), ['transpose=clock_flip'], true],
  ['a quarter turn of a scaled picture', dump(0, 2, -2, 0), ['transpose=clock'], true],
  ['30 degrees', dump(Math.cos(Math.PI / 6), 0.5, -0.5, Math.cos(Math.PI / 6)), ['rotate=0.523598'], false],
  ['nothing', undefined, [], false],
  ['zeros', dump(0, 0, 0, 0), [], false],
  ['something else', '\n00000000: hello', [], false],
])('%s', (_what, matrix, filters, swapsAxes) => {
  expect(orientationOf(matrix)).toEqual({ filters, swapsAxes });
});
