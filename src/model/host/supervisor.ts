import { resolve as resolvePath } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isSightlineError, messageOf, SightlineError } from '../../errors.js';
import type { DetectedFrame, Detector, DetectorInfo, ModelInput } from '../../contract/detector.js';
import type { Logger } from '../../contract/logger.js';
import { backoffMs, type BackoffLimits } from '../../timing/backoff.js';
import { checkDetectorOptions, checkInputs, type DetectorOptions } from '../detector-options.js';
import { HostLost, HostProcess, type HostProcessOptions } from './host-process.js';

/** Options of a detector that runs in a child process. */
export interface HostedDetectorOptions extends DetectorOptions {
  readonly logger?: Logger | undefined;
  /** How long an answer may take, 30 s if not given; start-up and the first batch of each size may take ten times that. */
  readonly requestTimeoutMs?: number | undefined;
  /** Gives up loading when it aborts; without effect once the detector is there. */
  readonly signal?: AbortSignal | undefined;
}

/** A detector in a child process that is started again when it is lost. */
export interface HostedDetector extends Detector {
  /** Times that the child was started again. */
  readonly restarts: number;
}

const NEVER = new AbortController().signal;
const REQUEST_TIMEOUT_MS = 30_000;
/** Deaths in a row without one answered request after which there is no point in another start. */
const MOST_FAILURES = 5;
/** At the end of a run a process that uses no processor time is waited for so long. */
const HURRY_MS = 5000;
/** Between a loss and the next start. */
const START_DELAYS: BackoffLimits = { firstMs: 100, longestMs: 5000 };
/** The longest part of a child's last words that goes into an error message. */
const LAST_WORDS = 1000;

/**
 * Loads a model into a child process of its own, so that neither a long run nor a crash of native code reaches this one.
 *
 * A child that ends, or does not answer in time, is replaced: the batch it had is lost, `detect` rejects with
 * ERR_INFERENCE_LOST and can be called again at once; it then waits for the new child. After five ends in a row without an
 * answer `detect` rejects with ERR_BACKEND_FAILED, for good. `close` may be called at any time and settles when the child
 * is reaped; a call to `detect` under way rejects with ERR_ABORTED.
 * @throws SightlineError as `createDetector` does, ERR_ABORTED if `signal` aborts, ERR_BACKEND_FAILED if the child ends while it loads.
 */
export async function createHostedDetector(options: HostedDetectorOptions): Promise<HostedDetector> {
  const { logger, requestTimeoutMs = REQUEST_TIMEOUT_MS, signal = NEVER, ...detector } = options;
  if (!(requestTimeoutMs >= 1 && requestTimeoutMs <= 3_600_000)) {
    throw new SightlineError(
      'ERR_USAGE',
      `requestTimeoutMs must be a number from 1 to 3600000, got ${requestTimeoutMs}`,
    );
  }
  await checkDetectorOptions(detector);
  const hostOptions: HostProcessOptions = {
    // Absolute, because this process may change its folder before the next start.
    detector: { ...detector, modelDir: resolvePath(detector.modelDir) },
    requestTimeoutMs,
    onLine: (line) => logger?.debug({ line }, 'inference process'),
  };
  let lastLines: readonly string[] = [];
  try {
    const first = await HostProcess.start(hostOptions, signal, (lines) => {
      lastLines = lines;
    });
    return new Supervisor(first, hostOptions, logger);
  } catch (error) {
    if (!(error instanceof HostLost)) throw error;
    if (signal.aborted)
      throw new SightlineError('ERR_ABORTED', 'stopped while the model was loading', { cause: error });
    throw new SightlineError(
      'ERR_BACKEND_FAILED',
      `the inference process ${clauseOf(error)} while it loaded "${detector.modelDir}" on ${detector.device}` +
        lastWords(lastLines),
      { cause: error },
    );
  }
}

class Supervisor implements HostedDetector {
  restarts = 0;
  readonly #options: HostProcessOptions;
  readonly #logger: Logger | undefined;
  readonly #ending = new AbortController();
  #windingDown = false;
  #info: DetectorInfo;
  /** The living child, or the one that is being started; rejects when no more are. */
  #child: Promise<HostProcess>;
  /** Ends in a row since the last answer, failed starts included. */
  #failures = 0;
  #busy = false;
  #closing: Promise<void> | undefined;

  constructor(first: HostProcess, options: HostProcessOptions, logger: Logger | undefined) {
    this.#options = options;
    this.#logger = logger;
    this.#info = first.info;
    this.#child = Promise.resolve(first);
    this.#replaceWhenLost(first);
  }

