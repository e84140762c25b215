/**
 * Feeds waiting frames of all sources to one detector.
 *
 * Batching is driven by demand: whenever the detector is free it takes what waits, in turn across the sources, up to the
 * batch size. A lone frame never waits for company, and no batch is seen outside this file.
 */
import { Observable, type OperatorFunction, type Subscriber } from 'rxjs';
import type { DetectedFrame, Detector } from '../contract/detector.js';
import type { Frame } from '../contract/frame.js';
import type { DropReason } from '../contract/run.js';
import { isSightlineError, SightlineError, toError } from '../errors.js';
import { withinMs } from './deadline.js';
import { PooledFrame, releaseOnce } from './pooled-frame.js';

/** A frame with what was found in it. */
export interface InferredFrame extends DetectedFrame {
  readonly frame: Frame;
  /** Time that the frame waited for the detector. */
  readonly queueMs: number;
  /** Time that the batch of the frame took. */
  readonly inferenceMs: number;
}

/** Told of a frame that gets no result: for a reason that frames are dropped for, or because of an error of the detector or, if not, of the source. */
export type OnGivenUp = (frame: Frame, why: DropReason | Error, byDetector?: boolean) => void;

/** A source's place at the detector. */
export interface InferenceLane {
  /** Gives up the frame that has waited longest. @returns false if none waits. */
  dropOldest(): boolean;
  /** Settles when the detector has none of the source's frames any more. */
  whenIdle(): Promise<void>;
}

interface Waiting {
  readonly frame: Frame;
  readonly since: number;
}

interface Lane {
  readonly subscriber: Subscriber<InferredFrame>;
  readonly giveUp: OnGivenUp;
  readonly waiting: Waiting[];
  underway: number;
  readonly onIdle: (() => void)[];
  /** Set once the source has ended; its frames are finished before that is passed on. */
  ending: { readonly error?: unknown } | undefined;
}

interface Taken extends Waiting {
  readonly lane: Lane;
}

/**
 * Makes the operator that all sources of a run share. References to frames pass through it: results carry the
 * reference that came in; frames without a result are handed to `onGivenUp` and then released. The end of a source, by an
 * error too, is passed on after its frames. A detector error other than ERR_INFERENCE_LOST errors every source that takes
 * part, and so does a detector that has not answered for `hungAfterMs`.
 */
export function inferInBatches(
  detector: Detector,
  hungAfterMs = Number.POSITIVE_INFINITY,
): (onGivenUp: OnGivenUp, onLane?: (lane: InferenceLane) => void) => OperatorFunction<Frame, InferredFrame> {
  const lanes: Lane[] = [];
  let busy = false;
  /** The source that gave the last frame; the one behind it is the next to give. */
  let last: Lane | undefined;

  async function pump(): Promise<void> {
    if (busy) return;
    const first = last === undefined ? 0 : lanes.indexOf(last) + 1;
    const taken = takeInTurn(lanes, first, detector.info.maxBatch);
    const batch = taken.filter(isStillThere);
    if (batch.length === 0) {
      if (taken.length > 0) void pump();
      return;
    }
    last = batch.at(-1)!.lane;
    busy = true;
    const started = performance.now();
    const found = await detect(detector, batch, hungAfterMs);
    busy = false;
    const inferenceMs = performance.now() - started;
    const lost = isSightlineError(found, 'ERR_INFERENCE_LOST');
    // The next batch is on its way to the detector before the results of this one are tracked and drawn.
    if (!(found instanceof Error) || lost) void pump();
    batch.forEach(({ lane, frame, since }, at) => {
      lane.underway--;
      if (found instanceof Error) lane.giveUp(frame, lost ? 'inference-lost' : found);
      else if (lane.subscriber.closed) lane.giveUp(frame, 'stopped');
      else lane.subscriber.next({ ...found[at]!, frame, queueMs: started - since, inferenceMs });
      endIfDone(lane);
      if (lane.underway === 0) for (const tell of lane.onIdle.splice(0)) tell();
    });
    if (found instanceof Error && !lost) for (const lane of [...lanes]) lane.subscriber.error(found);
  }

  return (onGivenUp, onLane) => (frames) =>
    new Observable<InferredFrame>((subscriber) => {
      const giveUp: OnGivenUp = (frame, why, byDetector) => {
        onGivenUp(frame, why, byDetector);
        releaseOnce(frame);
      };
      const lane: Lane = { subscriber, giveUp, waiting: [], underway: 0, onIdle: [], ending: undefined };
      lanes.push(lane);
      onLane?.({
        dropOldest() {
          const oldest = lane.waiting.shift();
          if (oldest !== undefined) giveUp(oldest.frame, 'overload');
          return oldest !== undefined;
        },
        async whenIdle() {
          if (lane.underway > 0) await new Promise<void>((resolve) => lane.onIdle.push(resolve));
        },
      });
      const upstream = frames.subscribe({
        next(frame) {
          lane.waiting.push({ frame, since: performance.now() });
          void pump();
        },
        error(error: unknown) {
          lane.ending = { error };
          endIfDone(lane);
        },
        complete() {
          lane.ending = {};
          endIfDone(lane);
        },
      });
      return () => {
        upstream.unsubscribe();
        lanes.splice(lanes.indexOf(lane), 1);
        for (const { frame } of lane.waiting.splice(0)) giveUp(frame, 'stopped');
      };
    });
}

