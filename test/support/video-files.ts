/** Makes video files, reads them back, and feeds them to a sink, all with ffmpeg's own programs. */
import { execFile } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { startFfmpeg } from '../../src/ffmpeg/child.js';
import type { FfmpegInstallation } from '../../src/ffmpeg/find-ffmpeg.js';
import type { SinkStream } from '../../src/contract/sink.js';
import type { PixelBuffer } from '../../src/contract/picture.js';
import type { FrameResult } from '../../src/contract/result.js';
import type { SourceInfo } from '../../src/contract/source.js';
import type { Track } from '../../src/contract/tracker.js';
import { frameResult, sourceInfo, track } from './results.js';

const run = promisify(execFile);

/** What ffprobe says about a file, as it says it. */
export interface ProbedFile {
  readonly streams: readonly Readonly<Record<string, string | number>>[];
  /** Timestamps of the first video stream in presentation order, in ticks of its time base. */
  readonly pts: readonly number[];
  /** The same in seconds. */
  readonly seconds: readonly number[];
}

/** Runs ffmpeg with these arguments. */
export async function ffmpeg(...args: string[]): Promise<string> {
  const { stdout } = await run('ffmpeg', ['-v', 'error', '-y', ...args], { maxBuffer: 1 << 26 });
  return stdout;
}

/** Looks at a file; decodes nothing. */
export async function probe(path: string): Promise<ProbedFile> {
  const args = [
    '-v',
    'error',
    '-of',
    'json',
    '-show_streams',
    '-show_entries',
    'packet=stream_index,pts',
    path,
  ];
  const { stdout } = await run('ffprobe', args, { maxBuffer: 1 << 26 });
  const { streams, packets } = JSON.parse(stdout) as {
    streams: Record<string, string | number>[];
    packets: { stream_index: number; pts: number }[];
  };
  const video = streams.find((stream) => stream['codec_type'] === 'video');
  const [num, den] = String(video?.['time_base']).split('/').map(Number);
  const pts = packets
    .filter((packet) => packet.stream_index === video?.['index'])
    .map((packet) => packet.pts)
    .sort((a, b) => a - b);
  return { streams, pts, seconds: pts.map((ticks) => (ticks * num!) / den!) };
}

/** A digest of the audio packets, by stream. */
export async function audioHash(path: string): Promise<string> {
  return ffmpeg('-i', path, '-map', '0:a', '-c', 'copy', '-f', 'streamhash', '-');
}

/** The description that a source would give of a file. */
export async function infoOf(path: string, changes: Partial<SourceInfo> = {}): Promise<SourceInfo> {
  const { streams, seconds } = await probe(path);
  const video = streams.find((stream) => stream['codec_type'] === 'video');
  const numbers = (field: string): { num: number; den: number } => {
    const [num, den] = String(video?.[field] ?? '1/1')
      .split(/[:/]/)
      .map(Number);
    return { num: num!, den: den! };
  };
  const colour = (field: string): string | undefined =>
    video?.[field] === 'unknown' ? undefined : (video?.[field] as string | undefined);
  // Matroska has no duration of a stream; what the last frame adds does not matter here.
  const stated = Number(video?.['duration']);
  const duration = Number.isFinite(stated) ? stated : seconds.at(-1)! - seconds[0]!;
  return sourceInfo({
    uri: path,
    width: Number(video?.['width']),
    height: Number(video?.['height']),
    timeBase: numbers('time_base'),
    frameRate: numbers('avg_frame_rate'),
    pixelAspect:
      video?.['sample_aspect_ratio'] === undefined ? { num: 1, den: 1 } : numbers('sample_aspect_ratio'),
    startUs: Math.round(seconds[0]! * 1e6),
    durationUs: Math.round(duration * 1e6),
    audioCodecs: streams.filter((s) => s['codec_type'] === 'audio').map((s) => String(s['codec_name'])),
    colour: Object.fromEntries(
      Object.entries({
        range: colour('color_range'),
        space: colour('color_space'),
        primaries: colour('color_primaries'),
        transfer: colour('color_transfer'),
      }).filter(([, value]) => value !== undefined),
    ),
    ...changes,
  });
}

/** Decodes a file and writes its frames, each with one track, to a sink's stream, from `from` to before `to` seconds. */
export async function feed(
  stream: SinkStream,
  path: string,
  info: SourceInfo,
  { from = -Infinity, to = Infinity } = {},
): Promise<number> {
  const { width, height } = info;
  const { seconds } = await probe(path);
  const child = startFfmpeg({
    ffmpegPath: 'ffmpeg',
    inputs: [{ url: path, options: ['-noautorotate'] }],
    outputOptions: ['-map', '0:v:0', '-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-vsync', 'passthrough'],
    output: 'pipe:1',
    stdin: 'ignore',
  });
  const data = new Uint8Array(width * height + 2 * Math.ceil(width / 2) * Math.ceil(height / 2));
  let [filled, index, written] = [0, 0, 0];
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    for (let at = 0; at < chunk.length;) {
      const size = Math.min(chunk.length - at, data.length - filled);
      data.set(chunk.subarray(at, at + size), filled);
      at += size;
      filled += size;
      if (filled < data.length) continue;
      filled = 0;
      const second = seconds[index++]!;
      if (second < from || second >= to) continue;
      const picture: PixelBuffer = { format: 'yuv420p', width, height, data };
      await stream.write(resultAt(written++, second * 1e6, picture));
    }
  }
  return written;
}

/** A grey picture. */
export function greyPicture(width: number, height: number, luma = 96): PixelBuffer {
  const chroma = Math.ceil(width / 2) * Math.ceil(height / 2);
  const data = new Uint8Array(width * height + 2 * chroma).fill(128);
  data.fill(luma, 0, width * height);
  return { format: 'yuv420p', width, height, data };
}

/** A result with one moving track. */
export function resultAt(index: number, ptsUs: number, picture: PixelBuffer): FrameResult {
  const { width, height } = picture;
  const x = (index * 3) % Math.max(1, width / 2);
  const car: Track = track({ box: { x1: x, y1: height / 4, x2: x + width / 3, y2: height * 0.8 } });
  return frameResult(index, { picture, ptsUs: Math.round(ptsUs), tracks: [car] });
}

/** An ffmpeg whose program is a shell script of the test, which can call `$REAL`. */
export async function scriptedFfmpeg(
  real: FfmpegInstallation,
  path: string,
  script: string,
): Promise<FfmpegInstallation> {
  await writeFile(path, `#!/bin/sh\nREAL='${real.ffmpegPath}'\n${script}\n`);
  await chmod(path, 0o755);
  return { ...real, ffmpegPath: path };
}

/** When the last frame and the whole file end, in seconds of its timeline, as the container states it. */
export async function endOf(path: string): Promise<{ video: number; file: number }> {
  const show = 'stream=start_time,duration:stream_tags=DURATION:format=duration';
  const args = ['-v', 'error', '-of', 'json', '-select_streams', 'v:0', '-show_entries', show, path];
  const { streams, format } = JSON.parse((await run('ffprobe', args)).stdout) as {
    streams: [{ start_time: string; duration?: string; tags?: { DURATION?: string } }];
    format: { duration: string };
  };
  const [{ start_time: start, duration, tags }] = streams;
  // Matroska states the moment of the end, as mp4 does for the file.
  const video =
    duration === undefined ? Number(tags?.DURATION?.split(':').at(-1)) : Number(start) + Number(duration);
  return { video, file: Number(format.duration) };
}
