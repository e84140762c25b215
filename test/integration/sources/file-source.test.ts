import { execFile } from 'node:child_process';
import { mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  carClip,
  decode,
  type Decoded,
  ffmpeg,
  frameTimesOf,
  MediaFolder,
  runFfmpeg,
  testPicture,
} from '../../support/media.js';

let media: MediaFolder;
beforeAll(async () => (media = await MediaFolder.create()));
afterAll(() => media.remove());

/** What ffmpeg makes of the picture by itself: upright by its own means, 4:2:0 at source size. */
function ownPictures(path: string, ...filters: string[]): Promise<Buffer> {
  const graph = [...filters, 'format=yuv420p'].join(',');
  return runFfmpeg('-i', path, '-vf', graph, '-fps_mode', 'passthrough', '-f', 'rawvideo', '-');
}

/** Of the earliest stream, in seconds. */
async function startOf(path: string): Promise<string> {
  const asked = ['-v', 'error', '-show_entries', 'format=start_time', '-of', 'csv=p=0', path];
  return (await promisify(execFile)(ffmpeg.ffprobePath, asked)).stdout;
}

function pictures({ frames }: Decoded): Buffer {
  return Buffer.concat(frames.map(({ picture }) => picture!));
}

function times({ frames }: Decoded): number[] {
  return frames.map(({ ptsUs }) => ptsUs);
}

/** The decoding went to its end and gave all memory back. */
function expectWhole(decoded: Decoded): void {
  expect(decoded.error).toBeUndefined();
  expect(decoded.missing).toBe(0);
  expect(decoded.decodeErrors).toBe(0);
  expect(decoded.warnings).toEqual([]);
  expect(decoded.frames.map(({ index }) => index)).toEqual(decoded.frames.map((_, at) => at));
}

test('a bundled clip comes whole, with its times, in both sizes', async () => {
  const decoded = await decode(carClip);
  expectWhole(decoded);
  expect(decoded.info).toMatchObject({
    id: 'clip',
    uri: carClip,
    live: false,
    width: 768,
    height: 432,
    pixelAspect: { num: 1, den: 1 },
    timeBase: { num: 1, den: 25000 },
    frameRate: { num: 25, den: 2 },
    startUs: 0,
    durationUs: 30_160_000,
    expectedFrames: 377,
    audioCodecs: ['aac'],
    colour: { range: 'tv', space: 'smpte170m', primaries: 'smpte170m', transfer: 'smpte170m' },
    letterbox: { x: 0, y: 14, width: 64, height: 36, sourceWidth: 768, sourceHeight: 432 },
  });
  expect(times(decoded)).toEqual(await frameTimesOf(carClip));
  expect(pictures(decoded).equals(await ownPictures(carClip))).toBe(true);
  const letterboxed = 'scale=64:36:flags=area,format=rgb24,pad=64:64:0:14:color=0x808080';
  const models = await runFfmpeg('-i', carClip, '-vf', letterboxed, '-f', 'rawvideo', '-');
  expect(Buffer.concat(decoded.frames.map(({ model }) => model)).equals(models)).toBe(true);
});

test('a stretched picture is what the reference makes of it without a letterbox', async () => {
  const golden = (name: string) => fileURLToPath(new URL(`../../golden/${name}`, import.meta.url));
  const reference = await runFfmpeg(
    '-i',
    golden('stretch_416.png'),
    '-pix_fmt',
    'rgb24',
    '-f',
    'rawvideo',
    '-',
  );
  const input = { width: 416, height: 416, pad: 128, kernel: 'bicubic' } as const;
  const differenceTo = async (fit: 'stretch' | 'letterbox') => {
    const request = { input: { ...input, fit }, image: false };
    const { frames } = await decode(golden('letterbox_source.png'), {}, request);
    const { model } = frames[0]!;
    expect(model.length).toBe(reference.length);
    return model.reduce((sum, value, at) => sum + Math.abs(value - reference[at]!), 0) / model.length;
  };
  // Levels of 255; the filters of Pillow and ffmpeg are both bicubic and not the same to the last digit.
  expect(await differenceTo('stretch')).toBeLessThan(1);
  expect(await differenceTo('letterbox')).toBeGreaterThan(5);
});

