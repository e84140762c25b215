/**
 * Stands between the pipeline and one sink of one source, so that a slow, hanging or broken sink cannot hurt the others.
 */
import type { DetectorInfo } from '../contract/detector.js';
import type { AnalyticsEvent, HeatMapSnapshot } from '../contract/events.js';
import type { Frame, FrameGeometry } from '../contract/frame.js';
import type { FrameResult } from '../contract/result.js';
import type { SinkSummary, SourceOutcome } from '../contract/run.js';
import type { Sink, SinkDeadlines, SinkStream } from '../contract/sink.js';
import type { SourceInfo } from '../contract/source.js';
import type { TrackingInfo } from '../contract/tracker.js';
import { isSightlineError, SightlineError, toError } from '../errors.js';
import { callWithin } from './deadline.js';
import { PooledFrame, releaseOnce } from './pooled-frame.js';

/** What a stream is opened with, and who hears of trouble. */
export interface SinkLaneOptions {
  readonly sink: Sink;
  readonly source: SourceInfo;
  readonly detector: DetectorInfo;
  readonly tracking: TrackingInfo | undefined;
  /** Results that may wait in a `wait` lane before the source has to; see {@link waitingAtMost} for a `latest` one. */
  readonly capacity: number;
  /** Called each time that the stream fails. */
  readonly onError: (error: Error) => void;
}

/** A stream on its way back; `done` once it is being opened. */
interface Reopening {
  readonly timer: NodeJS.Timeout;
  done?: Promise<void>;
}

/** What a sink is given that names no deadlines. Files may lie on slow disks; people look elsewhere after some seconds. */
const DEADLINES = {
  wait: { writeMs: 150_000, endMs: 600_000, closeMs: 60_000 },
  latest: { writeMs: 10_000, endMs: 10_000, closeMs: 10_000 },
} as const satisfies Record<Sink['policy'], SinkDeadlines>;

/**
 * Results that may wait in a `latest` lane, so that a sink that keeps up gets all of a batch: they come in one go. A run whose
 * detector takes one frame at a time has room for two, as nobody writes at the same pace for ever.
 * @param capacity frames of a source that may exist at once: no batch has more of one source.
 */
export function waitingAtMost(capacity: number, { maxBatch }: DetectorInfo): number {
  return Math.min(capacity, Math.max(2, maxBatch));
}

/** The deadlines of a sink, its own before the defaults of its policy. */
export function deadlinesOf(sink: Sink): SinkDeadlines {
  return { ...DEADLINES[sink.policy], ...sink.deadlines };
}

/**
 * Waits for one call of a sink, however it was written: it may throw instead of rejecting.
 * @throws SightlineError ERR_SINK_STALLED after `ms`; what the call throws.
 */
export function callSink<T>(sink: Sink, what: string, ms: number, call: () => Promise<T> | T): Promise<T> {
  return callWithin(ms, call, () => {
    return new SightlineError(
      'ERR_SINK_STALLED',
      `the output "${sink.name}" has not finished ${what} within ${ms / 1000} s and is given up; the others go on`,
    );
  });
}

/**
 * The queue in front of one sink. A full `wait` lane makes the source wait; a full `latest` lane skips the result that has
 * waited longest.
 */
export class SinkLane {
  readonly sink: Sink;
  readonly #options: SinkLaneOptions;
  readonly #deadlines: SinkDeadlines;
  readonly #queue: FrameResult[] = [];
  readonly #waitingForRoom: (() => void)[] = [];
  #stream: SinkStream | undefined;
  #working: Promise<void> | undefined;
  #epoch = 0;
  /** Of the newest result, for a stream that is opened again. */
  #geometry: FrameGeometry | undefined;
  #carried: AnalyticsEvent[] = [];
  #error: Error | undefined;
  /** Set while a broken stream is to be opened again, or is being opened. */
  #reopening: Reopening | undefined;
  #backoffMs: number | undefined;
  #ended = false;
  #written = 0;
  #skipped = 0;
  #lost = 0;
  #reopened = 0;

  constructor(options: SinkLaneOptions) {
    this.sink = options.sink;
    this.#options = options;
    this.#deadlines = deadlinesOf(options.sink);
  }

