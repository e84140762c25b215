import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { type FfmpegInstallation, findFfmpeg } from '../../../src/ffmpeg/find-ffmpeg.js';
import { createVideoSink } from '../../../src/sinks/video/video-sink.js';
import type { SourceOutcome } from '../../../src/contract/run.js';
import type { Rational } from '../../../src/contract/picture.js';
import type { AnalyticsTotals } from '../../../src/contract/events.js';
import type { SinkStream } from '../../../src/contract/sink.js';
import type { SourceInfo } from '../../../src/contract/source.js';
import { detectorInfo, sourceInfo } from '../../support/results.js';
import { warningsTo } from '../../support/recording-logger.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { audioHash, feed, ffmpeg, greyPicture, infoOf, probe, resultAt } from '../../support/video-files.js';

const CARS = fileURLToPath(new URL('../../../examples/clips/car-detection.mp4', import.meta.url));
let installation: FfmpegInstallation;

beforeAll(async () => {
  installation = await findFfmpeg();
});

/** Sends a file through the sink, as the pipeline does. */
async function annotate(
  input: string,
  path: string,
  {
    from = -Infinity,
    to = Infinity,
    outcome = 'completed',
    changes = {},
  }: { from?: number; to?: number; outcome?: SourceOutcome; changes?: Partial<SourceInfo> } = {},
): Promise<string | undefined> {
  const info = await infoOf(input, changes);
  const sink = createVideoSink({ path, ffmpeg: installation, audioFrom: input });
  await sink.prepare?.();
  const stream = await sink.open(info, detectorInfo());
  await feed(stream, input, info, { from, to });
  await stream.end(outcome);
  return stream.describe?.();
}

/** Sends small grey frames with these timestamps through the sink. */
async function annotateTimes(
  path: string,
  microseconds: readonly number[],
  changes: Partial<SourceInfo>,
): Promise<void> {
  const picture = greyPicture(32, 24);
  const info = sourceInfo({ width: 32, height: 24, startUs: microseconds[0]!, ...changes });
  const stream = await createVideoSink({ path, ffmpeg: installation }).open(info, detectorInfo());
  for (const [index, us] of microseconds.entries()) await stream.write(resultAt(index, us, picture));
  await stream.end('completed');
}

test('a clip keeps its frames, timestamps, colours and audio', async () => {
  const folder = await temporaryFolder();
  const output = join(folder, 'out.mp4');
  const note = await annotate(CARS, output);
  const [before, after] = [await probe(CARS), await probe(output)];
  expect(after.pts).toEqual(before.pts);
  expect(note).toBe(`${output} (377 frames, audio copied)`);
  const [was, is] = [before.streams[0]!, after.streams[0]!];
  for (const field of [
    'time_base',
    'width',
    'height',
    'color_range',
    'color_space',
    'color_transfer',
    'color_primaries',
  ])
    expect(is[field], field).toBe(was[field]);
  expect(is['codec_name']).toBe('h264');
  expect(is['pix_fmt']).toBe('yuv420p');
  expect(Number(is['duration'])).toBeCloseTo(Number(was['duration']), 3);
  // 768 × 432 at 12.5 frames a second; a level made of the time base would be 5 or more.
  expect(Number(is['level'])).toBeLessThan(31);
  expect(await audioHash(output)).toBe(await audioHash(CARS));
  expect(after.streams[1]!['start_pts']).toBe(before.streams[1]!['start_pts']);
  expect(await readdir(folder)).toEqual(['out.mp4']);
});

test.each([60, 300, 1200])('pictures %d s apart in a clock of microseconds', async (gap) => {
  const path = join(await temporaryFolder(), 'gaps.mp4');
  const times = Array.from({ length: 12 }, (_, n) => n * gap * 1e6);
  await annotateTimes(path, times, { timeBase: { num: 1, den: 1_000_000 }, frameRate: { num: 10, den: 1 } });
  const { pts, streams } = await probe(path);
  expect(pts).toEqual(times);
  // Composition offsets of 2^28 ticks and more are refused; pictures in the order in which they are decoded have none.
  expect(streams[0]!['has_b_frames']).toBe(0);
});

test('B-frames are used where gaps fit their offsets', async () => {
  const path = join(await temporaryFolder(), 'usual.mp4');
  const times = Array.from({ length: 12 }, (_, n) => n * 40_000);
  await annotateTimes(path, times, { timeBase: { num: 1, den: 90_000 }, frameRate: { num: 25, den: 1 } });
  expect((await probe(path)).streams[0]!['has_b_frames']).toBeGreaterThan(0);
});

