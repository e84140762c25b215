import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type FfmpegInstallation, findFfmpeg } from '../../../src/ffmpeg/find-ffmpeg.js';
import { containerOf } from '../../../src/sinks/video/container.js';
import { Encoder } from '../../../src/sinks/video/encoder.js';
import { createVideoSink } from '../../../src/sinks/video/video-sink.js';
import type { SinkStream } from '../../../src/contract/sink.js';
import type { FrameResult } from '../../../src/contract/result.js';
import { detectorInfo, sourceInfo } from '../../support/results.js';
import { canMount, smallDisk } from '../../support/small-disk.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { ffmpeg, greyPicture, probe, resultAt, scriptedFfmpeg } from '../../support/video-files.js';

const SMALL = { width: 32, height: 24 };
let installation: FfmpegInstallation;

beforeAll(async () => {
  installation = await findFfmpeg();
});

function small(index: number): FrameResult {
  return resultAt(index, index * 40_000, greyPicture(SMALL.width, SMALL.height));
}

async function openAt(path: string, ffmpegToUse = installation): Promise<SinkStream> {
  return createVideoSink({ path, ffmpeg: ffmpegToUse }).open(sourceInfo(SMALL), detectorInfo());
}

/** Writes frames until the stream gives up, as a lane of the pipeline would, and answers with both errors. */
async function writeUntilFailure(
  stream: SinkStream,
  make: (index: number) => FrameResult,
  most: number,
): Promise<unknown[]> {
  const errors: unknown[] = [];
  try {
    for (let index = 0; index < most; index++) await stream.write(make(index));
  } catch (error) {
    errors.push(error);
  }
  await stream.end('completed').catch((error: unknown) => errors.push(error));
  return errors;
}

describe('before anything is decoded', () => {
  test('an extension that is not known is refused with those that are', () => {
    expect(() => createVideoSink({ path: 'out.gif', ffmpeg: installation })).toThrow(
      'the video output "out.gif" has the unknown extension ".gif"; use one of .mp4, .m4v, .mov, .mkv, .webm',
    );
    expect(() => createVideoSink({ path: 'out', ffmpeg: installation })).toThrow('has no extension');
  });

  test('a folder that is not there is named', async () => {
    const path = join(await temporaryFolder(), 'no/such/out.mp4');
    await expect(createVideoSink({ path, ffmpeg: installation }).prepare?.()).rejects.toMatchObject({
      code: 'ERR_SINK_UNWRITABLE',
      message: `the video output "${path}" cannot be written: its folder does not exist`,
    });
  });

  test('the input itself is refused as output, under any of its names', async () => {
    const folder = await temporaryFolder();
    const input = join(folder, 'in.mp4');
    await writeFile(input, 'a video');
    await symlink(input, join(folder, 'link.mp4'));
    for (const path of [
      input,
      join(folder, 'link.mp4'),
      join(folder, '../', folder.split('/').at(-1)!, 'in.mp4'),
    ]) {
      const sink = createVideoSink({ path, ffmpeg: installation, overwrite: true, audioFrom: input });
      await expect(sink.prepare?.()).rejects.toMatchObject({
        code: 'ERR_USAGE',
        message: expect.stringContaining('is the input itself') as string,
      });
      // Without audio the input is known from the source only.
      const mute = createVideoSink({ path, ffmpeg: installation, overwrite: true });
      await expect(mute.open(sourceInfo({ uri: input }), detectorInfo())).rejects.toMatchObject({
        code: 'ERR_USAGE',
      });
    }
    expect(await readFile(input, 'utf8')).toBe('a video');
  });

  test('a second source is refused', async () => {
    const sink = createVideoSink({ path: join(await temporaryFolder(), 'out.mp4'), ffmpeg: installation });
    const stream = await sink.open(sourceInfo({ id: 'one' }), detectorInfo());
    await expect(sink.open(sourceInfo({ id: 'two' }), detectorInfo())).rejects.toMatchObject({
      code: 'ERR_USAGE',
      message: expect.stringContaining('give "two" its own file') as string,
    });
    await stream.end('failed');
  });

  test('an ffmpeg without any fitting encoder is told', async () => {
    const folder = await temporaryFolder();
    const bare = await scriptedFfmpeg(installation, join(folder, 'bare'), 'echo " V....D gif  GIF"');
    await expect(openAt(join(folder, 'out.mp4'), bare)).rejects.toMatchObject({
      code: 'ERR_FFMPEG_FAILED',
      message: expect.stringContaining('no encoder for .mp4 video (libx264, libopenh264, mpeg4)') as string,
    });
    expect(await readdir(folder)).toEqual(['bare']);
  });
});

