import { chmod, mkdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { isSightlineError } from '../../../src/errors.js';
import { createFileSource } from '../../../src/sources/file/file-source.js';
import {
  carClip,
  decode,
  ffmpeg,
  MediaFolder,
  runFfmpeg,
  smallRequest,
  testPicture,
} from '../../support/media.js';
import { createFramePool } from '../../../src/pipeline/frame-pool.js';
import { sourceInfo } from '../../support/pipeline-parts.js';

let media: MediaFolder;
beforeAll(async () => (media = await MediaFolder.create()));
afterAll(() => media.remove());

async function errorOf(path: string): Promise<{ code: string; message: string }> {
  const source = createFileSource({ id: 'bad', path, ffmpeg });
  const error: unknown = await source
    .open(smallRequest, new AbortController().signal, () => undefined)
    .catch((e: unknown) => e);
  if (!isSightlineError(error)) throw new Error(`not an error of ours: ${String(error)}`);
  expect(error.message).not.toMatch(/[\n\r]/);
  return error;
}

const SUBTITLES = 'WEBVTT\n\n00:01.000 --> 00:04.000\nThere is no video in here.\n';

async function file(name: string, contents: string | Uint8Array): Promise<string> {
  const path = join(media.path, name);
  await writeFile(path, contents);
  return path;
}

describe('files that cannot be decoded are refused in one line', () => {
  test.each<[string, () => Promise<string>, string, RegExp]>([
    ['no such file', () => Promise.resolve('/no/such.mp4'), 'ERR_SOURCE_NOT_FOUND', /no such file/],
    [
      'a file as a folder',
      () => Promise.resolve(`${carClip}/x.mp4`),
      'ERR_SOURCE_NOT_FOUND',
      /not a directory/,
    ],
    ['a directory', () => Promise.resolve(media.path), 'ERR_SOURCE_UNREADABLE', /is a directory/],
    ['a device', () => Promise.resolve('/dev/null'), 'ERR_SOURCE_UNREADABLE', /pipe or a device/],
    ['a zero byte in the name', () => Promise.resolve('a\0b'), 'ERR_SOURCE_NOT_FOUND', /zero byte/],
    ['an empty file', () => file('empty.mp4', ''), 'ERR_SOURCE_INVALID', /the file is empty/],
    ['text', () => file('text.mp4', 'hello\n'), 'ERR_SOURCE_INVALID', /is not a video that ffmpeg can read/],
    [
      'a TIFF with JPEG inside, of which ffmpeg makes an empty picture',
      async () => {
        const grey = sharp({ create: { width: 64, height: 48, channels: 3, background: 'grey' } });
        return file('jpeg.tif', await grey.tiff({ compression: 'jpeg' }).toBuffer());
      },
      'ERR_SOURCE_INVALID',
      /a TIFF that holds JPEG is not decoded; save it as JPEG or PNG$/,
    ],
    ['text of another kind', () => file('text.mkv', 'hello\n'), 'ERR_SOURCE_INVALID', /is not a video/],
    [
      'noise',
      () =>
        file(
          'noise.mp4',
          Uint8Array.from({ length: 5000 }, (_, n) => (n * n * 31) >> 3),
        ),
      'ERR_SOURCE_INVALID',
      /is not a video/,
    ],
    [
      'an mp4 without its index',
      withoutIndex,
      'ERR_SOURCE_INVALID',
      /cut short: its index \(moov\) is missing/,
    ],
    [
      'sound',
      () => media.make('sound.m4a', '-f', 'lavfi', '-i', 'sine=duration=1'),
      'ERR_SOURCE_INVALID',
      /no video stream: it holds only audio streams$/,
    ],
    ['sound with a cover', withCover, 'ERR_SOURCE_INVALID', /no video stream.*cover picture is not one/],
    [
      'encrypted pictures',
      () =>
        media.make(
          'encrypted.mp4',
          ...[...testPicture(), '-c:v', 'libx264', '-encryption_scheme', 'cenc-aes-ctr'],
          ...['-encryption_key', '0'.repeat(32), '-encryption_kid', '1'.repeat(32)],
        ),
      'ERR_SOURCE_INVALID',
      /its pictures are encrypted; decrypt it first$/,
    ],
    ...['txt', 'nfo', 'diz', 'idf'].map((ending): [string, () => Promise<string>, string, RegExp] => [
      `text that ffmpeg would paint: .${ending}`,
      () => file(`painted.${ending}`, 'There is no video in here.\n'.repeat(200)),
      'ERR_SOURCE_INVALID',
      /is text and not a video$/,
    ]),
    ...['c', 'md', 'json', 'html', 'srt', 'ts', 'm3u8'].map(
      (ending): [string, () => Promise<string>, string, RegExp] => [
        `text: .${ending}`,
        () => file(`text.${ending}`, 'There is no video in here.\n'.repeat(200)),
        'ERR_SOURCE_INVALID',
        /is not a video that ffmpeg can read$/,
      ],
    ),
    ['subtitles', () => file('text.vtt', SUBTITLES), 'ERR_SOURCE_INVALID', /it holds only subtitle streams$/],
    [
      'raw pictures',
      () => file('raw.yuv', 'x'.repeat(1e4)),
      'ERR_SOURCE_INVALID',
      /raw pictures of an unknown size/,
    ],
    [
      'standard input',
      () => Promise.resolve('-'),
      'ERR_SOURCE_NOT_FOUND',
      /standard input is not read; write it/,
    ],
    [
      'a name that is not UTF-8',
      () => Promise.resolve('\uFFFD.mp4'),
      'ERR_SOURCE_NOT_FOUND',
      /its name is not UTF-8/,
    ],
    [
      'a host that nobody knows',
      () => Promise.resolve('http://me:secret@no-such-host.invalid/x.mp4'),
      'ERR_SOURCE_NOT_FOUND',
      /the host "no-such-host\.invalid" is not known; check the address and the network$/,
    ],
    ['a circle of links', circle, 'ERR_SOURCE_UNREADABLE', /circle/],
    [
      'a camera',
      () => Promise.resolve('rtsp://admin:secret@gate/1'),
      'ERR_USAGE',
      /"rtsp:\/\/\*\*\*@gate\/1" is neither/,
    ],
    ['a URL that is none', () => Promise.resolve('http://u:s/ecret@host/'), 'ERR_USAGE', /is not a URL/],
  ])('%s', async (_what, make, code, message) => {
    const error = await errorOf(await make());
    expect(error).toMatchObject({ code });
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain('secret');
  });

  // Root may read everything.
  test.skipIf(process.getuid?.() === 0)('a file without permission', async () => {
    const path = await file('locked.mp4', 'x');
    await chmod(path, 0);
    expect(await errorOf(path)).toMatchObject({ code: 'ERR_SOURCE_UNREADABLE' });
  });

  async function withoutIndex(): Promise<string> {
    const path = await media.make('late-index.mp4', ...testPicture(), '-c:v', 'libx264');
    await truncate(path, (await readFile(path)).indexOf('moov') - 4);
    return path;
  }

  function withCover(): Promise<string> {
    return media.make(
      'cover.mp3',
      ...['-f', 'lavfi', '-i', 'sine=duration=1', ...testPicture('64x48', 0.1)],
      ...['-c:v', 'mjpeg', '-disposition:v', 'attached_pic', '-map', '0', '-map', '1'],
    );
  }

  async function circle(): Promise<string> {
    await mkdir(join(media.path, 'ring'));
    await symlink('b.mp4', join(media.path, 'ring', 'a.mp4'));
    await symlink('a.mp4', join(media.path, 'ring', 'b.mp4'));
    return join(media.path, 'ring', 'a.mp4');
  }
});

test('options that cannot be meant are refused', () => {
  const base = { id: 'clip', path: carClip, ffmpeg };
  expect(() => createFileSource({ ...base, stride: 1.5 })).toThrow(
    'stride of "clip" is 1.5: expected a whole number from 1',
  );
});

test('frames are given once, and after open', async () => {
  const source = createFileSource({ id: 'clip', path: carClip, ffmpeg });
  const { signal } = new AbortController();
  const pool = createFramePool({
    sourceId: 'clip',
    capacity: 2,
    geometry: sourceInfo('clip'),
    request: smallRequest,
  });
  const next = (): Promise<unknown> => source.frames(pool, signal)[Symbol.asyncIterator]().next();
  await expect(next()).rejects.toMatchObject({ code: 'ERR_USAGE' });
});

describe('damage inside a file', () => {
  let clean: Buffer;
  beforeAll(async () => {
    const path = await media.make(
      'clean.mp4',
      '-t',
      '6',
      '-i',
      carClip,
      '-an',
      '-c',
      'copy',
      '-movflags',
      'faststart',
    );
    clean = await readFile(path);
  });

  async function count(path: string): Promise<number> {
    const listed = await runFfmpeg('-i', path, '-fps_mode', 'passthrough', '-f', 'framemd5', '-').catch(
      (error: unknown) => (error as { stdout: Buffer }).stdout,
    );
    return listed
      .toString()
      .split('\n')
      .filter((line) => line.startsWith('0,')).length;
  }

  test('a hole: lost frames are counted, all others come', async () => {
    const bytes = Buffer.from(clean);
    bytes.fill(0, Math.floor(bytes.length / 3), Math.floor(bytes.length / 3) + 30_000);
    const path = await file('hole.mp4', bytes);
    const decoded = await decode(path);
    expect(decoded.error).toBeUndefined();
    expect(decoded.missing).toBe(0);
    expect(decoded.decodeErrors).toBeGreaterThan(0);
    expect(decoded.frames.length + decoded.decodeErrors).toBe(75);
    expect(decoded.frames).toHaveLength(await count(path));
  });

  test('flipped bits: frames that the decoder mended come, with a warning', async () => {
    const bytes = Buffer.from(clean);
    for (let at = 30_000; at < bytes.length - 4000; at += 9973) bytes[at]! ^= 16;
    const path = await file('flipped.mp4', bytes);
    const decoded = await decode(path);
    expect(decoded.error).toBeUndefined();
    expect(decoded.frames).toHaveLength(await count(path));
    expect(decoded.warnings.join()).toMatch(/(?:1 frame|\d+ frames) of .* (?:is|are) damaged in parts/);
  });

  test('nothing but damage is an error', async () => {
    const bytes = Buffer.from(clean);
    bytes.fill(0xff, bytes.indexOf('mdat') + 4);
    const { error, frames, missing } = await decode(await file('ruined.mp4', bytes));
    expect(frames).toEqual([]);
    expect(missing).toBe(0);
    expect(error).toMatchObject({ code: 'ERR_SOURCE_DECODE' });
    expect(String(error)).toMatch(/no frame of ".*ruined\.mp4" could be decoded: \S/);
  });
});

describe('http', () => {
  async function serve(listener: RequestListener): Promise<string> {
    const server = createServer(listener).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await new Promise((resolve) => server.once('listening', resolve));
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  test('a file behind a URL with credentials is decoded, and they stay secret', async () => {
    const bytes = await readFile(carClip);
    const host = await serve((_request, response) => response.end(bytes));
    const decoded = await decode(`http://admin:hunter2@${host}/clip.mp4?token=hunter2&camera=1`, {
      maxFrames: 5,
    });
    expect(decoded.error).toBeUndefined();
    expect(decoded.frames).toHaveLength(5);
    expect(decoded.info.uri).toBe(`http://***@${host}/clip.mp4?token=***&camera=1`);
  });

  test.each([
    [404, 'ERR_SOURCE_NOT_FOUND', /404 Not Found/],
    [403, 'ERR_SOURCE_UNREADABLE', /403 Forbidden/],
    [500, 'ERR_SOURCE_UNREADABLE', /5XX/],
  ])('status %d is %s', async (status, code, message) => {
    const host = await serve((_request, response) => response.writeHead(status).end());
    const error = await errorOf(`http://admin:hunter2@${host}/clip.mp4?api_key=hunter2`);
    expect(error).toMatchObject({ code });
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain('hunter2');
  });

  test('a page instead of a video is not a video', async () => {
    const host = await serve((_request, response) => response.end('<html>sign in</html>'));
    expect(await errorOf(`http://${host}/clip.mp4`)).toMatchObject({ code: 'ERR_SOURCE_INVALID' });
  });

  test('an mp4 whose index lies at its end, without ranges', async () => {
    const bytes = await readFile(
      await media.make('late.mp4', ...testPicture('320x240', 4), '-q:v', '2', '-c:v', 'mpeg4'),
    );
    const host = await serve((_request, response) => response.end(bytes));
    const error = await errorOf(`http://${host}/clip.mp4`);
    expect(error).toMatchObject({ code: 'ERR_SOURCE_UNREADABLE' });
    expect(error.message).toMatch(
      /index \(moov\) lies at its end and the server gives no parts of files \(ranges\)/,
    );
  });

  test('an mp4 of which the server sends half', async () => {
    const bytes = await readFile(await media.make('half.mp4', ...testPicture('64x48', 4), '-c:v', 'libx264'));
    const half = Math.floor(bytes.length / 2);
    const host = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': bytes.length });
      response.write(bytes.subarray(0, half), () => response.destroy());
    });
    const error = await errorOf(`http://${host}/clip.mp4`);
    expect(error).toMatchObject({ code: 'ERR_SOURCE_TRUNCATED' });
    expect(error.message).toMatch(
      new RegExp(`the connection was closed after ${half} of ${bytes.length} bytes$`),
    );
  });
});
