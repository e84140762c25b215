import { isAbsolute, resolve } from 'node:path';
import { type FfmpegCommand, startFfmpeg } from '../../ffmpeg/child.js';
import type { FfmpegInstallation } from '../../ffmpeg/find-ffmpeg.js';
import type { Rational } from '../../contract/picture.js';
import type { Container } from './container.js';
import { containerOptions } from './encode-command.js';
import { whenWritten } from './watch-child.js';

/** The audio of a source, and how it gets into the file. */
export interface AudioPlan {
  readonly input: string;
  /** An encoder for each stream, or `copy`. */
  readonly codecs: readonly string[];
}

/** A video file that gets its audio. */
export interface AudioJoin {
  readonly ffmpeg: FfmpegInstallation;
  readonly container: Container;
  readonly audio: AudioPlan;
  /** The file with the video alone. */
  readonly video: string;
  readonly timeBase: Rational;
  /** Seconds that the file is ahead of the source. */
  readonly shiftSeconds: number;
  /** Audio before this second of the file is left out; undefined to keep all. */
  readonly from: number | undefined;
  /** Audio from this second of the file on is left out; undefined to keep all. */
  readonly to: number | undefined;
  readonly output: string;
}

/**
 * Decides what becomes of each audio stream: copied where the container takes it, else encoded.
 * @returns undefined if nothing can be kept.
 */
export function planAudio(
  container: Container,
  audioCodecs: readonly string[],
  available: ReadonlySet<string>,
  input: string,
): AudioPlan | undefined {
  const encoder = container.audioEncoders.find((name) => available.has(name));
  const codecs = audioCodecs.map((codec) => (container.takesAudio(codec) ? 'copy' : encoder));
  if (codecs.length === 0 || !codecs.every((codec) => codec !== undefined)) return undefined;
  return { input, codecs };
}

/** Copies the video and adds the audio. @throws SightlineError ERR_SINK_FAILED */
export async function addAudio(join: AudioJoin, label: string): Promise<void> {
  const child = startFfmpeg(joinCommand(join));
  child.stdout.resume();
  await whenWritten(child, join.output, `adding the audio to "${label}"`);
}

/** The command of `addAudio`. All times are those of the files (`-copyts`), so that picture and sound stay together. */
function joinCommand(join: AudioJoin): FfmpegCommand {
  const { ffmpeg, container, audio, video, timeBase, shiftSeconds, from, to, output } = join;
  const inputOptions: string[] = [];
  if (from !== undefined) inputOptions.push('-ss', seconds(from - shiftSeconds));
  if (shiftSeconds !== 0) inputOptions.push('-itsoffset', seconds(shiftSeconds));
  return {
    ffmpegPath: ffmpeg.ffmpegPath,
    stdin: 'ignore',
    inputs: [{ url: video }, { url: addressOf(audio.input), options: inputOptions }],
    outputOptions: [
      ...['-copyts', '-map', '0:v', '-map', '1:a', '-map_chapters', '-1'],
      ...['-c:v', 'copy'],
      ...audio.codecs.flatMap((codec, index) => [`-c:a:${index}`, codec]),
      // A seek lands before the wanted time; what lies between is dropped.
      ...(from === undefined ? [] : ['-copypriorss', '0']),
      ...(to === undefined ? [] : ['-to', seconds(to)]),
      ...containerOptions(container, ffmpeg, timeBase, true),
      '-y',
    ],
    output,
  };
}

/** A path made absolute, so that none is taken for an address, or an address as it is. */
export function addressOf(input: string): string {
  return isAbsolute(input) || !/^[a-z][a-z0-9+.-]+:\/\//i.test(input) ? resolve(input) : input;
}

function seconds(value: number): string {
  return value.toFixed(6);
}