/** Eight seconds at most, one picture in each 40 ms, moved to the times that `setpts` gives. */
async function clip(path: string, setpts: string, ...options: string[]): Promise<void> {
  await ffmpeg(
    ...['-f', 'lavfi', '-i', 'testsrc2=s=160x120:r=25:d=2', '-f', 'lavfi', '-i', 'sine=d=2:r=48000'],
    ...[
      '-vf',
      `setpts=${setpts}`,
      '-fps_mode',
      'passthrough',
      '-enc_time_base:v',
      '1:90000',
      '-c:v',
      'libx264',
    ],
    ...['-video_track_timescale', '90000', '-movie_timescale', '90000', ...options, path],
  );
}

test.each([
  ['uneven gaps', '(N*3600+N*N*37)'],
  ['a start after zero', '(N*3600+12345)'],
  ['a start after zero and uneven gaps', '(N*3600+N*N*37+1)'],
])('timestamps of a file with %s are kept to the tick', async (_, ticks) => {
  const folder = await temporaryFolder();
  const input = join(folder, 'in.mp4');
  await clip(input, `${ticks}/90000/TB`);
  await annotate(input, join(folder, 'out.mp4'));
  const [before, after] = [await probe(input), await probe(join(folder, 'out.mp4'))];
  expect(before.pts[0]).toBe(before.pts[0]! > 0 ? before.streams[0]!['start_pts'] : 0);
  expect(after.pts).toEqual(before.pts);
  expect(await audioHash(join(folder, 'out.mp4'))).toBe(await audioHash(input));
  // In Matroska they are those of its milliseconds.
  await annotate(input, join(folder, 'out.mkv'));
  const rounded = await probe(join(folder, 'out.mkv'));
  expect(rounded.pts).toHaveLength(before.pts.length);
  for (const [index, second] of rounded.seconds.entries())
    expect(Math.abs(second - before.seconds[index]!)).toBeLessThanOrEqual(0.0005001);
});

test.each<[string, Rational, Rational]>([
  ['30000/1001 frames a second', { num: 1001, den: 30_000 }, { num: 1001, den: 30_000 }],
  ['a transport stream', { num: 1, den: 90_000 }, { num: 1, den: 90_000 }],
  ['one tick a frame', { num: 1, den: 25 }, { num: 1, den: 25 }],
  ['nanoseconds', { num: 1, den: 1_000_000_000 }, { num: 1, den: 1_000_000 }],
])('the time base of %s is exact', async (_, timeBase, inFile) => {
  const output = join(await temporaryFolder(), 'out.mp4');
  const second = timeBase.den / timeBase.num;
  const ticks = [3, 4, 5, 7, 8, 20, 21, 22].map((frame) => Math.round((frame * second) / 25));
  const distinct = [...new Set(ticks)];
  await annotateTimes(
    output,
    distinct.map((tick) => Math.round((tick / second) * 1e6)),
    { timeBase, startUs: 0 },
  );
  const { pts, streams } = await probe(output);
  const ticksInFile = inFile.den; // A track counts in 1/den, whatever the numerator.
  expect(streams[0]!['time_base']).toBe(`1/${ticksInFile}`);
  expect(pts).toEqual(distinct.map((tick) => Math.round((tick / second) * ticksInFile)));
});

test('odd sizes are made even at the far edges, and the shape of the pixels is kept', async () => {
  const folder = await temporaryFolder();
  const [input, output] = [join(folder, 'in.mkv'), join(folder, 'out.mp4')];
  await ffmpeg(
    '-f',
    'lavfi',
    '-i',
    'testsrc=s=161x121:d=1,setsar=16/15',
    '-c:v',
    'ffv1',
    '-pix_fmt',
    'yuv420p',
    input,
  );
  await annotate(input, output);
  const { streams } = await probe(output);
  expect(streams[0]).toMatchObject({ width: 162, height: 122, sample_aspect_ratio: '16:15' });
});

