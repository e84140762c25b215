import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { findFfmpeg } from '../../src/ffmpeg/find-ffmpeg.js';
import { createFramePool } from '../../src/pipeline/frame-pool.js';
import { createFileSource, type FileSourceParts } from '../../src/sources/file/file-source.js';
import type { FrameRequest } from '../../src/contract/frame.js';
import type { SourceInfo } from '../../src/contract/source.js';
import { warningsTo } from './recording-logger.js';

/** The ffmpeg of this machine. */
export const ffmpeg = await findFfmpeg();

/** One of the bundled clips. */
export const carClip = fileURLToPath(new URL('../../examples/clips/car-detection.mp4', import.meta.url));

const run = promisify(execFile);
const options = { encoding: 'buffer', maxBuffer: 2 ** 30 } as const;

/** Runs ffmpeg as a test's second opinion. @returns what it wrote to stdout. */
export async function runFfmpeg(...args: readonly string[]): Promise<Buffer> {
  const quiet = ['-v', 'error', '-nostdin', '-y'];
  return (await run(ffmpeg.ffmpegPath, [...quiet, ...args], options)).stdout;
}

/** Times of the frames of the first video stream in microseconds, as ffprobe decodes them. */
export async function frameTimesOf(path: string): Promise<number[]> {
  const { stdout } = await run(ffmpeg.ffprobePath, [
    ...[
      '-v',
      'quiet',
      '-select_streams',
      'v:0',
      '-show_entries',
      'frame=best_effort_timestamp:stream=time_base',
    ],
    ...['-print_format', 'json', path],
  ]);
  const { frames, streams } = JSON.parse(stdout) as {
    frames: { best_effort_timestamp: number }[];
    streams: [{ time_base: string }];
  };
  const [num, den] = streams[0].time_base.split('/').map(Number);
  return frames.map((frame) => Math.round((frame.best_effort_timestamp * num! * 1e6) / den!));
}

/** Makes media in a folder of its own. */
export class MediaFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  static async create(): Promise<MediaFolder> {
    return new MediaFolder(await mkdtemp(join(tmpdir(), 'sightline-media-')));
  }

  /** @param args of ffmpeg, before the name of the output. @returns the path of the output. */
  async make(name: string, ...args: readonly string[]): Promise<string> {
    const path = join(this.path, name);
    await runFfmpeg(...args, `file:${path}`);
    return path;
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}

/** ffmpeg arguments for a moving test picture. */
export function testPicture(size = '64x48', seconds = 1, rate = 10): string[] {
  return ['-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=${rate}:duration=${seconds}`];
}

/** A frame whose pixels were copied out of the pool. */
interface CopiedFrame {
  readonly epoch: number;
  readonly index: number;
  readonly ptsUs: number;
  readonly model: Buffer;
  readonly picture: Buffer | undefined;
}

/** What came of decoding a file. */
export interface Decoded {
  readonly info: SourceInfo;
  readonly frames: readonly CopiedFrame[];
  readonly error: unknown;
  readonly decodeErrors: number;
  readonly warnings: readonly string[];
  /** Slots that did not come back. */
  readonly missing: number;
}

/** A request for small frames with pictures. */
export const smallRequest: FrameRequest = {
  input: { width: 64, height: 64, pad: 128, kernel: 'area' },
  image: true,
};

/** Decodes a file to its end or its error, with copies of all pixels. */
export async function decode(
  path: string,
  extra: Partial<FileSourceParts> = {},
  request: FrameRequest = smallRequest,
  capacity = 3,
): Promise<Decoded> {
  const warnings: string[] = [];
  const source = createFileSource({ id: 'clip', path, ffmpeg, logger: warningsTo(warnings), ...extra });
  const { signal } = new AbortController();
  const info = await source.open(request, signal, () => undefined);
  const pool = createFramePool({ sourceId: 'clip', capacity, geometry: info, request });
  const frames: CopiedFrame[] = [];
  let error: unknown;
  try {
    for await (const frame of source.frames(pool, signal)) {
      const { epoch, index, ptsUs, input: model, image: picture } = frame;
      frames.push({
        epoch,
        index,
        ptsUs,
        model: Buffer.from(model.data),
        picture: picture === undefined ? undefined : Buffer.from(picture.data),
      });
      frame.release();
    }
  } catch (caught) {
    error = caught;
  }
  return { info, frames, error, decodeErrors: source.decodeErrors, warnings, missing: capacity - pool.free };
}
