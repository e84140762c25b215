import { rm } from 'node:fs/promises';
import { messageOf } from '../../errors.js';
import type { FfmpegInstallation } from '../../ffmpeg/find-ffmpeg.js';
import type { Logger } from '../../contract/logger.js';
import type { SourceInfo } from '../../contract/source.js';
import type { OutputFile } from '../files/output-file.js';
import { addAudio, type AudioJoin } from './add-audio.js';
import { type AudioPlan, encodeAll, planAudio } from './audio-plan.js';
import type { Container } from './container.js';
import type { TimeSpan } from './packet-times.js';
import type { Timeline } from './timeline.js';

/** Whose audio is taken, and where it goes. */
export interface SoundtrackOptions {
  readonly source: SourceInfo;
  readonly ffmpeg: FfmpegInstallation;
  readonly container: Container;
  /** Encoders of this ffmpeg. */
  readonly available: ReadonlySet<string>;
  readonly output: OutputFile;
  /** The source itself, to be read again for its audio. */
  readonly audioInput: string | undefined;
  readonly logger: Logger;
}

/** The video that gets the audio. */
export interface SilentVideo {
  readonly path: string;
  readonly timeline: Timeline;
  /** Whether the source was entered in its middle. */
  readonly cutAtStart: boolean;
  /** Whether the source goes on after the last frame. */
  readonly cutAtEnd: boolean;
  /** How long making it took. */
  readonly tookMs: number;
  /** Looks at a file that has both. @throws SightlineError ERR_SINK_FAILED if it is not whole. */
  readonly check: (file: string) => Promise<void>;
}

/** Reading the audio takes at most this, and twice as long as making the picture: a live stream would never end. */
const LEAST_LIMIT_MS = 60_000;
/** A seek leads this much before what is wanted: in some formats the audio lies before the picture of its time. */
const SEEK_MARGIN_S = 3;
/** Audio that begins later or ends earlier than the picture by this much is described as a part. */
const WHOLE_WITHIN_S = 1;
const NONE = 'without audio';

/** The audio of one annotated video: taken from the source in a second pass, once the picture is there. */
export class Soundtrack {
  readonly #options: SoundtrackOptions;
  readonly #plan: AudioPlan | undefined;
  #note: string | undefined;

  constructor(options: SoundtrackOptions) {
    const { source, container, available, audioInput, logger, output } = options;
    this.#options = options;
    if (audioInput === undefined || source.audioCodecs.length === 0) return;
    this.#plan = planAudio(container, source.audioCodecs, available, audioInput);
    const names = source.audioCodecs.join(', ');
    if (this.#plan === undefined) {
      this.#note = NONE;
      const text = `"${output.name}" gets no audio: this ffmpeg cannot put ${names} into ${container.extension}`;
      logger.warn({ source: source.id }, text);
      return;
    }
    const encoder = this.#plan.streams.find((stream) => stream.encoder !== 'copy')?.encoder;
    if (encoder === undefined) return;
    const text = `audio (${names}) does not fit into ${container.extension} as it is and is encoded with ${encoder}`;
    logger.info({ source: source.id }, text);
  }

  /** Whether there is audio to be added. */
  get wanted(): boolean {
    return this.#plan !== undefined;
  }

  /** What is said about the audio after the run; undefined if the source has none. */
  get note(): string | undefined {
    return this.#note;
  }

  /**
   * Adds the audio.
   * @returns the file that has it, beside which the video alone is removed; or that video, if there is nothing to add or
   * adding it failed, which is told.
   */
  async join(video: SilentVideo): Promise<string> {
    const { container, available } = this.#options;
    if (this.#plan === undefined) return video.path;
    if (video.timeline.jumped)
      return this.#without(video, 'the clock of the source jumped, and its audio cannot be placed');
    const attempts = [this.#plan, encodeAll(this.#plan, container, available)];
    const path = this.#options.output.partPath('joined');
    let failure: unknown;
    for (const plan of attempts) {
      if (plan === undefined) continue;
      try {
        const spans = await addAudio(this.#joinOf(plan, video, path), this.#options.output.name);
        if (spans.some((span) => span !== undefined)) {
          await video.check(path);
          this.#note = noteOf(plan, spans, video.timeline.span);
          await rm(video.path, { force: true });
          return path;
        }
        await rm(path, { force: true });
        return this.#without(video, 'there was none while the picture lasts');
      } catch (error) {
        await rm(path, { force: true });
        failure ??= error;
        if (!REFUSED.test(messageOf(error))) break;
      }
    }
    return this.#failed(video, failure);
  }

  #joinOf(audio: AudioPlan, video: SilentVideo, output: string): AudioJoin {
    const { ffmpeg, container, source } = this.#options;
    const { timeBase, shiftSeconds, span } = video.timeline;
    const readFrom = span.start - shiftSeconds - SEEK_MARGIN_S;
    return {
      ffmpeg,
      container,
      audio,
      video: video.path,
      timeBase,
      shiftSeconds,
      // A file that was moved to zero would else have audio before its beginning.
      fromZero: shiftSeconds !== 0,
      readFrom: video.cutAtStart && readFrom > source.startUs / 1e6 ? readFrom : undefined,
      to: video.cutAtEnd ? span.end : undefined,
      limitMs: LEAST_LIMIT_MS + Math.ceil(2 * video.tookMs),
      output,
    };
  }

  #without({ path }: SilentVideo, why: string): string {
    const { logger, source, output } = this.#options;
    this.#note = NONE;
    logger.warn({ source: source.id }, `"${output.name}" gets no audio: ${why}`);
    return path;
  }

  #failed({ path }: SilentVideo, error: unknown): string {
    const { logger, source, audioInput = '' } = this.#options;
    this.#note = NONE;
    // Addresses may hold credentials; the source's own name does not.
    const message = messageOf(error).replaceAll(audioInput, source.uri);
    logger.warn({ source: source.id }, `${message}; the video is kept without it`);
    return path;
  }
}

/** What ffmpeg says when a format does not take a codec, or not this kind of it. */
const REFUSED = /could not (?:find tag|write header)|not (?:currently )?supported|bitstream|codec/i;

function noteOf(plan: AudioPlan, spans: readonly (TimeSpan | undefined)[], video: TimeSpan): string {
  const encoder = plan.streams.find((stream) => stream.encoder !== 'copy')?.encoder;
  const found = spans.filter((span) => span !== undefined);
  const [from, to] = [Math.min(...found.map(({ start }) => start)), Math.max(...found.map(({ end }) => end))];
  return [
    encoder === undefined ? 'audio copied' : `audio encoded with ${encoder}`,
    ...(found.length < spans.length ? [`${found.length} of ${spans.length} audio streams`] : []),
    ...(from > video.start + WHOLE_WITHIN_S ? [`audio from ${from.toFixed(1)} s`] : []),
    ...(to < video.end - WHOLE_WITHIN_S ? [`audio up to ${to.toFixed(1)} s`] : []),
  ].join(', ');
}
