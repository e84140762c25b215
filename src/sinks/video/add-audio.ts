import { isAbsolute, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { SightlineError } from '../../errors.js';
import { type FfmpegCommand, startFfmpeg } from '../../ffmpeg/child.js';
import { HTTP_FILE_OPTIONS } from '../../ffmpeg/http-options.js';
import { runFfprobe } from '../../ffmpeg/run-ffprobe.js';
import type { FfmpegInstallation } from '../../ffmpeg/find-ffmpeg.js';
import type { Rational } from '../../contract/picture.js';
import type { AudioPlan } from './audio-plan.js';
import type { Container } from './container.js';
import { containerOptions } from './encode-command.js';
import { PacketTimes, type TimeSpan } from './packet-times.js';
import { whenWritten } from './watch-child.js';

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
  /** Whether audio before the beginning of the file is left out. */
  readonly fromZero: boolean;
  /** The source need not be read before this second of its own clock; undefined to read all. */
  readonly readFrom: number | undefined;
  /** Audio from this second of the file on is left out; undefined to keep all. */
  readonly to: number | undefined;
  /** The work is given up if it takes longer. */
  readonly limitMs: number;
  readonly output: string;
}

/**
 * Copies the video and adds the audio. ffmpeg tells on its stdout of each packet that it takes over: so it is known what
 * there was, and ffmpeg ends when nobody listens any more, because we died.
 * @returns when each audio stream begins and ends, in seconds of the file; undefined for one of which there was nothing.
 * @throws SightlineError ERR_SINK_FAILED
 */
export async function addAudio(join: AudioJoin, label: string): Promise<(TimeSpan | undefined)[]> {
  const { audio, output, limitMs } = join;
  const child = startFfmpeg(joinCommand(join));
  const times = new PacketTimes(audio.streams.length);
  createInterface({ input: child.stdout }).on('line', (line) => {
    times.line(line);
  });
  const doing = `adding the audio to "${label}"`;
  const watch = { late: false };
  const timer = setTimeout(() => {
    watch.late = true;
    void child.stop();
  }, limitMs);
  try {
    await whenWritten(child, output, doing);
  } catch (error) {
    if (!watch.late) throw error;
    const allowed = `${Math.round(limitMs / 1000)} s, and making the picture took less than half of that`;
    throw new SightlineError('ERR_SINK_FAILED', `${doing} failed: it took more than ${allowed}`);
  } finally {
    clearTimeout(timer);
  }
  const spans = times.spans();
  // What an encoder made of it is not told on the way.
  if (audio.streams.every(({ encoder }) => encoder === 'copy')) return spans;
  const lengths = await audioLengths(join);
  return spans.map((span, index) => (lengths[index] === 0 ? undefined : span));
}

/** The command of `addAudio`. All times are those of the files (`-copyts`), so that picture and sound stay together. */
function joinCommand(join: AudioJoin): FfmpegCommand {
  const { ffmpeg, container, audio, video, timeBase, shiftSeconds, fromZero, readFrom, to, output } = join;
  const { url, options: inputOptions } = audioInput(audio.input);
  // A seek leads somewhere before that time, or nowhere where the input cannot be sought in; times are not changed by it.
  if (readFrom !== undefined)
    inputOptions.push('-noaccurate_seek', '-seek_timestamp', '1', '-ss', seconds(readFrom));
  if (shiftSeconds !== 0) inputOptions.push('-itsoffset', seconds(shiftSeconds));
  const mapped = audio.streams.flatMap(({ index }) => ['-map', `1:a:${index}`]);
  const part = [
    ...(fromZero ? ['-copypriorss', '0'] : []),
    ...(to === undefined ? [] : ['-to', seconds(to)]),
  ];
  return {
    ffmpegPath: ffmpeg.ffmpegPath,
    stdin: 'ignore',
    inputs: [{ url: video }, { url, options: inputOptions }],
    reports: [
      {
        options: ['-copyts', ...mapped, '-c', 'copy', ...part, '-flush_packets', '1', '-f', 'framecrc'],
        output: 'pipe:1',
      },
    ],
    outputOptions: [
      ...['-copyts', '-map', '0:v', ...mapped, '-map_chapters', '-1'],
      ...['-c:v', 'copy'],
      ...audio.streams.flatMap(({ encoder }, index) => encoding(encoder, index, join)),
      ...part,
      ...containerOptions(container, ffmpeg, timeBase, true),
      '-y',
    ],
    output,
  };
}

/** How one stream gets into the file. Holes are filled with silence, which encoders would close. */
function encoding(encoder: string, index: number, { fromZero, to }: AudioJoin): string[] {
  if (encoder === 'copy') return [`-c:a:${index}`, 'copy'];
  const limits = [...(fromZero ? ['start=0'] : []), ...(to === undefined ? [] : [`end=${seconds(to)}`])];
  const filters = [
    ...(limits.length === 0 ? [] : [`atrim=${limits.join(':')}`]),
    'aresample=async=1',
    ...(encoder === 'libopus' ? [OPUS_LAYOUTS] : []),
  ];
  return [`-c:a:${index}`, encoder, `-filter:a:${index}`, filters.join(',')];
}

/** libopus refuses others, such as the 5.1 with side speakers of AC-3. */
const OPUS_LAYOUTS = 'aformat=channel_layouts=mono|stereo|3.0|quad|5.0|5.1|6.1|7.1';

/** A path made absolute, so that none is taken for an address, or an address as it is. */
export function addressOf(input: string): string {
  if (/^file:\/\//i.test(input)) return fileURLToPath(input);
  return isAbsolute(input) || !/^[a-z][a-z0-9+.-]+:\/\//i.test(input) ? resolve(input) : input;
}

function audioInput(input: string): { readonly url: string; readonly options: string[] } {
  const url = addressOf(input);
  return isAbsolute(url) ? { url: `file:${url}`, options: [] } : { url, options: [...HTTP_FILE_OPTIONS] };
}

/** Seconds of each audio stream of the joined file, as far as it states them; 0 for one that is empty or not there. */
async function audioLengths({ ffmpeg, audio, output, limitMs }: AudioJoin): Promise<(number | undefined)[]> {
  const args = [
    '-v',
    'error',
    '-select_streams',
    'a',
    '-show_entries',
    'stream=duration:stream_tags=DURATION',
  ];
  const { code, stdout } = await runFfprobe(ffmpeg.ffprobePath, [...args, '-of', 'json', `file:${output}`], {
    signal: new AbortController().signal,
    timeoutMs: limitMs,
  });
  if (code !== 0) throw new SightlineError('ERR_SINK_FAILED', 'the video with the audio cannot be read');
  const { streams } = JSON.parse(stdout) as {
    streams: readonly { readonly duration?: string; readonly tags?: { readonly DURATION?: string } }[];
  };
  return audio.streams.map((_, index) => {
    const stream = streams[index];
    if (stream === undefined) return 0;
    const stated = stream.duration ?? stream.tags?.DURATION;
    return stated === undefined
      ? undefined
      : stated.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
  });
}

function seconds(value: number): string {
  return value.toFixed(6);
}