test('without pictures there are none', async () => {
  const request = { input: { width: 64, height: 64, pad: 0, kernel: 'bilinear' }, image: false } as const;
  const decoded = await decode(carClip, { maxFrames: 3 }, request);
  expect(decoded.frames.map(({ picture }) => picture)).toEqual([undefined, undefined, undefined]);
  expect(decoded.frames[0]!.model.subarray(0, 64 * 14 * 3).every((value) => value === 0)).toBe(true);
});

test('a pool of two frames gives the same as a large one', async () => {
  const small = await decode(carClip, { maxFrames: 25 }, undefined, 2);
  const large = await decode(carClip, { maxFrames: 25 }, undefined, 20);
  expect(pictures(small).equals(pictures(large))).toBe(true);
  expect(times(small)).toEqual(times(large));
});

describe('timestamps', () => {
  // Irregular, in the time base's smallest steps: frame n at (n² · 37 + n) ms.
  const irregular = ['-vf', "settb=1/1000,setpts='N*N*37+N'", '-fps_mode', 'passthrough'];
  const x264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-enc_time_base', '1:90000'];

  test.each([
    ['matroska, milliseconds', 'vfr.mkv', [...irregular, ...x264]],
    ['mp4, 1/90000', 'vfr90k.mp4', [...irregular, ...x264, '-video_track_timescale', '90000']],
    ['mp4, 1/200000', 'vfr200k.mp4', [...irregular, ...x264, '-video_track_timescale', '200000']],
    ['mp4, 1/30000 at 29.97', 'ntsc.mp4', ['-r', '30000/1001', '-c:v', 'libx264']],
    ['mpegts that begins at 1.4 s and has B-frames', 'late.ts', ['-c:v', 'libx264', '-bf', '2']],
    ['mp4 that begins at 100 s', 'offset.mp4', ['-c:v', 'libx264', '-output_ts_offset', '100']],
    ['avi, 1/10', 'plain.avi', ['-c:v', 'mpeg4']],
    ['flv', 'plain.flv', ['-c:v', 'flv']],
    ['gif', 'plain.gif', []],
    ['webm', 'plain.webm', ['-c:v', 'libvpx']],
  ])('of %s are exact', async (_what, name, args) => {
    const path = await media.make(name, ...testPicture('64x48', 2), ...args);
    const decoded = await decode(path);
    expectWhole(decoded);
    expect(times(decoded)).toEqual(await frameTimesOf(path));
    expect(decoded.frames.length).toBeGreaterThan(10);
    expect(decoded.info.startUs).toBe(decoded.frames[0]!.ptsUs);
  });

  test('before zero stay negative', async () => {
    const path = await media.make(
      'negative.mkv',
      ...testPicture('64x48', 2),
      ...['-c:v', 'ffv1', '-avoid_negative_ts', 'disabled', '-output_ts_offset', '-0.75'],
    );
    const decoded = await decode(path);
    expectWhole(decoded);
    expect(times(decoded)).toEqual(await frameTimesOf(path));
    expect(decoded.frames[0]!.ptsUs).toBe(-750_000);
  });

  // 1.4 s and thirds of a millisecond: neither microseconds nor sums of them say such a time exactly.
  test.each([5, 7, 12])('in MPEG-TS at %d frames a second begin exactly at the start', async (rate) => {
    const path = await media.make(
      `third-${rate}.ts`,
      ...[...testPicture('64x48', 4, rate), '-f', 'lavfi', '-i', 'sine=duration=4'],
      ...['-c:v', 'libx264', '-g', `${rate}`, '-c:a', 'mp2', '-output_ts_offset', '0.0333'],
    );
    const all = await frameTimesOf(path);
    const begin = (await decode(path)).info.startUs;
    const earliest = Number(await startOf(path)) * 1e6;
    for (const at of [rate, 2 * rate]) {
      // As a person reads it off a player: the frame's time since the beginning of the file, in microseconds.
      const start = (all[at]! - Math.round(earliest)) / 1e6;
      const decoded = await decode(path, { start, duration: 1 });
      expect(times(decoded)).toEqual(all.slice(at, at + rate));
    }
    expect(begin).toBe(all[0]);
  });

  test('of an mp4 whose edit list hides frames are those of what is shown', async () => {
    const long = await media.make('long.mp4', ...testPicture('64x48', 3), '-c:v', 'libx264', '-g', '30');
    const path = await media.make('edited.mp4', '-ss', '1.05', '-i', long, '-c', 'copy');
    const decoded = await decode(path);
    expect(decoded.error).toBeUndefined();
    expect(times(decoded)).toEqual(await frameTimesOf(path));
  });
});

