import { stat } from 'node:fs/promises';
import { SightlineError } from '../../errors.js';
import type { FfmpegChild, FfmpegExit } from '../../ffmpeg/child.js';

/** A child that does nothing for so long is given up. */
export const STALL_MS = 30_000;

/**
 * Waits until a child that writes a file is done.
 * @param doing what it does, for messages: `encoding "out.mp4"`.
 * @param stallMs the child is ended if its file does not change for so long.
 * @throws SightlineError ERR_SINK_FAILED unless it ended well and wrote all there was.
 */
export async function whenWritten(
  child: FfmpegChild,
  file: string,
  doing: string,
  stallMs = STALL_MS,
): Promise<void> {
  let seen = '';
  let changedAt = performance.now();
  const watch = { stalled: false };
  const timer = setInterval(() => {
    void stampOf(file).then((stamp) => {
      if (stamp !== seen) {
        seen = stamp;
        changedAt = performance.now();
      } else if (!watch.stalled && performance.now() - changedAt >= stallMs) {
        watch.stalled = true;
        void child.stop();
      }
    });
  }, stallMs / 4);
  const exit = await child.exited;
  clearInterval(timer);
  if (exit.code !== 0 || child.lastLines.some(isLostWrite))
    throw failureOf(child, exit, doing, watch.stalled ? stallMs : undefined);
}

/** ffmpeg ends with code 0 although its last writes failed, which it only logs. */
function isLostWrite(line: string): boolean {
  return /\[(error|fatal)\]/.test(line) && LOST_WRITE.test(line);
}

const LOST_WRITE = new RegExp(
  [
    'Error (writing|closing|muxing)',
    'Unable to re-open',
    'No space left on device|Disk quota exceeded|File too large|Read-only file system',
  ].join('|'),
);

/** Why a child has ended. @param stalledMs how long nothing moved before it was ended, if that is why. */
export function failureOf(
  child: FfmpegChild,
  exit: FfmpegExit,
  doing: string,
  stalledMs: number | undefined,
): SightlineError {
  return new SightlineError('ERR_SINK_FAILED', `${doing} failed: ${reasonOf(child, exit, stalledMs)}`);
}

function reasonOf(child: FfmpegChild, { signal }: FfmpegExit, stalledMs: number | undefined): string {
  if (stalledMs !== undefined) return `ffmpeg did nothing for ${stalledMs / 1000} s and was ended`;
  if (signal !== null) return `ffmpeg was killed (${signal})`;
  const lines = child.lastLines;
  if (lines.some((line) => line.includes('No space left on device'))) return 'the disk is full';
  if (lines.some((line) => line.includes('Disk quota exceeded'))) return 'the disk quota is used up';
  if (lines.some((line) => line.includes('File too large'))) return 'the file may not grow any larger';
  // The first error tells more than those that follow from it.
  const line = lines.find((text) => /\[(error|fatal|panic)\]/.test(text)) ?? lines.at(-1);
  const said = line?.replaceAll(/\[[^\]]*\] /g, '').trim() ?? '';
  return said === '' ? 'ffmpeg ended without a word' : `ffmpeg says: ${said}`;
}

async function stampOf(file: string): Promise<string> {
  return stat(file).then(
    ({ size, mtimeMs }) => `${size} ${mtimeMs}`,
    () => '',
  );
}
