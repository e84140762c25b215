/** Frames of a file, or of a file behind http(s), decoded by an ffmpeg of their own. */
import { SightlineError } from '../../errors.js';
import type { FfmpegInstallation } from '../../ffmpeg/find-ffmpeg.js';
import { probeVideo, type VideoProbe } from '../../ffmpeg/probe.js';
import { letterboxFor } from '../../geometry/letterbox.js';
import type { Frame, FramePool, FrameRequest } from '../../contract/frame.js';
import type { Logger } from '../../contract/logger.js';
import type { Source, SourceInfo, SourceReport } from '../../contract/source.js';
import type { Letterbox } from '../../contract/picture.js';
import { decodeCommand } from '../decode/decode-command.js';
import { DecodeRun } from '../decode/decode-run.js';
import { pictureColour } from '../decode/picture-colour.js';
import type { StallLimits } from '../decode/stall-watch.js';
import { locateInput, type LocatedInput } from './locate-input.js';
import { turnPicture } from './turn-picture.js';
import { type FileSourceOptions, type FileSourceOptionsInput, parseFileSourceOptions } from './options.js';

/** What a file source is made of, and which part of the file is asked for. */
export interface FileSourceParts extends FileSourceOptionsInput {
  readonly id: string;
  /** A path, or an http(s) URL. */
  readonly path: string;
  readonly ffmpeg: FfmpegInstallation;
  readonly logger?: Logger | undefined;
  /** Instead of the usual limits. */
  readonly stall?: Partial<StallLimits>;
}

/** A file on a slow disk or server may take its time; one that hangs must not keep a run from ending. */
const STALL_LIMITS: StallLimits = { stallMs: 10_000, giveUpMs: 60_000 };

/**
 * A source that reads a file as fast as its frames are taken. Timestamps stay those of the file, whatever part of it is
 * asked for.
 * @throws SightlineError ERR_USAGE for options that cannot be meant.
 */
export function createFileSource(parts: FileSourceParts): Source {
  const { id, path, ffmpeg, logger, stall = {}, ...options } = parts;
  return new FileSource({ id, path, ffmpeg, logger, stall }, parseFileSourceOptions(id, options));
}

interface Opened {
  readonly located: LocatedInput;
  readonly probe: VideoProbe;
  readonly letterbox: Letterbox;
  readonly request: FrameRequest;
  readonly expectedFrames: number | undefined;
  readonly report: (report: SourceReport) => void;
}

class FileSource implements Source {
  readonly id: string;
  readonly #parts: Pick<FileSourceParts, 'path' | 'ffmpeg' | 'logger' | 'stall'>;
  readonly #options: FileSourceOptions;
  #opened: Opened | undefined;
  #run: DecodeRun | undefined;

  constructor(parts: FileSourceParts, options: FileSourceOptions) {
    this.id = parts.id;
    this.#parts = parts;
    this.#options = options;
  }

  get decodeErrors(): number {
    return this.#run?.decodeErrors ?? 0;
  }

  async open(
    request: FrameRequest,
    signal: AbortSignal,
    report: (report: SourceReport) => void,
  ): Promise<SourceInfo> {
    const { ffmpeg, path, logger } = this.#parts;
    const located = await locateInput(path);
    const { ffprobePath } = ffmpeg;
    const probed = await probeVideo({ ffprobePath, ...located }, signal);
    const probe = located.file === undefined ? probed : await turnPicture(probed, located.file);
    const { width, height, pixelAspect, durationUs, frameRate } = probe;
    const letterbox = letterboxFor(request.input, width, height, pixelAspect);
    const expectedFrames = expectedFramesOf(probe, this.#options);
    const { duration, maxFrames } = this.#options;
    this.#opened = { located, probe, letterbox, request, expectedFrames, report };
    logger?.debug({ source: this.id, codec: probe.codec, width, height }, 'opened');
    return {
      id: this.id,
      uri: located.name,
      live: false,
      width,
      height,
      pixelAspect,
      timeBase: probe.timeBase,
      ...(frameRate !== undefined && { frameRate }),
      startUs: probe.startUs,
      ...(durationUs !== undefined && { durationUs }),
      ...(expectedFrames !== undefined && { expectedFrames }),
      ...((duration !== undefined || maxFrames !== undefined) && { limited: true }),
      audioCodecs: probe.audioCodecs,
      colour: pictureColour(probe),
      letterbox,
    };
  }

  async *frames(pool: FramePool, signal: AbortSignal): AsyncIterable<Frame> {
    const opened = this.#opened;
    if (opened === undefined || this.#run !== undefined) {
      throw new SightlineError(
        'ERR_USAGE',
        `frames of "${this.id}" must be asked for once, after it was opened`,
      );
    }
    const { ffmpeg, logger, stall } = this.#parts;
    const { threads, maxFrames = Infinity } = this.#options;
    const { located, probe, letterbox, request, expectedFrames, report } = opened;
    const run = new DecodeRun({
      sourceId: this.id,
      name: located.name,
      cut: located.cut,
      torn: located.torn,
      command: decodeCommand({
        ffmpeg,
        input: located.input,
        probe,
        letterbox,
        frames: request,
        range: this.#options,
        threads,
      }),
      probe,
      range: this.#options,
      request,
      pool,
      signal,
      expectedFrames,
      logger,
      stall: { ...STALL_LIMITS, ...stall },
      report,
    });
    this.#run = run;
    try {
      await run.start();
      for (let index = 0; index < maxFrames; index++) {
        const assembled = await run.next();
        if (assembled === undefined) return;
        const { slot, ptsUs } = assembled;
        yield slot.publish({ index, ptsUs, capturedAt: Date.now() });
      }
    } finally {
      await run.stop();
    }
  }
}

// Frames that lie in the range asked for, at the average rate. An estimate: rates vary.
function expectedFramesOf(probe: VideoProbe, options: FileSourceOptions): number | undefined {
  const { start = 0, duration = Infinity, stride = 1, maxFrames = Infinity } = options;
  const { frameCount, durationUs, frameRate } = probe;
  const rate = frameRate === undefined ? undefined : frameRate.num / frameRate.den;
  const lasts = durationUs === undefined ? undefined : durationUs / 1e6;
  // Edit lists hide frames that the container counts; the duration is that of what they show.
  const counts = [
    frameCount,
    rate === undefined || lasts === undefined ? undefined : Math.round(rate * lasts),
  ];
  const known = counts.filter((count) => count !== undefined);
  const all = known.length === 0 ? undefined : Math.min(...known);
  if (all === undefined)
    return duration === Infinity || rate === undefined ? undefined : Math.round(rate * duration);
  const seconds = Math.min(duration, Math.max(0, (lasts ?? Infinity) - start));
  const part =
    start === 0 && duration === Infinity ? 1 : lasts === undefined || lasts === 0 ? 1 : seconds / lasts;
  return Math.min(maxFrames, Math.ceil(Math.round(all * part) / stride));
}
