/** Sound against picture: clips with a beep in every white frame go through the sink, and the two are looked for in what comes out. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  annotateClip,
  BEEP_RATE,
  beepMpeg4,
  beepVideo,
  beepVp8,
  makeBeeps,
  measureBeeps,
} from '../../support/beeps.js';
import { MediaFolder, runFfmpeg } from '../../support/media.js';
import { probe } from '../../support/video-files.js';

let media: MediaFolder;
let beeps: string;

beforeAll(async () => {
  media = await MediaFolder.create();
  beeps = await makeBeeps(media);
});

afterAll(() => media.remove());

/** A frame, and what the codecs' own delays may add. */
const TOLERANCE = 1 / BEEP_RATE + 0.01;

/** @param flashes how many white frames the output must have. */
async function expectInStep(path: string, flashes: number, audioStream = 0): Promise<void> {
  const found = await measureBeeps(path, audioStream);
  expect(found.flashes).toHaveLength(flashes);
  expect(found.beeps).toHaveLength(flashes);
  for (const [index, flash] of found.flashes.entries())
    expect(Math.abs(found.beeps[index]! - flash)).toBeLessThan(TOLERANCE);
}

/** A transport stream whose clock begins exactly here. */
const tsFrom = (seconds: number): string[] => [
  ...beepVideo,
  ...['-muxdelay', '0', '-muxpreload', '0', '-output_ts_offset', String(seconds)],
];
const from = (seconds: number): string[] => [...beepVideo, '-output_ts_offset', String(seconds)];

const ALL = {};
const MIDDLE = { start: 1.1, duration: 4 };
const LATE = { start: 4.5 };
const FEW = { maxFrames: 100 };

describe('a beep in every white frame stays there', () => {
  test.each([
    ['aac.mp4', 'webm', [...beepVideo, '-c:a', 'aac'], MIDDLE, 3, 'encoded with libopus'],
    ['aac.mp4', 'mkv', [...beepVideo, '-c:a', 'aac'], LATE, 2, 'copied'],
    ['mp3-at-1.4.mp4', 'mp4', [...from(1.4), '-c:a', 'libmp3lame'], MIDDLE, 3, 'copied'],
    ['pcm-at-1.4.mov', 'webm', [...from(1.4), '-c:a', 'pcm_s16le'], LATE, 2, 'encoded with libopus'],
    ['pcm.mkv', 'mkv', [...beepVideo, '-c:a', 'pcm_s16le'], LATE, 2, 'copied'],
    ['pcm-at-37.5.mkv', 'mkv', [...from(37.5), '-c:a', 'pcm_s16le'], MIDDLE, 3, 'copied'],
    ['flac.mkv', 'mp4', [...beepVideo, '-c:a', 'flac'], ALL, 5, 'encoded with aac'],
    ['vorbis-at-37.5.mkv', 'webm', [...from(37.5), '-c:a', 'libvorbis'], LATE, 2, 'copied'],
    [
      'opus-at-600.webm',
      'mp4',
      [...beepVp8, '-c:a', 'libopus', '-output_ts_offset', '600'],
      MIDDLE,
      3,
      'copied',
    ],
    ['aac-at-1.4.ts', 'mp4', [...tsFrom(1.4), '-c:a', 'aac'], MIDDLE, 3, 'copied'],
    ['ac3-at-600.ts', 'webm', [...tsFrom(600), '-c:a', 'ac3'], LATE, 2, 'encoded with libopus'],
    ['aac-at-600.ts', 'mkv', [...tsFrom(600), '-c:a', 'aac'], ALL, 5, 'copied'],
    ['mp3.avi', 'mp4', [...beepMpeg4, '-c:a', 'libmp3lame'], LATE, 2, 'copied'],
    ['pcm.avi', 'mkv', [...beepMpeg4, '-c:a', 'pcm_s16le'], FEW, 3, 'copied'],
  ] as const)('%s to %s', async (name, extension, options, range, flashes, said) => {
    const input = await media.make(name, '-i', beeps, ...options);
    const output = join(media.path, `${name}.${extension}`);
    const { note } = await annotateClip(input, output, range);
    expect(note).toMatch(new RegExp(`frames, audio ${said}\\)$`));
    await expectInStep(output, flashes);
  });
});

test('a transport stream that begins between key frames', async () => {
  const whole = await media.make('whole.ts', '-i', beeps, ...tsFrom(1.4), '-c:a', 'aac');
  // The first second of packets is missing; the picture begins with the key frame at 2 s.
  const bytes = await runFfmpeg('-i', whole, '-c', 'copy', '-copyts', '-f', 'mpegts', 'pipe:1');
  const input = join(media.path, 'between.ts');
  const cut = Math.floor(bytes.length / 8 / 188) * 188;
  await writeFile(input, bytes.subarray(cut));
  for (const extension of ['mp4', 'webm']) {
    const output = join(media.path, `between.${extension}`);
    const { note } = await annotateClip(input, output);
    expect(note).toContain('150 frames, audio');
    await expectInStep(output, 3);
  }
});

test('an input without a duration: the sound ends with what was asked for', async () => {
  const input = join(media.path, 'browser.webm');
  // Written to a pipe, as browsers do: neither a duration nor an index.
  await writeFile(input, await runFfmpeg('-i', beeps, ...beepVp8, '-c:a', 'libopus', '-f', 'webm', 'pipe:1'));
  for (const [range, seconds] of [
    [{ duration: 3.5 }, 3.5],
    [FEW, 4],
  ] as const) {
    const output = join(media.path, `browser-${seconds}.webm`);
    await annotateClip(input, output, range);
    await expectInStep(output, 3);
    const { streams } = await probe(output);
    const end = (streams[1]!['tags'] as unknown as { DURATION: string }).DURATION;
    expect(Number(end.split(':').at(-1))).toBeLessThan(seconds + 0.05);
    expect(Number(end.split(':').at(-1))).toBeGreaterThan(seconds - 0.05);
  }
});

test('several sound streams of a part', async () => {
  const twice = ['-map', '0:v', '-map', '0:a', '-map', '0:a', '-c:a:0', 'aac', '-c:a:1', 'flac'];
  const input = await media.make('two.mkv', '-i', beeps, ...from(37.5), ...twice);
  const output = join(media.path, 'two.mp4');
  const { note } = await annotateClip(input, output, MIDDLE);
  expect(note).toContain('audio encoded with aac)');
  await expectInStep(output, 3, 0);
  await expectInStep(output, 3, 1);
});

test('sound that begins late or ends early is told as a part, and none as none', async () => {
  const late = await media.make('late.mkv', '-i', beeps, ...beepVideo, '-af', 'atrim=start=4', '-c:a', 'aac');
  const output = join(media.path, 'late.mp4');
  expect((await annotateClip(late, output)).note).toContain('audio copied, audio from 4.0 s)');
  const { flashes, beeps: heard } = await measureBeeps(output);
  expect(flashes).toHaveLength(5);
  expect(Math.abs(heard[0]! - flashes[3]!)).toBeLessThan(TOLERANCE);
  const early = await media.make(
    'early.mkv',
    '-i',
    beeps,
    ...beepVideo,
    '-af',
    'atrim=end=1',
    '-c:a',
    'flac',
  );
  const none = join(media.path, 'none.mp4');
  const { note, warnings } = await annotateClip(early, none, LATE);
  expect(note).toMatch(/frames, without audio\)$/);
  expect(warnings.join()).toContain('gets no audio: there was none while the picture lasts');
  expect((await probe(none)).streams).toHaveLength(1);
});