test('what labels cannot show is told once, with its names', async () => {
  const folder = await temporaryFolder();
  const warnings: string[] = [];
  const detector = { ...detectorInfo(), classes: ['person', 'Fußgänger', '自転車', 'грузовик'] };
  const open = (name: string): Promise<SinkStream> =>
    createVideoSink({ path: join(folder, name), ffmpeg: installation, logger: warningsTo(warnings) }).open(
      sourceInfo({ width: 32, height: 24 }),
      detector,
    );
  const stream = await open('a.mp4');
  await open('b.mp4');
  expect(warnings).toEqual([
    expect.stringContaining('of the classes "自転車", "грузовик": its labels have Latin letters only'),
  ]);
  const zone = { name: '入口', polygon: [], holes: [], occupancy: 0, entered: 0, left: 0 };
  const totals = { lines: [], zones: [zone] } as unknown as AnalyticsTotals;
  for (const index of [0, 1])
    await stream.write({ ...resultAt(index, index * 40_000, greyPicture(32, 24)), totals });
  await stream.end('completed');
  expect(warnings.slice(1)).toEqual([expect.stringContaining('of the line or zone "入口": its labels')]);
});

describe('the timeline', () => {
  test('a clock of its own is moved to zero, and the audio with it', async () => {
    const folder = await temporaryFolder();
    const [input, output] = [join(folder, 'in.mkv'), join(folder, 'out.mp4')];
    // Audio begins 40 ms after the video, an hour into the timeline.
    await clip(
      input,
      '(PTS-STARTPTS)',
      '-af',
      'asetpts=PTS+0.04/TB',
      '-c:a',
      'aac',
      '-output_ts_offset',
      '3600',
    );
    await annotate(input, output);
    const [before, after] = [await probe(input), await probe(output)];
    expect(before.seconds[0]).toBeGreaterThan(3599);
    expect(after.seconds[0]).toBe(0);
    expect(after.seconds.at(-1)).toBeCloseTo(before.seconds.at(-1)! - before.seconds[0]!, 6);
    const offset = (file: typeof before): number =>
      Number(file.streams[1]!['start_time']) - Number(file.streams[0]!['start_time']);
    expect(offset(after)).toBeCloseTo(offset(before), 3);
    expect(await audioHash(output)).toBe(await audioHash(input));
  });

  test('a part of the input begins at zero and has the audio of that part', async () => {
    const output = join(await temporaryFolder(), 'part.mp4');
    await annotate(CARS, output, { from: 3, to: 5 });
    const { seconds, streams } = await probe(output);
    expect(seconds).toHaveLength(25);
    expect(seconds[0]).toBe(0);
    expect(Number(streams[1]!['start_time'])).toBeLessThan(0.03);
    expect(Number(streams[1]!['duration'])).toBeGreaterThan(1.95);
    expect(Number(streams[1]!['duration'])).toBeLessThan(2.06);
  });

  test('a run that is stopped leaves what there is, with the audio up to there', async () => {
    const output = join(await temporaryFolder(), 'stopped.mp4');
    const note = await annotate(CARS, output, { to: 2, outcome: 'stopped' });
    expect(note).toContain('25 frames');
    const { seconds, streams } = await probe(output);
    expect(seconds).toHaveLength(25);
    expect(Number(streams[1]!['duration'])).toBeLessThan(2.06);
    expect(Number(streams[1]!['duration'])).toBeGreaterThan(1.95);
  });

  test('times before zero and times that do not rise are mended', async () => {
    const output = join(await temporaryFolder(), 'out.mp4');
    await annotateTimes(output, [-80_000, -40_000, 0, 0, 40_000], { timeBase: { num: 1, den: 1000 } });
    expect((await probe(output)).pts).toEqual([0, 40, 80, 81, 120]);
  });

  test('one frame is a video that lasts as long as a frame', async () => {
    const output = join(await temporaryFolder(), 'out.mp4');
    await annotateTimes(output, [0], { timeBase: { num: 1, den: 12_800 }, frameRate: { num: 25, den: 1 } });
    const { streams } = await probe(output);
    expect(streams[0]).toMatchObject({ nb_frames: '1', duration: '0.040000' });
  });
});

