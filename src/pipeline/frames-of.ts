import { Observable } from 'rxjs';
import { isSightlineError } from '../errors.js';
import type { FramePool } from '../contract/frame.js';
import type { Source } from '../contract/source.js';
import type { Frame } from '../contract/frame.js';

/**
 * The frames of an opened source as an observable. It completes when the source ends or `signal` aborts, and errors
 * when decoding cannot go on. Subscribers own one reference to each frame. Unsubscribing ends the source and releases
 * what it still delivers.
 */
export function framesOf(source: Source, pool: FramePool, signal: AbortSignal): Observable<Frame> {
  return new Observable((subscriber) => {
    const unsubscribed = new AbortController();
    const either = AbortSignal.any([signal, unsubscribed.signal]);
    const pull = async (): Promise<void> => {
      for await (const frame of source.frames(pool, either)) {
        if (subscriber.closed) frame.release();
        else subscriber.next(frame);
      }
    };
    pull().then(
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
}