  get info(): DetectorInfo {
    return this.#info;
  }

  async detect(inputs: readonly ModelInput[]): Promise<readonly DetectedFrame[]> {
    if (this.#closing !== undefined) throw closed();
    if (this.#busy) {
      throw new SightlineError('ERR_USAGE', 'detect was called before the call under way was answered');
    }
    checkInputs(inputs, this.#info);
    this.#busy = true;
    try {
      const child = await this.#child;
      const frames = await child.detect(inputs);
      this.#failures = 0;
      return frames;
    } catch (error) {
      if (this.#ending.signal.aborted) throw closed();
      if (!(error instanceof HostLost)) throw error;
      if (this.#failures >= MOST_FAILURES) await this.#child;
      throw new SightlineError(
        'ERR_INFERENCE_LOST',
        `the inference process ${clauseOf(error)}; ${framesAre(inputs.length)} lost, ` +
          (this.#windingDown ? 'and the run is ending' : 'it is started again'),
        { cause: error },
      );
    } finally {
      this.#busy = false;
    }
  }

  windDown(): void {
    this.#windingDown = true;
    void this.#child.then(
      (child) => {
        child.hurry(HURRY_MS);
      },
      () => undefined,
    );
  }

  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    this.#ending.abort();
    // A child that is just being started is ended by the signal, and its promise rejects.
    const child = await this.#child.catch(() => undefined);
    await child?.stop();
  }

  #replaceWhenLost(child: HostProcess): void {
    // Registered before any call to `detect`, so that `#child` is the new one when that call rejects.
    void child.ended.then((reason) => {
      if (this.#ending.signal.aborted) return;
      this.#failures++;
      this.#logger?.warn({ pid: child.pid, reason: clauseOf(reason) }, 'inference process lost');
      // The lost one answers each call at once.
      if (this.#windingDown) return;
      this.#child = this.#startAgain(reason, child.lastLines);
      // Whoever calls `detect` next is told.
      this.#child.catch(() => undefined);
    });
  }

  async #startAgain(lost: unknown, words: readonly string[]): Promise<HostProcess> {
    const { signal } = this.#ending;
    let reason = lost;
    let lastLines = words;
    for (;;) {
      if (this.#failures >= MOST_FAILURES) throw failedForGood(reason, lastLines);
      await delay(backoffMs(this.#failures, START_DELAYS), undefined, { signal });
      try {
        const child = await HostProcess.start(this.#options, signal, (lines) => {
          lastLines = lines;
        });
        await this.#adopt(child);
        return child;
      } catch (error) {
        if (signal.aborted) throw closed();
        reason = error;
        this.#failures++;
        this.#logger?.warn({ reason: clauseOf(error) }, 'inference process could not be started again');
      }
    }
  }

  async #adopt(child: HostProcess): Promise<void> {
    const { geometry, classes } = child.info;
    const same = [geometry, classes].every(
      (part, i) => JSON.stringify(part) === JSON.stringify([this.#info.geometry, this.#info.classes][i]),
    );
    if (!same) {
      await child.stop();
      throw new SightlineError('ERR_MODEL_INVALID', 'the model folder now holds another model; start anew');
    }
    this.#info = child.info;
    this.restarts++;
    this.#logger?.info({ pid: child.pid, restarts: this.restarts }, 'inference process started again');
    this.#replaceWhenLost(child);
  }
}

function framesAre(count: number): string {
  return count === 1 ? '1 frame is' : `${count} frames are`;
}

function closed(): SightlineError {
  return new SightlineError('ERR_ABORTED', 'the detector is closed');
}

function failedForGood(reason: unknown, lastLines: readonly string[]): SightlineError {
  const what = isSightlineError(reason)
    ? `cannot be started: ${reason.message}`
    : `ended ${MOST_FAILURES} times in a row without an answer; the last time it ${clauseOf(reason)}`;
  return new SightlineError('ERR_BACKEND_FAILED', `the inference process ${what}${lastWords(lastLines)}`, {
    cause: reason,
  });
}

/** What happened to a child, with the error behind it. */
function clauseOf(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  return cause === undefined ? messageOf(error) : `${messageOf(error)} (${messageOf(cause)})`;
}

function lastWords(lines: readonly string[]): string {
  const words = lines.join(' | ').slice(-LAST_WORDS);
  return words === '' ? '' : `; its last words: ${words}`;
}