describe('audio', () => {
  test.each([
    ['mp4', 'libopus', 'opus', 'audio copied'],
    ['mov', 'libopus', 'aac', 'audio encoded with aac'],
    ['mkv', 'pcm_s16le', 'pcm_s16le', 'audio copied'],
    ['webm', 'aac', 'opus', 'audio encoded with libopus'],
    ['webm', 'libopus', 'opus', 'audio copied'],
  ])('%s takes %s as %s', async (extension, encoder, codec, said) => {
    const folder = await temporaryFolder();
    const [input, output] = [join(folder, 'in.mkv'), join(folder, `out.${extension}`)];
    await clip(input, 'PTS', '-c:a', encoder);
    expect(await annotate(input, output)).toContain(said);
    const { streams, pts } = await probe(output);
    expect(streams[1]!['codec_name']).toBe(codec);
    expect(pts).toHaveLength(50);
    expect(streams[0]!['codec_name']).toBe(extension === 'webm' ? 'vp9' : 'h264');
    if (said === 'audio copied') expect(await audioHash(output)).toBe(await audioHash(input));
  });

  test('every audio stream is taken over', async () => {
    const folder = await temporaryFolder();
    const [input, output] = [join(folder, 'in.mkv'), join(folder, 'out.mp4')];
    await ffmpeg(
      ...[
        '-f',
        'lavfi',
        '-i',
        'testsrc2=s=64x48:d=1',
        '-f',
        'lavfi',
        '-i',
        'sine=d=1',
        '-f',
        'lavfi',
        '-i',
        'sine=880:d=1',
      ],
      ...[
        '-map',
        '0',
        '-map',
        '1',
        '-map',
        '2',
        '-c:a:0',
        'aac',
        '-c:a:1',
        'pcm_s16le',
        '-metadata:s:a:0',
        'language=deu',
      ],
      input,
    );
    await annotate(input, output);
    const { streams } = await probe(output);
    expect(streams.map((stream) => stream['codec_name'])).toEqual(['h264', 'aac', 'aac']);
    expect(streams[1]!['tags']).toMatchObject({ language: 'deu' });
  });

  test('a video whose audio has gone is kept without it', async () => {
    const folder = await temporaryFolder();
    const output = join(folder, 'out.mp4');
    const warnings: string[] = [];
    const logger = {
      debug: drop,
      info: drop,
      error: drop,
      warn: (_: object, text: string) => warnings.push(text),
    };
    const sink = createVideoSink({
      path: output,
      ffmpeg: installation,
      audioFrom: join(folder, 'gone.mp4'),
      logger,
    });
    const info = sourceInfo({ width: 32, height: 24, audioCodecs: ['aac'] });
    const stream = await sink.open(info, detectorInfo());
    await stream.write(resultAt(0, 0, greyPicture(32, 24)));
    await stream.end('completed');
    expect((await probe(output)).pts).toEqual([0]);
    expect(warnings.join()).toMatch(/adding the audio to .* failed: .*No such file.*kept without it/);
    expect(stream.describe?.()).toContain('without audio');
    expect(await readdir(folder)).toEqual(['out.mp4']);
  });
});

test('frames stay as the source made them', async () => {
  const picture = greyPicture(64, 48);
  const before = Uint8Array.from(picture.data);
  const folder = await temporaryFolder();
  const stream = await createVideoSink({ path: join(folder, 'out.mkv'), ffmpeg: installation }).open(
    sourceInfo({ width: 64, height: 48 }),
    detectorInfo(),
  );
  for (let index = 0; index < 4; index++) await stream.write(resultAt(index, index * 40_000, picture));
  await stream.end('completed');
  expect(picture.data).toEqual(before);
  // And the boxes are in the file: grey alone would have no colour.
  const stats = await ffmpeg(
    '-i',
    join(folder, 'out.mkv'),
    '-vf',
    'signalstats,metadata=print:file=-',
    '-f',
    'null',
    '-',
  );
  expect(Number(/SATMAX=(\d+)/.exec(stats)?.[1])).toBeGreaterThan(40);
});

test('an existing file is replaced only when told so', async () => {
  const folder = await temporaryFolder();
  const path = join(folder, 'out.mp4');
  await writeFile(path, 'mine');
  await expect(createVideoSink({ path, ffmpeg: installation }).prepare?.()).rejects.toMatchObject({
    code: 'ERR_SINK_EXISTS',
    message: expect.stringContaining('pass --overwrite to replace it') as string,
  });
  const stream = await createVideoSink({ path, ffmpeg: installation, overwrite: true }).open(
    sourceInfo({ width: 32, height: 24 }),
    detectorInfo(),
  );
  await stream.write(resultAt(0, 0, greyPicture(32, 24)));
  await stream.end('completed');
  expect((await probe(path)).pts).toEqual([0]);
  await mkdir(join(folder, 'folder.mp4'));
  await expect(
    createVideoSink({ path: join(folder, 'folder.mp4'), ffmpeg: installation, overwrite: true }).prepare?.(),
  ).rejects.toMatchObject({ code: 'ERR_SINK_UNWRITABLE' });
});

function drop(): void {
  // Not looked at.
}