test('without libx264 the next encoder is used, and said', async () => {
  const folder = await temporaryFolder();
  const lesser = await scriptedFfmpeg(
    installation,
    join(folder, 'lesser'),
    'case "$*" in *-encoders) "$REAL" -encoders | grep -v 264;; *) exec "$REAL" "$@";; esac',
  );
  const warnings: string[] = [];
  const output = join(folder, 'out.mp4');
  const logger = {
    debug: drop,
    info: drop,
    error: drop,
    warn: (_: object, text: string) => warnings.push(text),
  };
  const sink = createVideoSink({ path: output, ffmpeg: lesser, logger });
  // Finer than MPEG-4 can count.
  const stream = await sink.open(sourceInfo({ ...SMALL, timeBase: { num: 1, den: 90_000 } }), detectorInfo());
  for (let index = 0; index < 5; index++) await stream.write(small(index));
  await stream.end('completed');
  const { streams, seconds } = await probe(output);
  expect(streams[0]!['codec_name']).toBe('mpeg4');
  expect(seconds).toEqual([0, 0.04, 0.08, 0.12, 0.16]);
  expect(warnings).toEqual([`this ffmpeg has no libx264; "${output}" is encoded with mpeg4 instead`]);
});

test('no frames leave no file, and a note', async () => {
  const folder = await temporaryFolder();
  const stream = await openAt(join(folder, 'out.mp4'));
  await stream.end('failed');
  expect(stream.describe?.()).toBe('no frames, so no file was written');
  expect(await readdir(folder)).toEqual([]);
});

test.each(['stopped', 'failed'] as const)('a source that %s leaves a playable file', async (outcome) => {
  const output = join(await temporaryFolder(), 'out.mp4');
  const stream = await openAt(output);
  for (let index = 0; index < 3; index++) await stream.write(small(index));
  await stream.end(outcome);
  expect(await ffmpeg('-i', output, '-f', 'framecrc', '-')).toMatch(/(\n0,.*){3}\n$/);
});

describe('an encoder in trouble', () => {
  test.each(['KILL', 'TERM'])('ended by SIG%s it fails the sink and leaves nothing', async (signal) => {
    const folder = await temporaryFolder();
    // The program leaves its number before it becomes ffmpeg.
    const script = `case "$*" in *-encoders) ;; *) echo $$ > '${folder}/pid';; esac; exec "$REAL" "$@"`;
    const watched = await scriptedFfmpeg(installation, join(folder, 'watched'), script);
    await mkdir(join(folder, 'out'));
    const stream = await openAt(join(folder, 'out/out.mp4'), watched);
    const errors = await writeUntilFailure(
      stream,
      (index) => {
        if (index === 20) process.kill(Number(execFileSync('cat', [`${folder}/pid`])), `SIG${signal}`);
        return small(index);
      },
      100_000,
    );
    expect(errors).toHaveLength(2);
    for (const error of errors)
      expect(error).toMatchObject({
        code: 'ERR_SINK_FAILED',
        message: expect.stringMatching(
          /^encoding ".*out\.mp4" failed: .*; the unfinished video was removed$/,
        ) as string,
      });
    if (signal === 'KILL')
      expect(errors[0]).toHaveProperty('message', expect.stringContaining('was killed (SIGKILL)'));
    expect(await readdir(join(folder, 'out'))).toEqual([]);
  });

  test('one that cannot even start is told with its reason', async () => {
    const folder = await temporaryFolder();
    const script =
      'case "$*" in *-encoders) exec "$REAL" "$@";; *) echo "[fatal] no such device" >&2; exit 1;; esac';
    const broken = await scriptedFfmpeg(installation, join(folder, 'broken'), script);
    const [error] = await writeUntilFailure(await openAt(join(folder, 'out.mp4'), broken), small, 5000);
    expect(error).toMatchObject({
      code: 'ERR_SINK_FAILED',
      message: expect.stringContaining(
        'failed: ffmpeg says: no such device; the unfinished video was removed',
      ) as string,
    });
    expect(await readdir(folder)).toEqual(['broken']);
  });

  test.each(['while it takes pictures', 'when it should finish'])(
    'one that hangs %s is given up',
    async (when) => {
      const folder = await temporaryFolder();
      // Reads nothing, or all but never ends; a shell's `exec` keeps the process that gets the signals.
      const script = when === 'while it takes pictures' ? 'exec sleep 600' : 'cat >/dev/null; exec sleep 600';
      const hanging = await scriptedFfmpeg(installation, join(folder, 'hanging'), script);
      const encoder = new Encoder({
        ffmpeg: hanging,
        container: containerOf('out.mp4'),
        encoder: 'libx264',
        width: 1280,
        height: 720,
        timeBase: { num: 1, den: 25 },
        frameRate: 25,
        pixelAspect: { num: 1, den: 1 },
        colour: {},
        final: true,
        output: join(folder, 'out.mp4'),
        label: 'out.mp4',
        stallMs: 300,
      });
      const { data } = greyPicture(1280, 720);
      const failing = encoder.write(data, 0).then(() => encoder.finish());
      await expect(failing).rejects.toMatchObject({
        code: 'ERR_SINK_FAILED',
        message: 'encoding "out.mp4" failed: ffmpeg did nothing for 0.3 s and was ended',
      });
    },
  );
});

