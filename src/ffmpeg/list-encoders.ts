import { askFfmpeg } from './ask-ffmpeg.js';
import type { FfmpegInstallation } from './find-ffmpeg.js';

/**
 * Names of the encoders that this ffmpeg was built with.
 * @throws SightlineError ERR_FFMPEG_FAILED
 */
export async function listEncoders({ ffmpegPath }: FfmpegInstallation): Promise<ReadonlySet<string>> {
  return parseEncoders(await askFfmpeg(ffmpegPath, ['-hide_banner', '-encoders'], 'ERR_FFMPEG_FAILED'));
}

/** Reads what `ffmpeg -encoders` prints: a legend, then a line for each: the kind of stream, five flags, the name. */
function parseEncoders(text: string): ReadonlySet<string> {
  const lines = text.matchAll(/^ [VAS][.A-Z]{5} (?!=)(\S+)/gm);
  return new Set(Array.from(lines, ([, name]) => name!));
}
