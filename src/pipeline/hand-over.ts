import { Observable, type OperatorFunction } from 'rxjs';

/**
 * Gives items to `take`, one after the other and in order; while `take` waits the next ones queue. The end, by an error
 * too, is passed on after the last item was taken.
 * @param take may wait. What it throws ends the stream with that error.
 * @param giveUp gets the items that `take` will not see, or that it threw for (`error` is then what it threw).
 */
export function handOver<T>(
  take: (item: T) => Promise<void> | undefined,
  giveUp: (item: T, error?: unknown) => void,
): OperatorFunction<T, never> {
  return (items) =>
    new Observable<never>((subscriber) => {
      const queue: T[] = [];
      let ending: { readonly error?: unknown } | undefined;
      let waiting = false;

      const pump = (): void => {
        while (!waiting && !subscriber.closed && queue.length > 0) {
          const item = queue.shift()!;
          const fail = (error: unknown): void => {
            giveUp(item, error);
            subscriber.error(error);
          };
          waiting = true;
          try {
            const wait = take(item);
            if (wait === undefined) waiting = false;
            else wait.then(goOn, fail);
          } catch (error) {
            fail(error);
            return;
          }
        }
        if (waiting || queue.length > 0 || ending === undefined) return;
        if ('error' in ending) subscriber.error(ending.error);
        else subscriber.complete();
      };
      const goOn = (): void => {
        waiting = false;
        pump();
      };
      const end = (how: { readonly error?: unknown }): void => {
        ending = how;
        pump();
      };

      const upstream = items.subscribe({
        next(item) {
          queue.push(item);
          pump();
        },
        error: (error: unknown) => {
          end({ error });
        },
        complete: () => {
          end({});
        },
      });
      return () => {
        upstream.unsubscribe();
        for (const item of queue.splice(0)) giveUp(item);
      };
    });
}
