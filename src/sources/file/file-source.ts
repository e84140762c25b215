/** Frames of a file, or of a file behind http(s), decoded by an ffmpeg of their own. */
import { SightlineError } from '../../errors.js';
import type { FfmpegInstallation } from '../../ffmpeg/find-ffmpeg.js';
import { probeVideo, type VideoProbe } from '../../ffmpeg/probe.js';
import { letterboxOf } from '../../geometry/letterbox.js';
import type { FramePool, FrameRequest } from '../../contract/frame.js';
import type { Logger } from '../../contract/logger.js';
import type { Source } from '../../contract/source.js';
import type { Frame } from '../../contract/frame.js';
import type { Letterbox } from '../../contract/picture.js';
import type { SourceInfo } from '../../contract/source.js';
import { decodeCommand, type DecodeRange } from '../decode/decode-command.js';
import { DecodeRun } from '../decode/decode-run.js';
import { locateInput, type LocatedInput } from './locate-input.js';

/** What a file source is made of. */
export interface FileSourceOptions extends DecodeRange {
  readonly id: string;
  /** A path, or an http(s) URL. */
  readonly path: string;
  readonly ffmpeg: FfmpegInstallation;
  /** The source ends after this many delivered frames. */
  readonly maxFrames?: number | undefined;
  /** Threads of the decoder; ffmpeg's own choice if not given. */
  readonly threads?: number | undefined;
  readonly logger?: Logger | undefined;
}

/**
 * A source that reads a file as fast as its frames are taken. Timestamps stay those of the file, whatever part of it is
 * asked for.
 * @throws SightlineError ERR_USAGE if `start`, `duration`, `stride` or `maxFrames` cannot be meant.
 */
export function createFileSource(options: FileSourceOptions): Source {
  checkOptions(options);
  return new FileSource(options);
}

interface Opened {
  readonly located: LocatedInput;
  readonly probe: VideoProbe;
  readonly letterbox: Letterbox;
  readonly request: FrameRequest;
  readonly expectedFrames: number | undefined;
}

class FileSource implements Source {
  readonly id: string;
  readonly #options: FileSourceOptions;
  #opened: Opened | undefined;
  #run: DecodeRun | undefined;

  constructor(options: FileSourceOptions) {
    this.id = options.id;
    this.#options = options;
  }

  get decodeErrors(): number {
    return this.#run?.decodeErrors ?? 0;
  }

  async open(request: FrameRequest, signal: AbortSignal): Promise<SourceInfo> {
    const { ffmpeg, path, logger } = this.#options;
    const located = await locateInput(path);
    const { ffprobePath } = ffmpeg;
    const probe = await probeVideo({ ffprobePath, ...located }, signal);
    const { width, height, pixelAspect, durationUs, frameRate } = probe;
    const { input: model } = request;
    const letterbox = letterboxOf(width, height, model.width, model.height, pixelAspect);
    const expectedFrames = expectedFramesOf(probe, this.#options);
    this.#opened = { located, probe, letterbox, request, expectedFrames };
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
      audioCodecs: probe.audioCodecs,
      colour: probe.colour,
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
    const { ffmpeg, threads, logger, maxFrames = Infinity } = this.#options;
    const { located, probe, letterbox, request, expectedFrames } = opened;
    const run = new DecodeRun({
      sourceId: this.id,
      name: located.name,
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

// Frames that lie in the range asked for, at the average rate. An estimate: rates vary and edit lists hide frames.
function expectedFramesOf(probe: VideoProbe, options: FileSourceOptions): number | undefined {
  const { start = 0, duration = Infinity, stride = 1, maxFrames = Infinity } = options;
  const { frameCount, durationUs, frameRate } = probe;
  const rate = frameRate === undefined ? undefined : frameRate.num / frameRate.den;
  const lasts = durationUs === undefined ? undefined : durationUs / 1e6;
  const all =
    frameCount ?? (rate === undefined || lasts === undefined ? undefined : Math.round(rate * lasts));
  if (all === undefined)
    return duration === Infinity || rate === undefined ? undefined : Math.round(rate * duration);
  const seconds = Math.min(duration, Math.max(0, (lasts ?? Infinity) - start));
  const part =
    start === 0 && duration === Infinity ? 1 : lasts === undefined || lasts === 0 ? 1 : seconds / lasts;
  return Math.min(maxFrames, Math.ceil(Math.round(all * part) / stride));
}

function checkOptions({
  id,
  start = 0,
  duration = 1,
  stride = 1,
  maxFrames = 1,
  threads = 0,
}: FileSourceOptions): void {
  const wrong = (name: string, value: number, wanted: string): never => {
    throw new SightlineError('ERR_USAGE', `${name} of "${id}" must be ${wanted} but is ${value}`);
  };
  if (!Number.isFinite(start) || start < 0) wrong('start', start, 'a number of seconds from 0');
  if (!Number.isFinite(duration) || duration <= 0) wrong('duration', duration, 'a number of seconds above 0');
  if (!Number.isSafeInteger(stride) || stride < 1) wrong('stride', stride, 'a whole number from 1');
  if (!Number.isSafeInteger(maxFrames) || maxFrames < 1)
    wrong('maxFrames', maxFrames, 'a whole number from 1');
  if (!Number.isSafeInteger(threads) || threads < 0) wrong('threads', threads, 'a whole number from 0');
}
