/** Clips with a beep in every white frame: whether sound and picture belong together can be measured in what is made of them. */
import { readFile, rm } from 'node:fs/promises';
import type { FrameRequest } from '../../src/contract/frame.js';
import { createFramePool } from '../../src/pipeline/frame-pool.js';
import { createVideoSink } from '../../src/sinks/video/video-sink.js';
import { createFileSource, type FileSourceParts } from '../../src/sources/file/file-source.js';
import { ffmpeg as installation, frameTimesOf, type MediaFolder, runFfmpeg } from './media.js';
import { warningsTo } from './recording-logger.js';
import { detectorInfo, frameResult } from './results.js';

/** Frames per second, and the frames that are white; the gaps between them all differ, so that none is taken for another. */
export const BEEP_RATE = 25;
const WHITE_FRAMES = [12, 40, 75, 121, 160];
/** Length of a clip in seconds. */
const BEEP_SECONDS = 8;

const isWhite = WHITE_FRAMES.map((frame) => `eq(n,${frame})`).join('+');
const isLoud = WHITE_FRAMES.map((frame) => `between(t,${frame / BEEP_RATE},${(frame + 1) / BEEP_RATE})`).join(
  '+',
);
const PICTURE = `color=black:s=64x48:r=${BEEP_RATE}:d=${BEEP_SECONDS},drawbox=c=white:t=fill:enable='${isWhite}'`;
const SOUND = `aevalsrc='(${isLoud})*sin(2000*PI*t)':s=48000:d=${BEEP_SECONDS}`;

/** Makes the clip that all others are made of, its picture and sound as they are. @returns its path. */
export async function makeBeeps(media: MediaFolder): Promise<string> {
  const inputs = ['-f', 'lavfi', '-i', PICTURE, '-f', 'lavfi', '-i', SOUND];
  return media.make('beeps.nut', ...inputs, '-c:v', 'rawvideo', '-pix_fmt', 'yuv420p', '-c:a', 'pcm_s16le');
}

/** As H.264, without frames out of order. */
export const beepVideo: readonly string[] = [
  ...['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '50', '-pix_fmt', 'yuv420p'],
];

/** As MPEG-4, for AVI. */
export const beepMpeg4: readonly string[] = ['-c:v', 'mpeg4', '-g', '50'];
/** As VP8, for WebM. */
export const beepVp8: readonly string[] = [
  ...['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-g', '50'],
];

/** What was made of a clip. */
export interface Annotated {
  readonly note: string | undefined;
  readonly warnings: readonly string[];
}

const REQUEST: FrameRequest = { input: { width: 32, height: 32, pad: 128, kernel: 'area' }, image: true };

/** Sends a file through a file source and a video sink, as a run does, without a network. */
export async function annotateClip(
  input: string,
  output: string,
  range: Pick<FileSourceParts, 'start' | 'duration' | 'maxFrames' | 'stride'> = {},
): Promise<Annotated> {
  const warnings: string[] = [];
  const logger = warningsTo(warnings);
  const { signal } = new AbortController();
  const source = createFileSource({ id: 'clip', path: input, ffmpeg: installation, logger, ...range });
  const info = await source.open(REQUEST, signal, () => undefined);
  const sink = createVideoSink({ path: output, ffmpeg: installation, audioFrom: input, logger });
  await sink.prepare?.();
  const stream = await sink.open(info, detectorInfo());
  const pool = createFramePool({ sourceId: 'clip', capacity: 4, geometry: info, request: REQUEST });
  for await (const frame of source.frames(pool, signal)) {
    await stream.write({ ...frameResult(frame.index, { tracks: [] }), frame });
    frame.release();
  }
  await stream.end('completed');
  return { note: stream.describe?.(), warnings };
}

/** Seconds of a file's own timeline at which its frames turn white, and at which the beeps of an audio stream begin. */
export async function measureBeeps(
  path: string,
  audioStream = 0,
): Promise<{ readonly flashes: readonly number[]; readonly beeps: readonly number[] }> {
  const [grey, sound] = [`${path}.grey`, `${path}.sound`];
  await runFfmpeg(
    ...['-copyts', '-i', path],
    ...[
      '-map',
      '0:v:0',
      '-vf',
      'scale=1:1:flags=area,format=gray',
      '-fps_mode',
      'passthrough',
      '-f',
      'rawvideo',
      grey,
    ],
    // Whatever comes first, sample 0 is the time 0.
    ...['-map', `0:a:${audioStream}`, '-af', 'aresample=async=1:first_pts=0,aresample=8000'],
    ...['-ac', '1', '-c:a', 'pcm_s16le', '-f', 's16le', sound],
  );
  const [pictures, samples, times] = await Promise.all([readFile(grey), readFile(sound), frameTimesOf(path)]);
  await Promise.all([rm(grey), rm(sound)]);
  const flashes = [...pictures].flatMap((luma, index) => (luma > 128 ? [times[index]! / 1e6] : []));
  return { flashes, beeps: onsetsIn(samples) };
}

const LOUD = 6000;
const QUIET_SAMPLES = 1600;

function onsetsIn(samples: Buffer): number[] {
  const onsets: number[] = [];
  let lastLoud = -Infinity;
  for (let at = 0; at < samples.length >> 1; at++) {
    if (Math.abs(samples.readInt16LE(at * 2)) < LOUD) continue;
    if (at - lastLoud > QUIET_SAMPLES) onsets.push(at / 8000);
    lastLoud = at;
  }
  return onsets;
}