describe('a part of a file', () => {
  let path: string;
  let all: number[];
  beforeAll(async () => {
    path = await media.make(
      'part.mp4',
      ...testPicture('64x48', 10),
      '-c:v',
      'libx264',
      '-g',
      '50',
      '-bf',
      '2',
    );
    all = await frameTimesOf(path);
  });

  test.each([
    ['start', { start: 5 }, (us: number) => us >= 5e6],
    ['start between frames', { start: 4.95 }, (us: number) => us >= 4.95e6],
    ['duration', { duration: 2.5 }, (us: number) => us < 2.5e6],
    ['start and duration', { start: 3, duration: 2 }, (us: number) => us >= 3e6 && us < 5e6],
    ['stride', { stride: 7 }, (_us: number, at: number) => at % 7 === 0],
    ['maxFrames', { maxFrames: 12 }, (_us: number, at: number) => at < 12],
    [
      'all of them',
      { start: 2, duration: 4, stride: 3, maxFrames: 5 },
      (us: number, at: number) => us >= 2e6 && us < 6e6 && (at - 20) % 3 === 0 && at < 35,
    ],
  ])('by %s', async (_what, range, wanted) => {
    const decoded = await decode(path, range);
    expectWhole(decoded);
    expect(times(decoded)).toEqual(all.filter(wanted));
    expect(Math.abs(decoded.info.expectedFrames! - decoded.frames.length)).toBeLessThanOrEqual(1);
  });

  test('that begins late in a file that begins late', async () => {
    const late = await media.make('late.mkv', '-i', path, '-c', 'copy', '-output_ts_offset', '100');
    const decoded = await decode(late, { start: 5, duration: 1 });
    expectWhole(decoded);
    expect(times(decoded)).toEqual((await frameTimesOf(late)).filter((us) => us >= 105e6 && us < 106e6));
  });

  test.each(['ts', 'mkv', 'avi', 'flv', 'mpg'])('in %s too', async (format) => {
    const codec =
      format === 'flv'
        ? ['-c:v', 'flv', '-g', '50']
        : format === 'mpg'
          ? ['-r', '25', '-c:v', 'mpeg2video']
          : ['-c:v', 'mpeg4', '-g', '50'];
    const other = await media.make(`part.${format}`, '-i', path, ...codec);
    const times0 = await frameTimesOf(other);
    const decoded = await decode(other, { start: 5, duration: 2 });
    expectWhole(decoded);
    const begin = times0[0]! + 5e6;
    expect(times(decoded)).toEqual(times0.filter((us) => us >= begin && us < begin + 2e6));
  });

  test('that lies after the end is an error that says how long the file is', async () => {
    const { error, frames } = await decode(path, { start: 60 });
    expect(frames).toEqual([]);
    expect(error).toMatchObject({ code: 'ERR_SOURCE_DECODE' });
    expect(String(error)).toMatch(/no frame at or after 60 s; it lasts 10\.0 s/);
  });
});

