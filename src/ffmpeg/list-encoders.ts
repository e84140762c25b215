import { execFile } from 'node:child_process';
import { SightlineError } from '../errors.js';
import type { FfmpegInstallation } from './find-ffmpeg.js';

/**
 * Names of the encoders that this ffmpeg was built with.
 * @throws SightlineError ERR_FFMPEG_FAILED
 */
export async function listEncoders({ ffmpegPath }: FfmpegInstallation): Promise<ReadonlySet<string>> {
  const text = await new Promise<string>((resolve, reject) => {
    execFile(ffmpegPath, ['-hide_banner', '-encoders'], { timeout: ANSWER_MS }, (error, stdout) => {
      if (error === null) resolve(stdout);
      else
        reject(
          new SightlineError('ERR_FFMPEG_FAILED', `"${ffmpegPath} -encoders" failed: ${error.message}`, {
            cause: error,
          }),
        );
    });
  });
  return parseEncoders(text);
}

const ANSWER_MS = 10_000;

/** Reads what `ffmpeg -encoders` prints: a legend, then a line for each: the kind of stream, five flags, the name. */
function parseEncoders(text: string): ReadonlySet<string> {
  const lines = text.matchAll(/^ [VAS][.A-Z]{5} (?!=)(\S+)/gm);
  return new Set(Array.from(lines, ([, name]) => name!));
}
