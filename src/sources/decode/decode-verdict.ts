import { type ErrorCode, SightlineError } from '../../errors.js';
import type { FfmpegExit } from '../../ffmpeg/child.js';
import { ticksToMicroseconds } from '../../ffmpeg/media-time.js';
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
  /** By the format, the input has lost its end: how much of it is there. */
  readonly cut?: string | undefined;
  /** It ends within a packet. */
  readonly torn?: true | undefined;
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
  /** Why reading ended before the end, if container or protocol say that more was to come. */
  readonly brokeOff: string | undefined;
  /** The last packet that the demuxer called damaged. */
  readonly corrupt: { readonly stream: number; readonly dts: number } | undefined;
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
): SightlineError | undefined {
  const { lastError, frames } = outcome;
  const failed = (reason: string): SightlineError => decodeError(input.name, frames, reason);
  if (exit?.stopped !== false) return failed('ffmpeg closed its output but did not end');
  if (exit.signal !== null) return failed(`ffmpeg was killed by ${exit.signal}`);
  const truncated = truncationOf(input, outcome);
  if (truncated !== undefined) return truncated;
  if (exit.code !== 0) return failed(lastError ?? `ffmpeg ended with exit code ${exit.code ?? 'unknown'}`);
  if (frames === 0) return failed(lastError ?? noFrames(input));
  return complete ? undefined : failed('ffmpeg ended in the middle of a frame');
}

function truncationOf(input: DecodedInput, outcome: DecodeOutcome): SightlineError | undefined {
  const { name, cut, expectedFrames } = input;
  const { frames, brokeOff } = outcome;
  if ((brokeOff ?? cut) === undefined || reachesEndOfRange(input, outcome)) return undefined;
  const reason = cut === undefined ? brokeOff! : `${CUT_SHORT} (${cut})`;
  const of = expectedFrames === undefined || expectedFrames <= frames ? '' : ` of about ${expectedFrames}`;
  const where = frames === 0 ? whereOf(name, 0) : `"${name}" broke off after ${frames}${of} frames`;
  return sourceError('ERR_SOURCE_TRUNCATED', `${where}: ${reason}`);
}

/** Said of a file that has lost its end. */
export const CUT_SHORT = 'it is cut short; copy or download it again';

/** Why there can be no frame of an input that is not broken. */
export function noFrames({ probe: { durationUs }, range: { start = 0 } }: DecodedInput): string {
  if (start === 0) return 'it holds no frames';
  const lasts = durationUs === undefined ? '' : `; it lasts ${(durationUs / 1e6).toFixed(1)} s`;
  return `it has no frame at or after ${start} s${lasts}`;
}

/** The error of a decoding that failed. */
export function decodeError(name: string, frames: number, reason: string, cause?: unknown): SightlineError {
  return sourceError('ERR_SOURCE_DECODE', `${whereOf(name, frames)}: ${reason}`, cause);
}

function sourceError(code: ErrorCode, message: string, cause?: unknown): SightlineError {
  return new SightlineError(code, message, { cause });
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
  const warn = (text: string): void => logger?.warn({ source: sourceId }, text);
  if (concealed > 0) {
    const some = concealed === 1 ? '1 frame' : `${concealed} frames`;
    warn(`${some} of "${name}" ${concealed === 1 ? 'is' : 'are'} damaged in parts`);
  }
  if (endedEarly(input, outcome)) {
    const counts = `${frames} of about ${expectedFrames} frames`;
    warn(`"${name}" ended early, after ${counts}; it may be damaged or cut short`);
  } else if (reachesEndOfRange(input, outcome)) {
    // What lies behind it was not asked for, even if it was read ahead.
  } else if (input.torn === true) {
    warn(`"${name}" ends within a packet; it is cut short, or damaged at its end`);
  } else if (endsCorrupt(input, outcome)) {
    warn(`"${name}" is damaged at its end; its last frames may be missing`);
  }
}

/** In these formats whatever is missing is noticed. A frame that is shown for long looks like many that are missing. */
const SAYS_ITSELF = /^(?:mov,mp4|matroska)/;

// The average rate of a container can be a bad guess where the rate varies, and a count that is stated may be one of fields,
// of empty frames, or of what an edit list hides. Only if the time falls short as well are frames missing. Where the clock
// jumps the duration is a guess, too: ffprobe takes it from the first and the last timestamp.
function endedEarly(input: DecodedInput, outcome: DecodeOutcome): boolean {
  const { probe, range, expectedFrames = 0 } = input;
  const { frames, jumps, lastError } = outcome;
  if (frames >= FAR_LESS * expectedFrames || probe.durationUs === undefined || jumps > 0) return false;
  if (!probe.statesDuration) return false;
  if (SAYS_ITSELF.test(probe.format) && lastError === undefined) return false;
  const { from, until } = rangeMicroseconds(probe, range);
  const end = Math.min(until, probe.startUs + probe.durationUs);
  return endOfLastUs(input, outcome) < from + FAR_LESS * (end - from);
}

// Of other streams than the video only those of MPEG have its time base. Where recordings were put one after another, the
// end of the first one is damaged, and has the time of any.
function endsCorrupt({ probe }: DecodedInput, { corrupt, lastUs, jumps }: DecodeOutcome): boolean {
  if (corrupt === undefined || jumps > 0) return false;
  const { timeBase, streamIndex } = probe;
  if (corrupt.stream !== streamIndex && timeBase.den !== 90_000) return false;
  return Math.abs(ticksToMicroseconds(corrupt.dts, timeBase) - lastUs) < 1e6;
}

function reachesEndOfRange(input: DecodedInput, outcome: DecodeOutcome): boolean {
  return endOfLastUs(input, outcome) >= rangeMicroseconds(input.probe, input.range).until;
}

// Of every n-th frame the last one stands for those that follow.
function endOfLastUs({ probe, range: { stride = 1 } }: DecodedInput, { lastUs }: DecodeOutcome): number {
  const { num, den } = probe.frameRate ?? { num: 25, den: 1 };
  return lastUs + (1.5 * stride * 1e6 * den) / num;
}
