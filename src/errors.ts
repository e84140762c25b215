/** Every code an error of ours can carry. docs/errors.md has a line for each. */
export const ERROR_CODES = [
  'ERR_USAGE',
  'ERR_FFMPEG_NOT_FOUND',
  'ERR_FFMPEG_FAILED',
  'ERR_SOURCE_NOT_FOUND',
  'ERR_SOURCE_UNREADABLE',
  'ERR_SOURCE_INVALID',
  'ERR_SOURCE_DECODE',
  'ERR_SOURCE_TRUNCATED',
  'ERR_SOURCE_STALLED',
  'ERR_SOURCE_UNREACHABLE',
  'ERR_SOURCE_UNAUTHORIZED',
  'ERR_SOURCE_DISCONNECTED',
  'ERR_SOURCE_CHANGED',
  'ERR_MODEL_NOT_FOUND',
  'ERR_MODEL_INVALID',
  'ERR_WEIGHTS_INVALID',
  'ERR_BACKEND_UNAVAILABLE',
  'ERR_BACKEND_FAILED',
  'ERR_INFERENCE_LOST',
  'ERR_RECORD_INVALID',
  'ERR_DATASET_NOT_FOUND',
  'ERR_DATASET_INVALID',
  'ERR_SINK_EXISTS',
  'ERR_SINK_UNWRITABLE',
  'ERR_SINK_FAILED',
  'ERR_SINK_STALLED',
  'ERR_SINK_CLOSED',
  'ERR_ABORTED',
] as const;

/** A stable name for what went wrong. */
export type ErrorCode = (typeof ERROR_CODES)[number];

/** The one error class of Sightline. `message` says what, which, how much and what to do, in one line. */
export class SightlineError extends Error {
  override readonly name = 'SightlineError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Whether `error` is ours and, if a code is given, carries it. */
export function isSightlineError(error: unknown, code?: ErrorCode): error is SightlineError {
  return error instanceof SightlineError && (code === undefined || error.code === code);
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What was thrown, as an Error. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(messageOf(thrown));
}
