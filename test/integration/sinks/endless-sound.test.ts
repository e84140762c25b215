/** Sound of what never ends: the second pass has to. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { addAudio } from '../../../src/sinks/video/add-audio.js';
import { containerOf } from '../../../src/sinks/video/container.js';
import { annotateClip, beepVideo, makeBeeps, measureBeeps } from '../../support/beeps.js';
import { liveHls } from '../../support/live-server.js';
import { ffmpeg, MediaFolder } from '../../support/media.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const SEGMENTS = [...beepVideo, '-g', '25', '-c:a', 'aac'];

test('a number of frames of a live stream have the sound of these frames', async () => {
  const folder = await temporaryFolder();
  const input = await liveHls(folder, await beepsIn(folder), SEGMENTS);
  const output = join(folder, 'out.mp4');
  const { note } = await annotateClip(input, output, { maxFrames: 50 });
  expect(note).toContain('50 frames, audio copied)');
  // ffmpeg enters a live stream three segments before its end, at 5 s: the flash at 6.4 s is the only one.
  const { flashes, beeps } = await measureBeeps(output);
  expect(flashes).toHaveLength(1);
  expect(beeps).toHaveLength(1);
  expect(Math.abs(beeps[0]! - flashes[0]!)).toBeLessThan(0.05);
});

test('sound that takes too long is given up', async () => {
  const folder = await temporaryFolder();
  const beeps = await beepsIn(folder);
  const input = await liveHls(folder, beeps, SEGMENTS);
  const joining = addAudio(
    {
      ffmpeg,
      container: containerOf('out.mkv'),
      audio: { input, streams: [{ index: 0, codec: 'aac', encoder: 'copy' }] },
      video: beeps,
      timeBase: { num: 1, den: 25 },
      shiftSeconds: 0,
      fromZero: false,
      readFrom: undefined,
      to: undefined,
      limitMs: 500,
      output: join(folder, 'out.mkv'),
    },
    'out.mkv',
  );
  await expect(joining).rejects.toMatchObject({
    code: 'ERR_SINK_FAILED',
    message: expect.stringMatching(/^adding the audio to "out\.mkv" failed: it took more than 1 s/) as string,
  });
});

async function beepsIn(folder: string): Promise<string> {
  return makeBeeps(new MediaFolder(folder));
}
