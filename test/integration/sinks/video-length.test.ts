import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createVideoSink } from '../../../src/sinks/video/video-sink.js';
import type { SourceInfo } from '../../../src/contract/source.js';
import { ffmpeg as installation } from '../../support/media.js';
import { detectorInfo, sourceInfo } from '../../support/results.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { ffmpeg, greyPicture, endOf, resultAt } from '../../support/video-files.js';

const FRAMES = 30;

/** Writes grey frames that are all shown for as long, and takes the sound of another file for theirs. */
async function write(path: string, info: Partial<SourceInfo>, audioFrom: string | undefined): Promise<void> {
  const { num, den } = info.frameRate!;
  const sink = createVideoSink({
    path,
    ffmpeg: installation,
    ...(audioFrom !== undefined && { audioFrom }),
  });
  const source = sourceInfo({ width: 32, height: 24, startUs: 0, ...info });
  const stream = await sink.open(source, detectorInfo());
  for (let index = 0; index < FRAMES; index++)
    await stream.write(resultAt(index, info.startUs! + (index * 1e6 * den) / num, greyPicture(32, 24)));
  await stream.end('completed');
}

const PAL = { num: 25, den: 1 };
const NTSC = { num: 30_000, den: 1001 };

test.each([
  ['mp4', '90 kHz', { num: 1, den: 90_000 }, PAL],
  ['mp4', 'a tick a frame, as in AVI', { num: 1001, den: 30_000 }, NTSC],
  ['mov', 'a tick a frame, as in AVI', { num: 1, den: 25 }, PAL],
  ['mkv', '90 kHz', { num: 1, den: 90_000 }, PAL],
  ['mkv', 'a tick a frame, as in AVI', { num: 1001, den: 30_000 }, NTSC],
  ['webm', '12.8 kHz', { num: 1, den: 12_800 }, PAL],
] as const)(
  'in %s of %s the last frame lasts as long as the others',
  async (extension, _, timeBase, frameRate) => {
    const folder = await temporaryFolder();
    const sound = join(folder, 'sound.mka');
    await ffmpeg('-f', 'lavfi', '-i', 'sine=d=0.5:r=48000', '-c:a', 'libopus', sound);
    const gap = frameRate.den / frameRate.num;
    for (const [startUs, audioFrom] of [
      [0, undefined],
      [1_400_000, undefined],
      [0, sound],
    ] as const) {
      const path = join(folder, `out-${startUs}${audioFrom === undefined ? '' : '-sound'}.${extension}`);
      const audioCodecs = audioFrom === undefined ? [] : ['opus'];
      await write(
        path,
        { timeBase, frameRate, startUs, audioCodecs, durationUs: FRAMES * gap * 1e6 },
        audioFrom,
      );
      const due = startUs / 1e6 + FRAMES * gap;
      const ends = await endOf(path);
      // Matroska counts in milliseconds.
      expect(Math.abs(ends.video - due), path).toBeLessThan(0.0021);
      // Sound may not make it longer: it is shorter.
      expect(Math.abs(ends.file - due), path).toBeLessThan(0.0021);
    }
  },
);
