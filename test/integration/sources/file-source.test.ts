import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { carClip, decode, frameTimesOf, MediaFolder, runFfmpeg, testPicture } from '../../support/media.js';

let media: MediaFolder;
beforeAll(async () => (media = await MediaFolder.create()));
afterAll(() => media.remove());

/** What ffmpeg makes of the picture by itself: rotation by its own means, 4:2:0 at source size. */
async function ownPictures(path: string, ...filters: string[]): Promise<Buffer> {
  const graph = [...filters, 'format=yuv420p'].join(',');
  return runFfmpeg('-i', path, '-vf', graph, '-fps_mode', 'passthrough', '-f', 'rawvideo', '-');
}

function pictures(frames: readonly { picture: Buffer | undefined }[]): Buffer {
  return Buffer.concat(frames.map(({ picture }) => picture!));
}

test('a bundled clip comes whole, with its times', async () => {
  const { info, frames, error, missing } = await decode(carClip);
  expect(error).toBeUndefined();
  expect(info).toMatchObject({ width: 768, height: 432, expectedFrames: 377, audioCodecs: ['aac'] });
  expect(frames.map(({ ptsUs }) => ptsUs)).toEqual(await frameTimesOf(carClip));
  expect(frames.map(({ index }) => index)).toEqual(Array.from({ length: 377 }, (_, index) => index));
  expect(missing).toBe(0);
  const wanted = await runFfmpeg(
    ...[
      '-i',
      carClip,
      '-frames:v',
      '40',
      '-vf',
      'scale=64:36:flags=area,format=rgb24,pad=64:64:0:14:color=0x808080',
    ],
    ...['-f', 'rawvideo', '-'],
  );
  expect(Buffer.concat(frames.slice(0, 40).map(({ model }) => model)).equals(wanted)).toBe(true);
  expect(pictures(frames).equals(await ownPictures(carClip))).toBe(true);
});
