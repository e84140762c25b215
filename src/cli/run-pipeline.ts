/** Runs a pipeline for a person at a terminal: progress, log lines, interrupts, summary, exit code. */
import type { Pipeline } from '../app/app.js';
import { isSightlineError } from '../errors.js';
import type { Logger } from '../contract/logger.js';
import type { RunSummary } from '../contract/run.js';
import { EXIT, exitCodeOfRun } from './exit-codes.js';
import { createLogger } from './logger.js';
import { startProgressLine } from './progress-line.js';
import { summaryText } from './summary.js';

/** How much is said, and how. */
export interface TalkFlags {
  quiet?: true;
  verbose?: true;
  logFormat: 'json' | 'pretty';
}

/**
 * Makes a pipeline and runs it to its end.
 * @returns the exit code.
 * @throws what `create` and `run` throw.
 */
export async function runPipeline(
  create: (extras: { logger: Logger; signal: AbortSignal }) => Promise<Pipeline>,
  flags: TalkFlags,
): Promise<number> {
  const pretty = flags.logFormat === 'pretty';
  const showsLine = pretty && flags.quiet !== true && process.stderr.isTTY;
  let pipeline: Pipeline | undefined;
  const preparing = new AbortController();
  const line = startProgressLine(showsLine, () => pipeline?.progress() ?? []);
  const logger = createLogger({
    format: flags.logFormat,
    level: flags.quiet === true ? 'warn' : flags.verbose === true ? 'debug' : 'info',
    write: line.print,
  });
  const interrupts = watchInterrupts(() => {
    if (pipeline === undefined) {
      preparing.abort();
      return;
    }
    pipeline.stop();
    logger.warn({}, 'stopping: files are being finished; interrupt again to end at once');
  });
  try {
    pipeline = await create({ logger, signal: preparing.signal });
    if (interrupts.count() > 0) pipeline.stop();
    pipeline.statuses.subscribe(({ sourceId, state, code, reason }) => {
      const text = reason === undefined ? state : `"${sourceId}" is ${state}: ${reason}`;
      // What has failed for good is told with the summary.
      if (reason === undefined || state === 'failed') logger.debug({ source: sourceId }, text);
      else if (code === undefined) logger.info({ source: sourceId }, text);
      else logger.warn({ source: sourceId, code }, text);
    });
    const summary = await pipeline.run();
    line.stop();
    report(summary, flags, logger, line.print);
    return exitCodeOfRun(summary, interrupts.count() > 0);
  } catch (error) {
    if (interrupts.count() > 0 && isSightlineError(error, 'ERR_ABORTED')) return EXIT.interrupted;
    throw error;
  } finally {
    line.stop();
    interrupts.dispose();
  }
}

function report(
  summary: RunSummary,
  flags: TalkFlags,
  logger: ReturnType<typeof createLogger>,
  print: (text: string) => void,
): void {
  for (const source of summary.sources) {
    if (source.error !== undefined) logger.error({}, source.error.message);
  }
  if (flags.quiet === true) return;
  if (flags.logFormat === 'json') logger.info({ summary: plainSummary(summary) }, 'done');
  else if (summary.sources.some(({ frames }) => frames.decoded > 0)) print(summaryText(summary));
}

/** Errors do not survive JSON; their code and message do. */
function plainSummary(summary: RunSummary): unknown {
  return JSON.parse(
    JSON.stringify(summary, (_key, value: unknown) =>
      value instanceof Error
        ? { message: value.message, ...(isSightlineError(value) && { code: value.code }) }
        : value,
    ),
  );
}

/** The first interrupt asks the run to end well; the second ends the process. */
function watchInterrupts(onFirst: () => void): { count(): number; dispose(): void } {
  let interrupts = 0;
  const onSignal = (): void => {
    interrupts++;
    if (interrupts > 1) process.exit(EXIT.interrupted);
    onFirst();
  };
  for (const signal of STOPPING) process.on(signal, onSignal);
  return {
    count: () => interrupts,
    dispose() {
      for (const signal of STOPPING) process.off(signal, onSignal);
    },
  };
}

/** A terminal that is closed, Ctrl-C, Ctrl-\\ and what `kill` sends. */
export const STOPPING = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM'] as const;
