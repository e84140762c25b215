/**
 * Stands between the pipeline and one sink of one source, so that a slow or broken sink cannot hurt the others.
 */
import { toError } from '../errors.js';
import type { AnalyticsEvent, HeatMapSnapshot } from '../contract/events.js';
import type { SinkSummary, SourceOutcome } from '../contract/run.js';
import type { Sink, SinkStream } from '../contract/sink.js';
import type { FrameResult } from '../contract/result.js';

/** The queue in front of one sink. */
export interface SinkLane {
  readonly policy: Sink['policy'];
  /** Set once the sink has failed; later results are skipped. */
  readonly error: Error | undefined;
  /** Queues a result, holding a reference of its own to the frame until the sink is done with it. */
  offer(result: FrameResult): void;
  /** Waits for what is queued, ends the sink's stream and says what became of it. */
  end(
    outcome: SourceOutcome,
    events: readonly AnalyticsEvent[],
    heatMap?: HeatMapSnapshot,
  ): Promise<SinkSummary>;
}

/**
 * Makes the queue of an opened sink stream. A `wait` queue is bounded by the frame pool, as each entry holds a frame; a
 * `latest` queue is one entry long.
 * @param onError called once, when the sink fails.
 */
export function createSinkLane(sink: Sink, stream: SinkStream, onError: (error: Error) => void): SinkLane {
  const queue: FrameResult[] = [];
  let written = 0;
  let skipped = 0;
  let error: Error | undefined;
  let working: Promise<void> | undefined;

  async function work(): Promise<void> {
    for (let result = queue.shift(); result !== undefined; result = queue.shift()) {
      try {
        if (error === undefined) {
          await stream.write(result);
          written++;
        } else {
          skipped++;
        }
      } catch (cause) {
        fail(cause);
        skipped++;
      } finally {
        result.frame.release();
      }
    }
    working = undefined;
  }

  function fail(cause: unknown): void {
    if (error !== undefined) return;
    error = toError(cause);
    onError(error);
  }

  /** The newest result takes the place of those that wait, and their events with it: frames may be skipped, events not. */
  function replaceQueued(result: FrameResult): FrameResult {
    const stale = queue.splice(0);
    for (const { frame } of stale) frame.release();
    skipped += stale.length;
    const events = stale.flatMap((skippedResult) => skippedResult.events ?? []);
    return events.length === 0 ? result : { ...result, events: [...events, ...(result.events ?? [])] };
  }

  return {
    policy: sink.policy,
    get error() {
      return error;
    },
    offer(result) {
      if (error !== undefined) {
        skipped++;
        return;
      }
      result.frame.retain();
      queue.push(sink.policy === 'latest' ? replaceQueued(result) : result);
      working ??= work();
    },
    async end(outcome, events, heatMap) {
      while (working !== undefined) await working;
      try {
        await stream.end(outcome, error === undefined ? events : [], heatMap);
      } catch (cause) {
        fail(cause);
      }
      const note = stream.describe?.();
      return {
        name: sink.name,
        written,
        skipped,
        ...(note !== undefined && { note }),
        ...(error !== undefined && { error }),
      };
    },
  };
}
