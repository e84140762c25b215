import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { FileSourceParts } from '../../../src/sources/file/file-source.js';
import { decode, type Decoded, frameTimesOf, MediaFolder, testPicture } from '../../support/media.js';

/** Encoders of containers that do not take H.264; without B-frames, so that times are in order. */
const CODECS: Readonly<Record<string, readonly string[]>> = {
  avi: ['-c:v', 'mpeg4'],
  webm: ['-c:v', 'libvpx', '-deadline', 'realtime'],
  wmv: ['-c:v', 'msmpeg4'],
  ogv: ['-c:v', 'libtheora'],
  mpg: ['-c:v', 'mpeg2video', '-r', '25'],
};
const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '10'];

let media: MediaFolder;
beforeAll(async () => (media = await MediaFolder.create()));
afterAll(() => media.remove());

async function whole(name: string, ...extra: string[]): Promise<Buffer> {
  const codec = CODECS[name.split('.').at(-1)!] ?? H264;
  return readFile(await media.make(name, ...testPicture('96x64', 4), ...codec, ...extra));
}

async function write(name: string, bytes: Uint8Array): Promise<string> {
  const path = join(media.path, name);
  await writeFile(path, bytes);
  return path;
}

function at(bytes: Buffer, part: number): Buffer {
  return bytes.subarray(0, Math.floor(bytes.length * part));
}

function decodeSmall(path: string, extra: Partial<FileSourceParts> = {}): Promise<Decoded> {
  return decode(path, extra, {
    ...{ input: { width: 32, height: 32, pad: 128, kernel: 'area' } },
    image: false,
  });
}

describe('a file that lost its end, by what its container says', () => {
  test.each<[string, readonly string[]]>([
    ['mp4', ['-movflags', 'faststart']],
    ['fragments.mp4', ['-movflags', 'frag_keyframe+empty_moov']],
    ['mkv', []],
    ['webm', []],
    ['avi', []],
    ['flv', []],
    ['wmv', []],
    ['ogv', []],
  ])('%s', async (name, extra) => {
    const path = await write(`cut.${name}`, at(await whole(`whole.${name}`, ...extra), 0.6));
    const there = await frameTimesOf(path);
    const { error, frames, missing } = await decodeSmall(path);
    expect(error).toMatchObject({ code: 'ERR_SOURCE_TRUNCATED' });
    expect(String(error)).toMatch(
      /: "[^"]*cut\.[^"]*" broke off after \d+( of about \d+)? frames: it is cut short; copy or download it again/,
    );
    expect(frames).toHaveLength(there.length);
    expect(frames.length).toBeGreaterThan(10);
    expect(frames.length).toBeLessThan(40);
    expect(missing).toBe(0);
  });

  test('is no fault as long as nobody asks for what is not there', async () => {
    const path = await write('enough.mkv', at(await whole('enough-whole.mkv'), 0.6));
    const part = await decodeSmall(path, { duration: 1 });
    expect(part).toMatchObject({ error: undefined, warnings: [] });
    expect(part.frames).toHaveLength(10);
    expect((await decodeSmall(path, { maxFrames: 10 })).error).toBeUndefined();
    // This demuxer reads ahead, and meets the damaged packet.
    const ahead = await write('enough.flv', at(await whole('enough-whole.flv'), 0.6));
    expect(await decodeSmall(ahead, { duration: 1.5 })).toMatchObject({ error: undefined, warnings: [] });
    const asked = await decodeSmall(path, { start: 1, duration: 2.9 });
    expect(asked.error).toMatchObject({ code: 'ERR_SOURCE_TRUNCATED' });
  });

  test('one that is whole is not, nor one that was recorded live', async () => {
    for (const extra of [[], ['-f', 'matroska', '-live', '1']]) {
      await whole('live.mkv', ...extra);
      expect(await decodeSmall(join(media.path, 'live.mkv'))).toMatchObject({
        error: undefined,
        warnings: [],
      });
    }
  });
});

describe('a transport stream does not say how long it was meant to be', () => {
  let bytes: Buffer;
  beforeAll(async () => (bytes = await whole('whole.ts')));

  test('cut between packets that make up pictures: nothing is said', async () => {
    // The stream begins each picture with a packet that says so, in the second byte.
    const begins = Array.from({ length: bytes.length / 188 }, (_, n) => n * 188).filter(
      (place) => (bytes.readUInt16BE(place + 1) & 0x5fff) === 0x4100,
    );
    const path = await write('border.ts', bytes.subarray(0, begins[25]));
    const { error, warnings, frames } = await decodeSmall(path);
    expect([error, warnings, frames.length]).toEqual([undefined, [], 25]);
  });

  test('cut within a packet: a warning', async () => {
    const { error, warnings } = await decodeSmall(await write('within.ts', bytes.subarray(0, 188 * 60 + 40)));
    expect(error).toBeUndefined();
    expect(warnings.join()).toMatch(/"[^"]*within\.ts" ends within a packet; it is cut short, or damaged/);
  });

  test('damaged at its end: a warning', async () => {
    const { warnings } = await decodeSmall(await write('cut.mpg', at(await whole('whole.mpg'), 0.6)));
    expect(warnings.join()).toMatch(/"[^"]*cut\.mpg" is damaged at its end; its last frames may be missing/);
  });

  test('two put one after another: nothing is said', async () => {
    const { warnings, frames } = await decodeSmall(await write('two.ts', Buffer.concat([bytes, bytes])));
    expect([warnings, frames.length]).toEqual([[], 80]);
  });
});

describe('a server that closes in mid-file', () => {
  let bytes: Buffer;
  beforeAll(async () => (bytes = await whole('served.ts')));

  /** Answers each request with these headers and the first part of the file. */
  async function serve(headers: string, part: number): Promise<string> {
    const server: Server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => {
        socket.write(`HTTP/1.1 200 OK\r\n${headers}\r\n\r\n`);
        socket.end(at(bytes, part));
      });
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await new Promise((resolve) => server.once('listening', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/clip.ts`;
  }

  test('having said how long it is', async () => {
    const { error, frames } = await decodeSmall(await serve(`Content-Length: ${bytes.length}`, 0.6));
    expect(error).toMatchObject({ code: 'ERR_SOURCE_TRUNCATED' });
    expect(String(error)).toContain(
      `frames: the connection was closed after ${Math.floor(bytes.length * 0.6)} of ${bytes.length} bytes`,
    );
    expect(frames.length).toBeGreaterThan(10);
  });

  test('not having said how long it is: the file ends there', async () => {
    const { error, warnings, frames } = await decodeSmall(await serve('Connection: close', 1));
    expect([error, warnings, frames.length]).toEqual([undefined, [], 40]);
  });
});