/** A source that has released a frame which it delivered fails, and no other. */
function isStillThere({ lane, frame }: Taken): boolean {
  try {
    return frame.input.data.length >= 0;
  } catch (thrown) {
    const error = toError(thrown);
    lane.underway--;
    lane.giveUp(frame, error, false);
    lane.subscriber.error(error);
    return false;
  }
}

/** @returns one entry a frame, or why there is none. */
async function detect(
  detector: Detector,
  batch: readonly Taken[],
  hungAfterMs: number,
): Promise<readonly DetectedFrame[] | Error> {
  try {
    const detecting = detector.detect(
      batch.map(({ frame }) => ({ pixels: frame.input.data, letterbox: frame.letterbox, frame })),
    );
    if (hungAfterMs === Number.POSITIVE_INFINITY) return checked(await detecting, batch.length);
    const found = await withinMs(detecting, hungAfterMs);
    if (found !== 'late') return checked(found.value, batch.length);
  } catch (error) {
    return toError(error);
  }
  // It may look at the pixels for as long as it hangs.
  for (const { frame } of batch) if (frame instanceof PooledFrame) frame.abandon();
  return new SightlineError(
    'ERR_BACKEND_FAILED',
    `the detector has not answered for ${hungAfterMs / 1000} s; the run cannot go on without it`,
  );
}

function checked(found: readonly DetectedFrame[], wanted: number): readonly DetectedFrame[] | Error {
  if (found.length === wanted) return found;
  return new SightlineError(
    'ERR_BACKEND_FAILED',
    `the detector gave ${found.length} answers for ${wanted} frames; it has to give one for each`,
  );
}

function endIfDone({ ending, underway, waiting, subscriber }: Lane): void {
  if (ending === undefined || underway > 0 || waiting.length > 0) return;
  if ('error' in ending) subscriber.error(ending.error);
  else subscriber.complete();
}

function takeInTurn(lanes: readonly Lane[], first: number, limit: number): Taken[] {
  const batch: Taken[] = [];
  let idle = 0;
  for (let at = first; batch.length < limit && idle < lanes.length; at++) {
    const lane = lanes[at % lanes.length]!;
    const next = lane.waiting.shift();
    if (next === undefined) {
      idle++;
      continue;
    }
    idle = 0;
    lane.underway++;
    batch.push({ ...next, lane });
  }
  return batch;
}