  /** Opens the stream. @returns false if it failed, which is told to `onError` as a later failure would be. */
  async open(): Promise<boolean> {
    const { sink, detector, tracking } = this.#options;
    const source = { ...this.#options.source, ...this.#geometry };
    try {
      this.#stream = await callSink(sink, `opening "${source.id}"`, this.#deadlines.writeMs, () =>
        sink.open(source, detector, tracking),
      );
      mustBeStream(this.#stream, sink);
      return true;
    } catch (cause) {
      this.#fail(cause);
      return false;
    }
  }

  /** Why the stream is broken; undefined while it works. */
  get error(): Error | undefined {
    return this.#error;
  }

  /** Whether nothing will be written any more. */
  get isDead(): boolean {
    return this.#error !== undefined && this.#reopening === undefined;
  }

  /** Undefined if a result may be offered now, else settles when it may. */
  room(): Promise<void> | undefined {
    if (this.sink.policy === 'latest' || this.#queue.length < this.#options.capacity) return undefined;
    return new Promise((resolve) => this.#waitingForRoom.push(resolve));
  }

  /**
   * Takes a result. With pixels it holds a reference of its own to the frame until the sink is done with it.
   * @param bare the same frame without pixels.
   */
  offer(result: FrameResult, bare: Frame): void {
    const { pixels, policy } = this.sink;
    if (this.#stream === undefined || this.#error !== undefined) {
      this.#lost++;
      return;
    }
    const { capacity, detector } = this.#options;
    const isFull = policy === 'latest' && this.#queue.length >= waitingAtMost(capacity, detector);
    if (isFull) this.#skip(this.#queue.shift()!);
    this.#queue.push(pixels ? { ...result, frame: result.frame.retain() } : { ...result, frame: bare });
    this.#working ??= this.#work(this.#stream);
  }

  /** Waits for what is queued, ends the stream and says what became of it. Settles within the sink's deadlines. */
  async end(
    outcome: SourceOutcome,
    events: readonly AnalyticsEvent[],
    heatMap?: HeatMapSnapshot,
  ): Promise<SinkSummary> {
    this.#ended = true;
    clearTimeout(this.#reopening?.timer);
    await this.#reopening?.done;
    while (this.#working !== undefined) await this.#working;
    const stream = this.#stream;
    if (stream === undefined) return this.#summary(undefined);
    // A stream that hangs would only be waited for a second time.
    if (!isSightlineError(this.#error, 'ERR_SINK_STALLED')) {
      const left = this.#error === undefined ? [...this.#carried, ...events] : [];
      try {
        await callSink(this.sink, 'its end', this.#deadlines.endMs, () => stream.end(outcome, left, heatMap));
      } catch (cause) {
        this.#fail(cause);
      }
    }
    return this.#summary(stream);
  }

  #summary(stream: SinkStream | undefined): SinkSummary {
    let note: string | undefined;
    try {
      note = stream?.describe?.();
    } catch (cause) {
      this.#fail(cause);
    }
    return {
      name: this.sink.name,
      written: this.#written,
      skipped: this.#skipped,
      lost: this.#lost,
      reopened: this.#reopened,
      ...(note !== undefined && { note }),
      ...(this.#error !== undefined && { error: this.#error }),
    };
  }

  async #work(stream: SinkStream): Promise<void> {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      const result = this.#withCarried(next);
      const { frame } = result;
      this.#waitingForRoom.shift()?.();
      try {
        await callSink(this.sink, 'a write', this.#deadlines.writeMs, () => this.#write(stream, result));
        this.#written++;
        this.#backoffMs = undefined;
      } catch (cause) {
        this.#lost++;
        const hangs = isSightlineError(cause, 'ERR_SINK_STALLED');
        if (hangs && frame instanceof PooledFrame) frame.abandon();
        this.#fail(cause);
      }
      // The sink may have released what was not its own.
      const error = releaseOnce(frame);
      if (error !== undefined) this.#fail(error);
    }
    this.#working = undefined;
  }

  async #write(stream: SinkStream, result: FrameResult): Promise<void> {
    const { epoch, geometry, ptsUs } = result.frame;
    if (epoch !== this.#epoch) await stream.beginEpoch?.({ number: epoch, geometry, startUs: ptsUs });
    this.#epoch = epoch;
    this.#geometry = geometry;
    await stream.write(result);
  }

  #fail(cause: unknown): void {
    if (this.#error !== undefined) return;
    this.#error = toError(cause);
    for (const { frame } of this.#queue.splice(0)) {
      frame.release();
      this.#lost++;
    }
    this.#carried = [];
    for (const wake of this.#waitingForRoom.splice(0)) wake();
    this.#planReopening(this.#error);
    this.#options.onError(this.#error);
  }

  #planReopening(error: Error): void {
    const { reopen } = this.sink;
    this.#reopening = undefined;
    if (reopen === undefined || this.#ended || isSightlineError(error, 'ERR_SINK_CLOSED')) return;
    this.#backoffMs = Math.min(reopen.longestMs, 2 * (this.#backoffMs ?? reopen.firstMs / 2));
    const reopening: Reopening = {
      timer: setTimeout(() => {
        reopening.done = this.#reopen();
      }, this.#backoffMs),
    };
    this.#reopening = reopening;
  }

  /** Never rejects. */
  async #reopen(): Promise<void> {
    const broken = this.#stream;
    this.#stream = undefined;
    if (broken !== undefined) {
      const ending = callSink(this.sink, 'its end', this.#deadlines.endMs, () => broken.end('failed'));
      await ending.catch(() => undefined);
    }
    this.#error = undefined;
    if (!(await this.open())) return;
    this.#reopened++;
    this.#reopening = undefined;
  }

  /** Frames may be skipped, events not: they go with the next result that is written. */
  #skip({ frame, events = [] }: FrameResult): void {
    this.#skipped++;
    this.#carried.push(...events);
    frame.release();
  }

  #withCarried(result: FrameResult): FrameResult {
    if (this.#carried.length === 0) return result;
    const events = [...this.#carried, ...(result.events ?? [])];
    this.#carried = [];
    return { ...result, events };
  }
}

/** Sinks of others may be written without types. */
function mustBeStream(stream: Partial<SinkStream> | undefined, { name }: Sink): void {
  if (typeof stream?.write === 'function' && typeof stream.end === 'function') return;
  throw new SightlineError(
    'ERR_USAGE',
    `the output "${name}" opened no stream: "write" and "end" are needed`,
  );
}
