import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { chmod, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { FfmpegInstallation } from '../../../src/ffmpeg/find-ffmpeg.js';
import { createFramePool } from '../../../src/pipeline/frame-pool.js';
import { createFileSource, type FileSourceParts } from '../../../src/sources/file/file-source.js';
import type { FrameRequest } from '../../../src/contract/frame.js';
import type { Frame } from '../../../src/contract/frame.js';
import type { SourceReport } from '../../../src/contract/source.js';
import { carClip, decode, ffmpeg, runFfmpeg, smallRequest } from '../../support/media.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

/** An ffmpeg that is a shell script; `$FFMPEG` is the real one, and its own process id is written to `pidFile` first. */
async function fakeFfmpeg(
  script: string,
): Promise<{ ffmpeg: FfmpegInstallation; pid: () => Promise<number> }> {
  const folder = await temporaryFolder();
  const ffmpegPath = join(folder, 'ffmpeg');
  const pidFile = join(folder, 'pid');
  await writeFile(
    ffmpegPath,
    `#!/bin/sh\necho $$ > '${pidFile}'\nFFMPEG='${ffmpeg.ffmpegPath}'\n${script}\n`,
  );
  await chmod(ffmpegPath, 0o755);
  return {
    ffmpeg: { ...ffmpeg, ffmpegPath },
    pid: async () => {
      await expect.poll(() => readFile(pidFile, 'utf8').catch(() => '')).toMatch(/^\d+\n$/);
      return Number(await readFile(pidFile, 'utf8'));
    },
  };
}

/** Whether a process runs; one that is dead but not yet reaped by whoever inherited it does not. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return (
      process.platform !== 'linux' || !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
    );
  } catch {
    return false;
  }
}

async function started(
  installation: FfmpegInstallation,
  capacity = 3,
  request: FrameRequest = smallRequest,
  extra: Partial<FileSourceParts> = {},
  report: (report: SourceReport) => void = () => undefined,
): Promise<{
  frames: AsyncIterator<Frame>;
  abort: () => void;
  missing: () => number;
}> {
  const controller = new AbortController();
  const source = createFileSource({ id: 'clip', path: carClip, ffmpeg: installation, ...extra });
  const info = await source.open(request, controller.signal, report);
  const pool = createFramePool({ sourceId: 'clip', capacity, geometry: info, request });
  return {
    frames: source.frames(pool, controller.signal)[Symbol.asyncIterator](),
    abort: () => {
      controller.abort();
    },
    missing: () => capacity - pool.free,
  };
}

describe('an ffmpeg that fails', () => {
  test('dies in the middle of a frame: the frames before stay valid', async () => {
    const whole = await decode(carClip, { maxFrames: 20 });
    const { ffmpeg: fake } = await fakeFfmpeg(`"$FFMPEG" "$@" | head -c 3000000; kill -9 $$`);
    const { frames, error, missing } = await decode(carClip, { ffmpeg: fake });
    expect(error).toMatchObject({ code: 'ERR_SOURCE_DECODE' });
    expect(String(error)).toMatch(/decoding ".*" failed after 5 frames: ffmpeg was killed by SIGKILL/);
    expect(frames).toHaveLength(5);
    frames.forEach(({ picture, model, ptsUs }, at) => {
      expect(ptsUs).toBe(whole.frames[at]!.ptsUs);
      expect(picture!.equals(whole.frames[at]!.picture!)).toBe(true);
      expect(model.equals(whole.frames[at]!.model)).toBe(true);
    });
    expect(missing).toBe(0);
  });

  test('is killed from outside', async () => {
    const fake = await fakeFfmpeg(`exec "$FFMPEG" "$@"`);
    const run = await started(fake.ffmpeg);
    const first = await run.frames.next();
    process.kill(await fake.pid(), 'SIGKILL');
    (first.value as Frame).release();
    await expect(drain(run.frames)).rejects.toThrow(/ffmpeg was killed by SIGKILL/);
    expect(run.missing()).toBe(0);
  });

  test.each([
    ['says why', `echo '[h264 @ 0x1] [error] disk on fire' >&2; exit 3`, /could be decoded: disk on fire$/],
    ['does not say why', 'exit 3', /ffmpeg ended with exit code 3$/],
    ['writes something else', 'echo this is no video', /does not begin as NUT/],
    ['writes without end', 'exec cat /dev/zero', /does not begin as NUT/],
    ['writes nothing', 'exit 0', /it holds no frames$/],
    [
      'ends too early but calmly',
      `"$FFMPEG" "$@" | head -c 3000000`,
      /failed after 5 frames: ffmpeg ended in the middle/,
    ],
    [
      'sends frames of another size',
      `exec "$FFMPEG" -v error -f lavfi -i testsrc -f nut -`,
      /sent streams of 320x240 where 8x1 and 64x64 and 768x432/,
    ],
  ])('and %s', async (_what, script, message) => {
    const { ffmpeg: fake } = await fakeFfmpeg(script);
    const { error, missing } = await decode(carClip, { ffmpeg: fake });
    expect(error).toMatchObject({ code: 'ERR_SOURCE_DECODE' });
    expect(String(error)).toMatch(message);
    expect(String(error)).not.toMatch(/[\n\r]/);
    expect(missing).toBe(0);
  });

  test('is not there', async () => {
    const gone = { ...ffmpeg, ffmpegPath: '/no/such/ffmpeg' };
    const { error } = await decode(carClip, { ffmpeg: gone });
    expect(String(error)).toMatch(/could be decoded: \/no\/such\/ffmpeg could not be started: .*ENOENT/);
  });

  test('floods stderr, with and without line ends, and decodes', async () => {
    const noise = `yes '[warning] noise' | head -c 5000000 >&2; head -c 5000000 /dev/zero >&2; exec "$FFMPEG" "$@"`;
    const { ffmpeg: fake } = await fakeFfmpeg(noise);
    const { error, frames } = await decode(carClip, { ffmpeg: fake, maxFrames: 10 });
    expect(error).toBeUndefined();
    expect(frames).toHaveLength(10);
  });
});

test('the environment changes nothing of what ffmpeg says', async () => {
  const names = ['AV_LOG_FORCE_COLOR', 'AV_LOG_FORCE_256COLOR', 'FFREPORT'];
  const folder = await temporaryFolder();
  for (const name of names)
    vi.stubEnv(name, name === 'FFREPORT' ? `file=${folder}/report.log:level=48` : '1');
  onTestFinished(() => void vi.unstubAllEnvs());
  const path = join(folder, 'sizes.ts');
  const piece = (size: string): string[] => ['-f', 'lavfi', '-i', `testsrc2=s=${size}:r=10:d=1`];
  const both = await Promise.all(
    ['64x48', '96x48'].map((size) => runFfmpeg(...piece(size), '-c:v', 'libx264', '-f', 'mpegts', '-')),
  );
  await writeFile(path, Buffer.concat(both));
  await rm(join(folder, 'report.log'), { force: true });
  const { warnings } = await decode(path);
  expect(warnings.join()).toContain('changes from 64x48 to 96x48; it is scaled to its first size');
  expect(await readdir(folder)).toEqual(['sizes.ts']);
});

describe('stopping', () => {
  const stubborn = `trap '' TERM; "$FFMPEG" "$@"; while :; do sleep 0.05; done`;
  const silent = `trap '' TERM; while :; do sleep 0.05; done`;

  test('by leaving the loop ends ffmpeg and gives back all memory', async () => {
    const fake = await fakeFfmpeg(`exec "$FFMPEG" "$@"`);
    const run = await started(fake.ffmpeg);
    for (let count = 0; count < 3; count++) ((await run.frames.next()).value as Frame).release();
    await run.frames.return!();
    expect(isAlive(await fake.pid())).toBe(false);
    expect(run.missing()).toBe(0);
    expect((await run.frames.next()).done).toBe(true);
  });

  test.each([
    ['an ffmpeg that works', `exec "$FFMPEG" "$@"`],
    ['an ffmpeg that does not want to', stubborn],
  ])('by abort ends %s', async (_what, script) => {
    const fake = await fakeFfmpeg(script);
    const run = await started(fake.ffmpeg);
    const { value } = (await run.frames.next()) as { value: Frame };
    run.abort();
    await expect(run.frames.next()).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    expect(isAlive(await fake.pid())).toBe(false);
    // What was handed out is still good.
    expect(value.image!.data.some((pixel) => pixel > 0)).toBe(true);
    value.release();
    expect(run.missing()).toBe(0);
  });

  test('by abort while ffmpeg hangs and a frame is waited for', async () => {
    const fake = await fakeFfmpeg(silent);
    const run = await started(fake.ffmpeg);
    const next = run.frames.next();
    const pid = await fake.pid();
    run.abort();
    await expect(next).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    expect(isAlive(pid)).toBe(false);
    expect(run.missing()).toBe(0);
  });

  test('by abort while all memory is in use', async () => {
    const fake = await fakeFfmpeg(`exec "$FFMPEG" "$@"`);
    const run = await started(fake.ffmpeg, 2);
    const held = [await run.frames.next(), await run.frames.next()];
    const next = run.frames.next();
    run.abort();
    await expect(next).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    expect(isAlive(await fake.pid())).toBe(false);
    for (const { value } of held) (value as Frame).release();
    expect(run.missing()).toBe(0);
  });

  test('before the start starts nothing', async () => {
    const run = await started({ ...ffmpeg, ffmpegPath: '/no/such/ffmpeg' });
    run.abort();
    await expect(run.frames.next()).rejects.toMatchObject({ code: 'ERR_ABORTED' });
  });

  test('while ffprobe hangs', async () => {
    const fake = await fakeFfmpeg(silent);
    const source = createFileSource({
      id: 'clip',
      path: carClip,
      ffmpeg: { ...ffmpeg, ffprobePath: fake.ffmpeg.ffmpegPath },
    });
    const controller = new AbortController();
    const opening = source.open(smallRequest, controller.signal, () => undefined);
    const pid = await fake.pid();
    controller.abort();
    await expect(opening).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    await expect.poll(() => isAlive(pid)).toBe(false);
  });
});

describe('an ffmpeg that delivers nothing', () => {
  test('from the beginning is given up', async () => {
    const fake = await fakeFfmpeg('exec sleep 1000');
    const told: SourceReport[] = [];
    const stall = { stallMs: 50, giveUpMs: 200 };
    const run = await started(fake.ffmpeg, 3, smallRequest, { stall }, (report) => told.push(report));
    await expect(run.frames.next()).rejects.toMatchObject({
      code: 'ERR_SOURCE_STALLED',
      message: `no frame of "${carClip}" could be decoded: nothing came for 0.2 s, so it was given up`,
    });
    expect(told).toEqual([
      { state: 'stalled', code: 'ERR_SOURCE_STALLED', reason: `nothing came of "${carClip}" for 0.05 s` },
    ]);
    expect(isAlive(await fake.pid())).toBe(false);
    expect(run.missing()).toBe(0);
  });

  test('any more, as it was stopped in mid-run, and goes on', async () => {
    const fake = await fakeFfmpeg(`exec "$FFMPEG" "$@"`);
    const told: string[] = [];
    const stall = { stallMs: 100, giveUpMs: 60_000 };
    const run = await started(fake.ffmpeg, 3, smallRequest, { stall }, ({ state }) => told.push(state));
    const take = async (): Promise<boolean> => {
      const { value, done } = (await run.frames.next()) as IteratorResult<Frame, undefined>;
      value?.release();
      return done === true;
    };
    await take();
    const pid = await fake.pid();
    process.kill(pid, 'SIGSTOP');
    let ended = false;
    const rest = (async () => {
      while (!ended) ended = await take();
    })();
    await expect.poll(() => told.at(-1)).toBe('stalled');
    process.kill(pid, 'SIGCONT');
    await rest;
    expect(told.slice(-2)).toEqual(['stalled', 'running']);
  });

  test('as it is stopped, can be ended', async () => {
    const fake = await fakeFfmpeg(`exec "$FFMPEG" "$@"`);
    const run = await started(fake.ffmpeg);
    ((await run.frames.next()).value as Frame).release();
    const pid = await fake.pid();
    process.kill(pid, 'SIGSTOP');
    run.abort();
    await expect(run.frames.next()).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    expect(isAlive(pid)).toBe(false);
    expect(run.missing()).toBe(0);
  });
});

test('while all memory is in use nothing is lost and ffmpeg waits', async () => {
  const run = await started(ffmpeg, 2);
  const held: Frame[] = [];
  let count = 0;
  for (;;) {
    const next = run.frames.next();
    // With both frames held the third can only come after a release.
    if (held.length === 2) held.shift()!.release();
    const { value, done } = (await next) as IteratorResult<Frame, undefined>;
    if (done === true) break;
    expect(value.index).toBe(count++);
    held.push(value);
  }
  expect(count).toBe(377);
  for (const frame of held) frame.release();
  expect(run.missing()).toBe(0);
});

test.skipIf(process.platform !== 'linux')('Ctrl-C in a terminal does not reach ffmpeg', async () => {
  const fake = await fakeFfmpeg(`exec "$FFMPEG" "$@"`);
  const run = await started(fake.ffmpeg);
  await run.frames.next();
  const pid = await fake.pid();
  // After the name: state, parent, process group.
  const [, group] = /\) \S \d+ (\d+)/.exec(await readFile(`/proc/${pid}/stat`, 'latin1')) ?? [];
  expect(Number(group)).toBe(pid);
  await run.frames.return!();
});

test('frames that all lie in the pipe before the first is released come whole', async () => {
  const tiny = { input: { width: 8, height: 8, pad: 128, kernel: 'area' }, image: false } as const;
  const fake = await fakeFfmpeg(`exec "$FFMPEG" "$@"`);
  const run = await started(fake.ffmpeg, 2, tiny, { duration: 5 });
  const held = [(await run.frames.next()).value as Frame, (await run.frames.next()).value as Frame];
  const next = run.frames.next();
  // Five seconds take less than a pipe holds, so ffmpeg can end although nobody reads.
  const pid = await fake.pid();
  await expect.poll(() => isAlive(pid), { timeout: 20_000 }).toBe(false);
  const models = held.map(({ input: model }) => Buffer.from(model.data));
  for (const frame of held) frame.release();
  for (let result = await next; result.done !== true; result = await run.frames.next()) {
    models.push(Buffer.from(result.value.input.data));
    result.value.release();
  }
  const letterboxed = 'scale=8:4:flags=area,format=rgb24,pad=8:8:0:2:color=0x808080';
  const wanted = await runFfmpeg('-t', '5', '-i', carClip, '-vf', letterboxed, '-f', 'rawvideo', '-');
  expect(Buffer.concat(models).equals(wanted)).toBe(true);
  expect(run.missing()).toBe(0);
});

test('if our process is killed ffmpeg ends by itself', async () => {
  const fake = await fakeFfmpeg(`exec "$FFMPEG" "$@"`);
  const script = fileURLToPath(new URL('decode-and-wait.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, carClip, fake.ffmpeg.ffmpegPath, ffmpeg.ffprobePath], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  const pid = await fake.pid();
  // It has far more to write than its pipe holds, and nobody reads.
  expect(isAlive(pid)).toBe(true);
  child.kill('SIGKILL');
  await once(child, 'exit');
  await expect.poll(() => isAlive(pid), { timeout: 20_000 }).toBe(false);
});

test.skipIf(process.platform !== 'linux')(
  'many files one after another leave no open file behind',
  async () => {
    const openFiles = async (): Promise<number> => (await readdir('/proc/self/fd')).length;
    await decode(carClip, { maxFrames: 2 });
    const before = await openFiles();
    for (let count = 0; count < 8; count++) await decode(carClip, { maxFrames: 2 });
    expect(await openFiles()).toBeLessThanOrEqual(before);
  },
);

async function drain(frames: AsyncIterator<Frame>): Promise<void> {
  for (;;) {
    const { value, done } = (await frames.next()) as IteratorResult<Frame, undefined>;
    if (done === true) return;
    value.release();
  }
}
