/**
 * A look at a video before it gets its name: ffmpeg does not always end with an error when its last writes fail, and a disk may
 * lose what it took.
 */
import { stat } from 'node:fs/promises';
import { isSightlineError, SightlineError } from '../../errors.js';
import { runFfprobe } from '../../ffmpeg/run-ffprobe.js';
import type { FfmpegInstallation } from '../../ffmpeg/find-ffmpeg.js';
import type { Container } from './container.js';

/** What a finished file should be. */
export interface FinishedVideo {
  readonly ffmpeg: FfmpegInstallation;
  readonly container: Container;
  readonly file: string;
  readonly frames: number;
  /** What the user calls it. */
  readonly label: string;
}

/** Disks that read less than 5 MB/s are not waited for. */
const SLOWEST_BYTES_PER_MS = 5000;
const START_MS = 60_000;

/**
 * Reads a file from its index to its last packet and counts its pictures; nothing is decoded. A file that cannot be looked at
 * here, because ffprobe does not start or takes too long, passes.
 * @throws SightlineError ERR_SINK_FAILED if it has no index or pictures are missing.
 */
export async function checkVideo({ ffmpeg, container, file, frames, label }: FinishedVideo): Promise<void> {
  const bytes = (await stat(file)).size;
  const looked = await runFfprobe(ffmpeg.ffprobePath, countCommand(container, file), {
    signal: new AbortController().signal,
    timeoutMs: START_MS + Math.ceil(bytes / SLOWEST_BYTES_PER_MS),
  }).catch((error: unknown) => {
    if (isSightlineError(error, 'ERR_FFMPEG_FAILED')) return undefined;
    throw error;
  });
  if (looked?.code === undefined) return;
  // Some encoders put more into a file than is shown.
  const found = looked.code === 0 ? Number.parseInt(looked.stdout, 10) : 0;
  if (found >= frames && !BREAKS_OFF.test(looked.stderr)) return;
  const problem = found > 0 ? 'the file breaks off' : 'the file has no index';
  throw new SightlineError(
    'ERR_SINK_FAILED',
    `writing "${label}" failed: ${problem}, though ffmpeg told no error`,
  );
}

/** What is said of MP4 and of Matroska whose last packet is cut. */
const BREAKS_OFF = /partial file|ended prematurely/;

function countCommand(container: Container, file: string): string[] {
  return [
    ...['-v', 'error', '-select_streams', 'v:0', '-count_packets'],
    // Frames are counted, not what an edit list shows of them.
    ...(container.exactTimes ? ['-ignore_editlist', '1'] : []),
    ...[
      '-show_entries',
      'stream=nb_read_packets',
      '-of',
      'default=nokey=1:noprint_wrappers=1',
      `file:${file}`,
    ],
  ];
}
