/** Disks that fill up with the last bytes of a video: ffmpeg then ends with code 0. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findFfmpeg } from '../../../src/ffmpeg/find-ffmpeg.js';
import { createVideoSink } from '../../../src/sinks/video/video-sink.js';
import { warningsTo } from '../../support/recording-logger.js';
import { detectorInfo, sourceInfo } from '../../support/results.js';
import { canMount, smallDisk } from '../../support/small-disk.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { ffmpeg, greyPicture, probe, resultAt, scriptedFfmpeg } from '../../support/video-files.js';

const PAGE_BYTES = 4096;
const FRAMES = 40;
const SIZE = { width: 64, height: 48 };
const EXTENSIONS = ['mp4', 'mkv', 'webm'] as const;
const installation = await findFfmpeg();

/** Writes a video of some 100 kB. @returns the error that it ended with, and warnings. */
async function write(path: string, audioFrom?: string, using = installation): Promise<[unknown, string[]]> {
  const warnings: string[] = [];
  const logger = warningsTo(warnings);
  const hasAudio = audioFrom !== undefined;
  const sink = createVideoSink({ path, ffmpeg: using, logger, ...(hasAudio && { audioFrom }) });
  const info = sourceInfo({ ...SIZE, audioCodecs: hasAudio ? ['opus'] : [] });
  const stream = await sink.open(info, detectorInfo());
  try {
    for (let index = 0; index < FRAMES; index++) await stream.write(noise(index));
    await stream.end('completed');
    return [undefined, warnings];
  } catch (error) {
    return [error, warnings];
  }
}

function noise(index: number): ReturnType<typeof resultAt> {
  const picture = greyPicture(SIZE.width, SIZE.height);
  let state = index + 1;
  for (let at = 0; at < SIZE.width * SIZE.height; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    picture.data[at] = state >>> 24;
  }
  return resultAt(index, index * 40_000, picture);
}

/** Sound that every one of the containers takes as it is. */
async function makeSound(): Promise<string> {
  const path = join(await temporaryFolder(), 'in.mkv');
  await ffmpeg(
    '-f',
    'lavfi',
    '-i',
    'color=s=64x48:d=1.6',
    '-f',
    'lavfi',
    '-i',
    'sine=d=1.6',
    '-c:a',
    'libopus',
    path,
  );
  return path;
}

/** Kilobytes of the pages that a file takes. */
async function kilobytesOf(path: string): Promise<number> {
  return (Math.ceil((await stat(path)).size / PAGE_BYTES) * PAGE_BYTES) / 1024;
}

describe.skipIf(!canMount).each(EXTENSIONS)('a disk too small for a whole .%s', (extension) => {
  const name = `out.${extension}`;

  test('fails the sink; a page more, and the file is whole', async () => {
    const free = join(await temporaryFolder(), name);
    expect(await write(free)).toEqual([undefined, []]);
    const needed = await kilobytesOf(free);
    for (const kilobytes of [Math.ceil(needed / 8) * 4, needed - 4]) {
      const folder = await smallDisk(kilobytes);
      const [error] = await write(join(folder, name));
      expect(error, `${kilobytes} of ${needed} kB`).toMatchObject({
        code: 'ERR_SINK_FAILED',
        message: expect.stringMatching(
          / failed: the disk is full; the unfinished video was removed$/,
        ) as string,
      });
      expect(await readdir(folder)).toEqual([]);
    }
    const folder = await smallDisk(needed);
    expect(await write(join(folder, name))).toEqual([undefined, []]);
    expect((await probe(join(folder, name))).pts).toHaveLength(FRAMES);
  });

  test('and its sound keeps the video alone', async () => {
    const sound = await makeSound();
    const free = await temporaryFolder();
    await write(join(free, name));
    expect(await write(join(free, `joined.${extension}`), sound)).toEqual([undefined, []]);
    const alone = await kilobytesOf(join(free, name));
    const both = alone + (await kilobytesOf(join(free, `joined.${extension}`)));
    const folder = await smallDisk(both - 4);
    const path = join(folder, name);
    expect(await write(path, sound)).toEqual([
      undefined,
      [`adding the audio to "${path}" failed: the disk is full; the video is kept without it`],
    ]);
    expect(await readdir(folder)).toEqual([name]);
    const { streams, pts } = await probe(path);
    expect([streams.length, pts.length]).toEqual([1, FRAMES]);
  });
});

describe.each(EXTENSIONS)('a .%s that loses its end without a word', (extension) => {
  const script = `case "$*" in *-encoders) exec "$REAL" "$@";; esac; for last; do :; done; "$REAL" "$@"; truncate -s -2000 "$last"`;

  test('is found by a look at it', async () => {
    const folder = await temporaryFolder();
    const lossy = await scriptedFfmpeg(installation, join(folder, 'lossy'), script);
    const path = join(folder, `out.${extension}`);
    const [error] = await write(path, undefined, lossy);
    expect(error).toMatchObject({
      code: 'ERR_SINK_FAILED',
      message: `writing "${path}" failed: the file breaks off, though ffmpeg told no error; the unfinished video was removed`,
    });
    expect(await readdir(folder)).toEqual(['lossy']);
  });
});

test('sound whose file breaks off without a word is not taken', async () => {
  const folder = await temporaryFolder();
  // Only the second process, which reads the sound, loses something.
  const script = `"$REAL" "$@"; case "$*" in *in.mkv*) for last; do :; done; truncate -s -9000 "$last";; esac`;
  const lossy = await scriptedFfmpeg(installation, join(folder, 'lossy'), script);
  const path = join(folder, 'out.mp4');
  const [error, warnings] = await write(path, await makeSound(), lossy);
  expect(error).toBeUndefined();
  expect(warnings).toEqual([
    `writing "${path}" failed: the file breaks off, though ffmpeg told no error; the video is kept without it`,
  ]);
  expect((await probe(path)).pts).toHaveLength(FRAMES);
});
