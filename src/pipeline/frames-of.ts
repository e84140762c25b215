import { Observable } from 'rxjs';
import type { Frame, FramePool } from '../contract/frame.js';
import type { Source } from '../contract/source.js';
import { isSightlineError, SightlineError } from '../errors.js';
import { withinMs } from './deadline.js';
import { PooledFrame } from './pooled-frame.js';

/** The frames of a source, and when it has cleaned up behind itself. */
export interface SourceFrames {
  /**
   * Completes when the source ends or `signal` aborts, and errors when decoding cannot go on. Subscribers own one reference
   * to each frame. Unsubscribing ends the source and releases what it still delivers. Subscribe once.
   */
  readonly frames: Observable<Frame>;
  /** Settles when the source has ended, however it ended, with whether it has cleaned up; at once if nobody subscribed. */
  readonly cleanedUp: () => Promise<boolean>;
}

/**
 * The frames of an opened source as an observable.
 * @param cleanupMs a source that has not ended this long after it was told to is left behind.
 */
export function framesOf(
  source: Source,
  pool: FramePool,
  signal: AbortSignal,
  cleanupMs: number,
): SourceFrames {
  let cleanedUp = Promise.resolve(true);
  const frames = new Observable<Frame>((subscriber) => {
    const unsubscribed = new AbortController();
    const either = AbortSignal.any([signal, unsubscribed.signal]);
    const pull = async (): Promise<void> => {
      for await (const frame of source.frames(pool, either)) {
        if (!(frame instanceof PooledFrame) || !frame.handOver())
          throw new SightlineError(
            'ERR_USAGE',
            `"${source.id}" delivered something else than a new frame: each has to come from "publish" and is delivered once`,
          );
        if (subscriber.closed) frame.release();
        else subscriber.next(frame);
      }
    };
    const pulling = pull().then(
      () => {
        subscriber.complete();
      },
      (error: unknown) => {
        if (either.aborted && isSightlineError(error, 'ERR_ABORTED')) subscriber.complete();
        else subscriber.error(error);
      },
    );
    const left = new Promise<void>((resolve) => {
      const leave = async (): Promise<void> => {
        await withinMs(pulling, cleanupMs);
        resolve();
      };
      if (either.aborted) void leave();
      else either.addEventListener('abort', () => void leave(), { once: true });
    });
    cleanedUp = Promise.race([pulling.then(() => true), left.then(() => false)]);
    // What the source has not ended by itself is taken as ended.
    void left.then(() => {
      subscriber.complete();
    });
    return () => {
      unsubscribed.abort();
    };
  });
  return { frames, cleanedUp: () => cleanedUp };
}
