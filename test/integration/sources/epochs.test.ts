import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Decoded, decode, frameTimesOf, MediaFolder, testPicture } from '../../support/media.js';

let media: MediaFolder;
beforeAll(async () => {
  media = await MediaFolder.create();
});
afterAll(() => media.remove());

/** Two seconds of a transport stream at 10 frames a second, its clock `offset` seconds later than usual. */
function part(offset: number, { size = '64x48', sound = false } = {}): Promise<string> {
  const name = `${offset}-${size}-${String(sound)}.ts`;
  const tone = ['-f', 'lavfi', '-i', 'sine=duration=2', '-c:a', 'aac'];
  // Two B-frames between the others.
  const codec = ['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '2'];
  return media.make(
    name,
    ...testPicture(size, 2),
    ...(sound ? tone : []),
    ...codec,
    ...['-output_ts_offset', String(offset), '-f', 'mpegts'],
  );
}

async function joined(name: string, parts: readonly string[]): Promise<string> {
  const path = join(media.path, name);
  await writeFile(path, Buffer.concat(await Promise.all(parts.map((each) => readFile(each)))));
  return path;
}

/** Times of the frames, by epoch. */
function timesOf({ frames }: Decoded): number[][] {
  const epochs: number[][] = [];
  for (const { epoch, ptsUs } of frames) (epochs[epoch] ??= []).push(ptsUs);
  return epochs;
}

describe('transport streams put one after another', () => {
  test.each<[string, number[]]>([
    ['which begin at the same time', [0, 0]],
    ['of which the second is earlier', [100, 0]],
    ['of which the second is an hour later', [0, 3600]],
    ['of which the second begins 20 s later', [0, 20]],
    ['three of them', [50, 3600, 0]],
  ])('%s: every frame comes, each part with its own times', async (name, offsets) => {
    const parts = await Promise.all(offsets.map((offset) => part(offset)));
    const decoded = await decode(await joined(`${name}.ts`, parts));
    expect(decoded.error).toBeUndefined();
    expect(timesOf(decoded)).toEqual(await Promise.all(parts.map(frameTimesOf)));
    expect(decoded.frames.map(({ index }) => index)).toEqual(
      Array.from({ length: 20 * offsets.length }, (_, n) => n),
    );
    expect(decoded.missing).toBe(0);
    expect(decoded.warnings).toEqual([]);
  });

  test('the pixels are those of the parts', async () => {
    const first = await part(0);
    const second = await part(0, { size: '96x48' });
    const alone = [await decode(first), await decode(first)];
    const decoded = await decode(await joined('pixels.ts', [first, first]));
    const pixels = (each: Decoded): Buffer[] =>
      each.frames.flatMap(({ model, picture }) => [model, picture!]);
    expect(Buffer.concat(pixels(decoded)).equals(Buffer.concat(alone.flatMap(pixels)))).toBe(true);
    // A new size makes ffmpeg build its filters anew; clock and epochs go on.
    const changed = await decode(await joined('sizes.ts', [first, second, first]));
    const own = await frameTimesOf(first);
    expect(timesOf(changed)).toEqual([own, own, own]);
  });

  test('with sound', async () => {
    const parts = [await part(0, { sound: true }), await part(0, { sound: true })];
    const decoded = await decode(await joined('sound.ts', parts));
    expect(timesOf(decoded)).toEqual(await Promise.all(parts.map(frameTimesOf)));
    expect(decoded.info.audioCodecs).toEqual(['aac']);
  });

  test('every third frame is every third of all', async () => {
    const parts = [await part(0), await part(0)];
    const whole = await decode(await joined('stride.ts', parts));
    const third = await decode(join(media.path, 'stride.ts'), { stride: 3 });
    expect(third.frames.map(({ epoch, ptsUs }) => [epoch, ptsUs])).toEqual(
      whole.frames.filter((_, n) => n % 3 === 0).map(({ epoch, ptsUs }) => [epoch, ptsUs]),
    );
  });

  test('a range is one of the first clock, which goes on through the others', async () => {
    const parts = [await part(0), await part(0)];
    const path = await joined('range.ts', parts);
    const [own = []] = await Promise.all(parts.map(frameTimesOf));
    expect(timesOf(await decode(path, { start: 1 }))).toEqual([own.slice(10), own]);
    expect(timesOf(await decode(path, { duration: 3 }))).toEqual([own, own.slice(0, 10)]);
    expect(timesOf(await decode(path, { start: 1.5, duration: 1 }))).toEqual([
      own.slice(15),
      own.slice(0, 5),
    ]);
    expect(timesOf(await decode(path, { duration: 1 }))).toEqual([own.slice(0, 10)]);
    const late = await joined('late.ts', [parts[0]!, await part(3600)]);
    expect(timesOf(await decode(late, { duration: 3 })).map(({ length }) => length)).toEqual([20, 10]);
  });
});

test.each(['mkv', 'mp4'])('minutes between the frames of a %s are no jump', async (extension) => {
  const path = await media.make(
    `slides.${extension}`,
    ...testPicture('64x48', 1, 5),
    ...['-vf', 'setpts=N*300/TB', '-fps_mode', 'passthrough', '-c:v', 'libx264'],
  );
  const decoded = await decode(path);
  expect(timesOf(decoded)).toEqual([await frameTimesOf(path)]);
  expect(decoded.frames.at(-1)!.ptsUs).toBe(1_200_000_000);
});
