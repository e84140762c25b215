import { type ErrorCode, isSightlineError } from '../errors.js';
import type { RunSummary } from '../contract/run.js';

/** Exit codes of the command line; the README has the same table. */
export const EXIT = { done: 0, runtime: 1, usage: 2, model: 3, sources: 4, interrupted: 130 } as const;

const BY_CODE: Partial<Record<ErrorCode, number>> = {
  ERR_USAGE: EXIT.usage,
  ERR_FFMPEG_NOT_FOUND: EXIT.usage,
  ERR_SINK_EXISTS: EXIT.usage,
  ERR_DATASET_NOT_FOUND: EXIT.usage,
  ERR_SOURCE_NOT_FOUND: EXIT.sources,
  ERR_SOURCE_UNREADABLE: EXIT.sources,
  ERR_SOURCE_INVALID: EXIT.sources,
  ERR_SOURCE_DECODE: EXIT.sources,
  ERR_SOURCE_TRUNCATED: EXIT.sources,
  ERR_SOURCE_STALLED: EXIT.sources,
  ERR_SOURCE_UNREACHABLE: EXIT.sources,
  ERR_SOURCE_UNAUTHORIZED: EXIT.sources,
  ERR_SOURCE_DISCONNECTED: EXIT.sources,
  ERR_MODEL_NOT_FOUND: EXIT.model,
  ERR_MODEL_INVALID: EXIT.model,
  ERR_WEIGHTS_INVALID: EXIT.model,
  ERR_BACKEND_UNAVAILABLE: EXIT.model,
  ERR_BACKEND_FAILED: EXIT.model,
};

/** The exit code for an error that ended a command. */
export function exitCodeOf(error: unknown): number {
  return (isSightlineError(error) ? BY_CODE[error.code] : undefined) ?? EXIT.runtime;
}

/** The exit code of a run that came to its end. */
export function exitCodeOfRun(summary: RunSummary, interrupted: boolean): number {
  if (interrupted) return EXIT.interrupted;
  const failed = summary.sources.filter(({ outcome }) => outcome === 'failed');
  if (failed.length > 0 && failed.length === summary.sources.length) {
    // What kept every source from starting may be a matter of usage, such as an output that exists.
    const codes = failed.map(({ error }) => (isSightlineError(error) ? BY_CODE[error.code] : undefined));
    const sinks = failed.every(({ error }) => isSightlineError(error) && error.code.startsWith('ERR_SINK_'));
    return codes[0] ?? (sinks ? EXIT.runtime : EXIT.sources);
  }
  const sinkErrors = summary.sources.flatMap(({ sinks }) => sinks.map(({ error }) => error));
  const broken = sinkErrors.some(
    (error) => error !== undefined && !isSightlineError(error, 'ERR_SINK_CLOSED'),
  );
  return failed.length > 0 || broken || summary.closing.length > 0 ? EXIT.runtime : EXIT.done;
}
