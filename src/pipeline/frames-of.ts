import { Observable } from 'rxjs';
import type { Frame, FramePool } from '../contract/frame.js';
import type { Source } from '../contract/source.js';
import { isSightlineError } from '../errors.js';

/** The frames of a source, and when it has cleaned up behind itself. */
export interface SourceFrames {
  /**
   * Completes when the source ends or `signal` aborts, and errors when decoding cannot go on. Subscribers own one reference
   * to each frame. Unsubscribing ends the source and releases what it still delivers. Subscribe once.
   */
  readonly frames: Observable<Frame>;
  /** Settles when the source has ended and cleaned up, however it ended; at once if nobody has subscribed. */
  readonly cleanedUp: () => Promise<void>;
}

/** The frames of an opened source as an observable. */
export function framesOf(source: Source, pool: FramePool, signal: AbortSignal): SourceFrames {
  let pulling: Promise<void> = Promise.resolve();
  const frames = new Observable<Frame>((subscriber) => {
    const unsubscribed = new AbortController();
    const either = AbortSignal.any([signal, unsubscribed.signal]);
    const pull = async (): Promise<void> => {
      for await (const frame of source.frames(pool, either)) {
        if (subscriber.closed) frame.release();
        else subscriber.next(frame);
      }
    };
    pulling = pull().then(
      () => {
        subscriber.complete();
      },
      (error: unknown) => {
        if (either.aborted && isSightlineError(error, 'ERR_ABORTED')) subscriber.complete();
        else subscriber.error(error);
      },
    );
    return () => {
      unsubscribed.abort();
    };
  });
  return { frames, cleanedUp: () => pulling };
}