describe('pictures of every kind', () => {
  const full = 'scale=out_range=pc:out_color_matrix=smpte170m';
  test.each<[string, string, string[], string?]>([
    ['odd sizes', 'odd.mkv', [...testPicture('321x241'), '-pix_fmt', 'yuv420p', '-c:v', 'ffv1']],
    [
      'a single pixel row',
      'row.mkv',
      [...testPicture(), '-vf', 'scale=64:1', '-pix_fmt', 'yuv420p', '-c:v', 'ffv1'],
    ],
    ['10 bits', 'ten.mkv', [...testPicture(), '-pix_fmt', 'yuv420p10le', '-c:v', 'ffv1']],
    ['4:2:2', '422.mkv', [...testPicture('65x49'), '-pix_fmt', 'yuv422p', '-c:v', 'ffv1']],
    ['4:4:4', '444.mkv', [...testPicture('65x49'), '-pix_fmt', 'yuv444p', '-c:v', 'ffv1']],
    ['grey', 'grey.mkv', [...testPicture(), '-pix_fmt', 'gray', '-c:v', 'ffv1'], full],
    ['alpha', 'alpha.mkv', [...testPicture(), '-pix_fmt', 'yuva420p', '-c:v', 'ffv1']],
    ['a palette', 'palette.gif', [...testPicture()], full],
    ['rgb', 'rgb.mkv', [...testPicture(), '-pix_fmt', 'bgr0', '-c:v', 'ffv1'], full],
    ['interlaced', 'interlaced.mkv', [...testPicture(), '-c:v', 'mpeg2video', '-flags', '+ilme+ildct']],
  ])('%s', async (_what, name, args, filter = 'null') => {
    const path = await media.make(name, ...args);
    const decoded = await decode(path);
    expectWhole(decoded);
    expect(decoded.frames).toHaveLength(10);
    expect(pictures(decoded).equals(await ownPictures(path, filter))).toBe(true);
  });

  test('pixels that are not square are shown to the network square', async () => {
    const path = await media.make('wide.mkv', ...testPicture('64x48'), '-vf', 'setsar=2/1', '-c:v', 'ffv1');
    const decoded = await decode(path);
    expectWhole(decoded);
    expect(decoded.info).toMatchObject({ width: 64, height: 48, pixelAspect: { num: 2, den: 1 } });
    expect(decoded.info.letterbox).toMatchObject({ x: 0, y: 20, width: 64, height: 24 });
    const letterboxed = 'scale=64:24:flags=area,format=rgb24,pad=64:64:0:20:color=0x808080';
    const models = await runFfmpeg('-i', path, '-vf', letterboxed, '-f', 'rawvideo', '-');
    expect(Buffer.concat(decoded.frames.map(({ model }) => model)).equals(models)).toBe(true);
  });

  test.each([0, 90, 180, 270])('turned by %d degrees, with wide pixels', async (degrees) => {
    const plain = await media.make(
      'plain.mp4',
      ...testPicture('96x48'),
      '-vf',
      'setsar=3/2',
      '-c:v',
      'libx264',
      '-pix_fmt',
      'yuv420p',
    );
    const turned = ['-c', 'copy', '-metadata:s:v:0', `rotate=${degrees}`];
    const path = await media.make(`turned${degrees}.mp4`, '-i', plain, ...turned);
    const decoded = await decode(path);
    expectWhole(decoded);
    const upright = degrees % 180 === 0;
    expect(decoded.info).toMatchObject(
      upright
        ? { width: 96, height: 48, pixelAspect: { num: 3, den: 2 }, letterbox: { width: 64, height: 21 } }
        : { width: 48, height: 96, pixelAspect: { num: 2, den: 3 }, letterbox: { width: 21, height: 64 } },
    );
    expect(pictures(decoded).equals(await ownPictures(path))).toBe(true);
  });

  test.each(['png', 'jpg', 'bmp', 'webp', 'tiff'])('a still %s is one frame', async (format) => {
    const path = await media.make(`still.${format}`, ...testPicture('65x49'), '-frames:v', '1');
    const decoded = await decode(path);
    expectWhole(decoded);
    expect(decoded.frames).toHaveLength(1);
    expect(decoded.info.expectedFrames ?? 1).toBe(1);
    expect(pictures(decoded).equals(await ownPictures(path, /webp|tiff/.test(format) ? 'null' : full))).toBe(
      true,
    );
  });

  test('a size that changes in mid-stream is brought to the first one', async () => {
    const small = await media.make('small.ts', ...testPicture('64x48'), '-c:v', 'mpeg2video');
    const large = await media.make(
      'large.ts',
      ...testPicture('96x48'),
      '-c:v',
      'mpeg2video',
      '-output_ts_offset',
      '1',
    );
    const path = join(media.path, 'changing.ts');
    await writeFile(
      path,
      Buffer.concat([
        await runFfmpeg('-i', small, '-c', 'copy', '-f', 'mpegts', '-'),
        await runFfmpeg('-i', large, '-c', 'copy', '-copyts', '-f', 'mpegts', '-'),
      ]),
    );
    const decoded = await decode(path);
    expect(decoded.error).toBeUndefined();
    expect(times(decoded)).toEqual(await frameTimesOf(path));
    expect(decoded.frames.length).toBeGreaterThan(15);
    expect(decoded.warnings).toHaveLength(1);
    expect(decoded.warnings[0]).toMatch(/changes from 64x48 to 96x48; it is scaled to its first size/);
  });

  test('sound that is longer than the picture changes nothing', async () => {
    const path = await media.make(
      'sound.mp4',
      ...testPicture(),
      '-f',
      'lavfi',
      '-i',
      'sine=duration=5',
      '-c:v',
      'libx264',
    );
    const decoded = await decode(path);
    expectWhole(decoded);
    expect(decoded.frames).toHaveLength(10);
    expect(decoded.info.audioCodecs).toEqual(['aac']);
  });
});

