import { SightlineError } from '../../errors.js';
import type { FfmpegExit } from '../../ffmpeg/child.js';
import type { VideoProbe } from '../../ffmpeg/probe.js';
import type { Logger } from '../../contract/logger.js';
import { type DecodeRange, rangeMicroseconds } from './decode-command.js';

/** An input and what was wanted of it. */
export interface DecodedInput {
  readonly sourceId: string;
  /** How the input is called in errors. */
  readonly name: string;
  readonly probe: VideoProbe;
  readonly range: DecodeRange;
  /** To warn of an input that ends early; an estimate unless the container states it. */
  readonly expectedFrames: number | undefined;
  readonly logger: Logger | undefined;
}

/** What there was when it ended. */
export interface DecodeOutcome {
  readonly frames: number;
  /** Time of the last frame. */
  readonly lastUs: number;
  /** Times that the clock jumped. */
  readonly jumps: number;
  /** Frames that were delivered although parts of them were missing. */
  readonly concealed: number;
  /** The last line of ffmpeg that could be the reason of a failure. */
  readonly lastError: string | undefined;
}

/** Less than this part of what was expected is worth a warning. */
const FAR_LESS = 0.9;

/** Why an ffmpeg that has ended has failed; undefined if it has not. */
export function failureOf(
  exit: FfmpegExit | undefined,
  complete: boolean,
  input: DecodedInput,
  outcome: DecodeOutcome,
): string | undefined {
  const { lastError, frames } = outcome;
  if (exit?.stopped !== false) return 'ffmpeg closed its output but did not end';
  if (exit.signal !== null) return `ffmpeg was killed by ${exit.signal}`;
  if (exit.code !== 0) return lastError ?? `ffmpeg ended with exit code ${exit.code ?? 'unknown'}`;
  if (frames === 0) return lastError ?? noFrames(input);
  return complete ? undefined : 'ffmpeg ended in the middle of a frame';
}

/** Why there can be no frame of an input that is not broken. */
export function noFrames({ probe: { durationUs }, range: { start = 0 } }: DecodedInput): string {
  if (start === 0) return 'it holds no frames';
  const lasts = durationUs === undefined ? '' : `; it lasts ${(durationUs / 1e6).toFixed(1)} s`;
  return `it has no frame at or after ${start} s${lasts}`;
}

/** The error of a decoding that failed. */
export function decodeError(name: string, frames: number, reason: string, cause?: unknown): SightlineError {
  return new SightlineError('ERR_SOURCE_DECODE', `${whereOf(name, frames)}: ${reason}`, { cause });
}

/** `no frame of "name" could be decoded`, or how far it went. */
export function whereOf(name: string, frames: number): string {
  return frames === 0
    ? `no frame of "${name}" could be decoded`
    : `decoding "${name}" failed after ${frames} frames`;
}

/** Warns of what an input that was decoded to its end lacks. */
export function warnOfDamage(input: DecodedInput, outcome: DecodeOutcome): void {
  const { sourceId, name, expectedFrames = 0, logger } = input;
  const { frames, concealed } = outcome;
  if (concealed > 0)
    logger?.warn({ source: sourceId }, `${concealed} frames of "${name}" are damaged in parts`);
  if (!endedEarly(input, outcome)) return;
  const counts = `${frames} of about ${expectedFrames} frames`;
  logger?.warn(
    { source: sourceId },
    `"${name}" ended early, after ${counts}; it may be damaged or cut short`,
  );
}

// The average rate of a container can be a bad guess where the rate varies, so a count that was estimated is not enough.
// Where the clock jumps the duration is one, too: ffprobe takes it from the first and the last timestamp.
function endedEarly(input: DecodedInput, { frames, lastUs, jumps }: DecodeOutcome): boolean {
  const { probe, range, expectedFrames = 0 } = input;
  if (frames >= FAR_LESS * expectedFrames) return false;
  if (probe.frameCount !== undefined || probe.durationUs === undefined) return true;
  if (jumps > 0) return false;
  const { from, until } = rangeMicroseconds(probe, range);
  const end = Math.min(until, probe.startUs + probe.durationUs);
  return lastUs < from + FAR_LESS * (end - from);
}
