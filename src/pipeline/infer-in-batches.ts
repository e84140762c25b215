/**
 * Feeds waiting frames of all sources to one detector.
 *
 * Batching is driven by demand: whenever the detector is free it takes what waits, in turn across the sources, up to the
 * batch size. A lone frame never waits for company, and no batch is seen outside this file.
 */
import { Observable, type OperatorFunction, type Subscriber } from 'rxjs';
import { isSightlineError } from '../errors.js';
import type { DetectedFrame, Detector } from '../contract/detector.js';
import type { Frame } from '../contract/frame.js';

/** A frame with what was found in it. */
export interface InferredFrame extends DetectedFrame {
  readonly frame: Frame;
  /** Time that the frame waited for the detector. */
  readonly queueMs: number;
  /** Time that the batch of the frame took. */
  readonly inferenceMs: number;
}

/** Told of a frame that gets no result: `cause` is the detector's error, or undefined if nobody wanted it any more. */
export type OnGivenUp = (frame: Frame, cause: unknown) => void;

interface Waiting {
  readonly frame: Frame;
  readonly since: number;
}

interface Lane {
  readonly subscriber: Subscriber<InferredFrame>;
  readonly onGivenUp: OnGivenUp;
  readonly waiting: Waiting[];
  underway: number;
  /** Set once the source has ended; its frames are finished before that is passed on. */
  ending: { readonly error?: unknown } | undefined;
}

/**
 * Makes the operator that all sources of a run share. References to frames pass through it: results carry the
 * reference that came in; frames without a result are handed to `onGivenUp` and then released. The end of a source, by an
 * error too, is passed on after its frames. A detector error other than ERR_INFERENCE_LOST errors every source that takes part.
 */
export function inferInBatches(
  detector: Detector,
): (onGivenUp: OnGivenUp) => OperatorFunction<Frame, InferredFrame> {
  const lanes: Lane[] = [];
  let busy = false;
  let turn = 0;

  async function pump(): Promise<void> {
    if (busy) return;
    const batch = takeInTurn(lanes, turn++, detector.info.maxBatch);
    if (batch.length === 0) return;
    busy = true;
    const started = performance.now();
    let found: readonly DetectedFrame[] | undefined;
    let failure: unknown;
    try {
      found = await detector.detect(
        batch.map(({ frame }) => ({ pixels: frame.input.data, letterbox: frame.letterbox, frame })),
      );
    } catch (error) {
      failure = error;
    }
    busy = false;
    const inferenceMs = performance.now() - started;
    // The next batch is on its way to the detector before the results of this one are tracked and drawn.
    if (found !== undefined || isSightlineError(failure, 'ERR_INFERENCE_LOST')) void pump();
    batch.forEach(({ lane, frame, since }, at) => {
      const result = found?.[at];
      lane.underway--;
      if (result !== undefined && !lane.subscriber.closed) {
        lane.subscriber.next({ ...result, frame, queueMs: started - since, inferenceMs });
      } else {
        lane.onGivenUp(frame, failure);
        frame.release();
      }
      endIfDone(lane);
    });
    if (found === undefined && !isSightlineError(failure, 'ERR_INFERENCE_LOST')) {
      for (const lane of [...lanes]) lane.subscriber.error(failure);
    }
  }

  return (onGivenUp) => (frames) =>
    new Observable<InferredFrame>((subscriber) => {
      const lane: Lane = { subscriber, onGivenUp, waiting: [], underway: 0, ending: undefined };
      lanes.push(lane);
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
        for (const { frame } of lane.waiting.splice(0)) {
          onGivenUp(frame, undefined);
          frame.release();
        }
      };
    });
}

function endIfDone({ ending, underway, waiting, subscriber }: Lane): void {
  if (ending === undefined || underway > 0 || waiting.length > 0) return;
  if ('error' in ending) subscriber.error(ending.error);
  else subscriber.complete();
}

function takeInTurn(lanes: readonly Lane[], first: number, limit: number): (Waiting & { lane: Lane })[] {
  const batch: (Waiting & { lane: Lane })[] = [];
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