describe('names', () => {
  test.each([
    '-dash.mp4',
    'a:b.mp4',
    '100%d.mp4',
    'line\nbreak.mp4',
    'Füße 影.mp4',
    "it's [1] {2} *?.mp4",
    'im%03d.png',
    'x*[1].png',
  ])('%j can be read', async (name) => {
    const path = await media.make('named.mp4', ...testPicture('64x48', 0.3));
    const decoded = await decode(await renamed(path, name));
    expectWhole(decoded);
    expect(decoded.frames.length).toBeGreaterThan(0);
    expect(decoded.info.uri).not.toContain('\n');
  });

  async function renamed(path: string, name: string): Promise<string> {
    const other = join(media.path, name);
    if (name.endsWith('.png'))
      await writeFile(
        other,
        await runFfmpeg('-i', path, '-frames:v', '1', '-f', 'image2pipe', '-c:v', 'png', '-'),
      );
    else
      await writeFile(
        other,
        await runFfmpeg('-i', path, '-c', 'copy', '-f', 'mp4', '-movflags', 'frag_keyframe+empty_moov', '-'),
      );
    return other;
  }
});

describe('the way from ffmpeg to memory', () => {
  async function decodeWithTemporaryFolder(folder: string): Promise<Decoded> {
    vi.stubEnv('TMPDIR', folder);
    onTestFinished(() => void vi.unstubAllEnvs());
    return decode(carClip, { maxFrames: 40 });
  }

  test('is the same where no socket can be made', async () => {
    const usual = await decode(carClip, { maxFrames: 40 });
    const other = await decodeWithTemporaryFolder('/no/such/folder');
    expectWhole(other);
    expect(pictures(other).equals(pictures(usual))).toBe(true);
    expect(times(other)).toEqual(times(usual));
  });

  // Many of them come with one read, more than the pool takes.
  test.each(['/no/such/folder', undefined])(
    'holds for tiny frames (temporary folder: %s)',
    async (folder) => {
      if (folder !== undefined) vi.stubEnv('TMPDIR', folder);
      onTestFinished(() => void vi.unstubAllEnvs());
      const tiny = { input: { width: 8, height: 8, pad: 128, kernel: 'area' }, image: false } as const;
      const decoded = await decode(carClip, {}, tiny, 2);
      expectWhole(decoded);
      const letterboxed = 'scale=8:4:flags=area,format=rgb24,pad=8:8:0:2:color=0x808080';
      const models = await runFfmpeg('-i', carClip, '-vf', letterboxed, '-f', 'rawvideo', '-');
      expect(Buffer.concat(decoded.frames.map(({ model }) => model)).equals(models)).toBe(true);
    },
  );

  test('leaves no socket behind', async () => {
    const folder = await mkdtemp(join(media.path, 'tmp-'));
    expectWhole(await decodeWithTemporaryFolder(folder));
    expect(await readdir(folder)).toEqual([]);
  });
});
