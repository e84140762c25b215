/** Files that are whole although their containers count otherwise. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decode, MediaFolder, runFfmpeg, testPicture } from '../../support/media.js';

const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast'];
const WITH_B = [...H264, '-bf', '2', '-g', '100'];

let media: MediaFolder;
beforeAll(async () => {
  media = await MediaFolder.create();
  await media.make('b.mp4', ...testPicture('96x64', 4), ...WITH_B);
});
afterAll(() => media.remove());

async function from(source: string, name: string, before: string[], after: string[]): Promise<string> {
  await runFfmpeg(...before, '-i', join(media.path, source), ...after, join(media.path, name));
  return join(media.path, name);
}

const copied = ['-c', 'copy'];

test.each<[string, () => Promise<string>, object]>([
  ['an edit list that hides the first part', () => from('b.mp4', 'edit.mp4', ['-ss', '2'], copied), {}],
  ['the same as mov', () => from('b.mp4', 'edit.mov', ['-ss', '2.5'], copied), {}],
  [
    'Matroska that begins late',
    () => from('b.mp4', 'late.mkv', [], [...copied, '-output_ts_offset', '37.5']),
    {},
  ],
  [
    'times of a wall clock',
    () => from('b.mp4', 'wall.mkv', [], [...copied, '-output_ts_offset', '1700000000']),
    {},
  ],
  [
    'WMV that begins late',
    () => media.make('late.wmv', ...testPicture('96x64', 4), '-c:v', 'msmpeg4', '-output_ts_offset', '37.5'),
    {},
  ],
  ['B-frames in AVI', () => from('b.mp4', 'b.avi', [], copied), {}],
  [
    'AVI that begins with frames that are none',
    () => from('b.mp4', 'late.avi', [], [...copied, '-output_ts_offset', '30']),
    {},
  ],
  ['two pictures of which the last is shown for long', slides, {}],
  [
    'sound that goes on after the picture',
    () =>
      media.make('sound.flv', ...testPicture('96x64', 2), '-f', 'lavfi', '-i', 'sine=duration=4', ...H264),
    {},
  ],
  ['every 15th frame', () => Promise.resolve(join(media.path, 'b.mp4')), { stride: 15 }],
  [
    'every 39th frame of a part',
    () => Promise.resolve(join(media.path, 'b.mp4')),
    { stride: 39, start: 0.5 },
  ],
  ['more asked for than there is', () => from('b.mp4', 'raw.h264', [], copied), { duration: 60 }],
])('%s', async (_what, make, options: { stride?: number; start?: number }) => {
  const path = await make();
  const { stride = 1, start = 0 } = options;
  const asked = (await framesOf(path)) - start * 10;
  const { error, warnings, frames, info } = await decode(path, options);
  expect([error, warnings]).toEqual([undefined, []]);
  expect(frames).toHaveLength(Math.ceil(asked / stride));
  expect(info.durationUs ?? 0).toBeLessThan(42e6);
});

/** As ffmpeg decodes them. */
async function framesOf(path: string): Promise<number> {
  const listed = await runFfmpeg(
    '-i',
    path,
    '-map',
    '0:v',
    '-fps_mode',
    'passthrough',
    '-f',
    'framecrc',
    '-',
  );
  return listed
    .toString()
    .split('\n')
    .filter((line) => line.startsWith('0,')).length;
}

test('what will come is known, where the container says it', async () => {
  for (const [path, count] of [
    [await from('b.mp4', 'edit2.mp4', ['-ss', '2'], copied), 20],
    [await from('b.mp4', 'late2.mkv', [], [...copied, '-output_ts_offset', '37.5']), 40],
    [await from('b.mp4', 'wall2.mkv', [], [...copied, '-output_ts_offset', '1700000000']), 40],
  ] as const) {
    const { info, frames } = await decode(path);
    expect(Math.abs(info.expectedFrames! - count)).toBeLessThanOrEqual(1);
    expect(Math.abs(frames.length - count)).toBeLessThanOrEqual(1);
  }
});

function slides(): Promise<string> {
  const shown = "setpts='if(eq(N,0),0,1/TB)'";
  return media.make('slides.mkv', ...testPicture('96x64', 0.2), '-vf', shown, '-fps_mode', 'vfr', ...H264);
}