describe('a full disk', () => {
  /** Noise does not compress: a few frames fill the disk. */
  function noise(index: number): FrameResult {
    const picture = greyPicture(640, 480);
    let state = index + 1;
    for (let at = 0; at < picture.data.length; at++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      picture.data[at] = state >>> 24;
    }
    return resultAt(index, index * 40_000, picture);
  }

  test.skipIf(!canMount)('fails the sink, names the file and frees the space', async () => {
    const folder = await smallDisk(1024);
    const path = join(folder, 'out.mp4');
    const stream = await createVideoSink({ path, ffmpeg: installation }).open(
      sourceInfo({ width: 640, height: 480 }),
      detectorInfo(),
    );
    const errors = await writeUntilFailure(stream, noise, 200);
    expect(errors[0]).toMatchObject({
      code: 'ERR_SINK_FAILED',
      message: `encoding "${path}" failed: the disk is full; the unfinished video was removed`,
    });
    expect(await readdir(folder)).toEqual([]);
  });

  test.skipIf(!canMount)(
    'that has room for the video but not for a copy with audio keeps the video',
    async () => {
      const folder = await smallDisk(3072);
      const input = join(await temporaryFolder(), 'in.mp4');
      await ffmpeg('-f', 'lavfi', '-i', 'color=s=64x48:d=1', '-f', 'lavfi', '-i', 'sine=d=1', input);
      const path = join(folder, 'out.mp4');
      const warnings: string[] = [];
      const logger = {
        debug: drop,
        info: drop,
        error: drop,
        warn: (_: object, text: string) => warnings.push(text),
      };
      const stream = await createVideoSink({ path, ffmpeg: installation, audioFrom: input, logger }).open(
        sourceInfo({ width: 640, height: 480, audioCodecs: ['aac'] }),
        detectorInfo(),
      );
      for (let index = 0; index < 8; index++) await stream.write(noise(index));
      await stream.end('completed');
      expect((await probe(path)).pts).toHaveLength(8);
      expect(warnings).toEqual([
        `adding the audio to "${path}" failed: the disk is full; the video is kept without it`,
      ]);
      expect(await readdir(folder)).toEqual(['out.mp4']);
    },
  );
});

test('a file that appears meanwhile is not replaced, and the finished video is kept', async () => {
  const folder = await temporaryFolder();
  const output = join(folder, 'out.mp4');
  const stream = await openAt(output);
  await stream.write(small(0));
  await copyFile('package.json', output);
  await expect(stream.end('completed')).rejects.toMatchObject({
    code: 'ERR_SINK_EXISTS',
    message: expect.stringContaining('the finished video was left in') as string,
  });
  expect(await readFile(output)).toEqual(await readFile('package.json'));
  const [kept] = (await readdir(folder)).filter((name) => name !== 'out.mp4');
  expect((await probe(join(folder, kept!))).pts).toEqual([0]);
});

test('a picture of another size ends the file with what came before', async () => {
  const output = join(await temporaryFolder(), 'out.mp4');
  const stream = await openAt(output);
  await stream.write(small(0));
  await expect(stream.write(resultAt(1, 40_000, greyPicture(48, 24)))).rejects.toMatchObject({
    code: 'ERR_SINK_FAILED',
    message: expect.stringContaining('the picture changed its size to 48 × 24') as string,
  });
  await stream.end('failed');
  expect((await probe(output)).pts).toEqual([0]);
});

function drop(): void {
  // Not looked at.
}
