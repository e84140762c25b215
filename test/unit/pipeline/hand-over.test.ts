import { EMPTY, NEVER, Subject, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { handOver } from '../../../src/pipeline/hand-over.js';

/** Takes numbers; even ones wait until the test lets them go. */
function taking(items = new Subject<number>()) {
  const events: string[] = [];
  const waiting: (() => void)[] = [];
  const subscription = items
    .pipe(
      handOver(
        (item) => {
          events.push(`take ${item}`);
          if (item === 13) throw new Error('unlucky');
          if (item % 2 === 1) return undefined;
          return new Promise<void>((resolve, reject) =>
            waiting.push(() => {
              if (item === 66) reject(new Error('rejected'));
              else resolve();
            }),
          );
        },
        (item, error) => events.push(`give up ${item}${error instanceof Error ? `: ${error.message}` : ''}`),
      ),
    )
    .subscribe({
      error: (error: Error) => events.push(`error ${error.message}`),
      complete: () => events.push('complete'),
    });
  const letGo = async (): Promise<void> => {
    waiting.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { items, events, letGo, subscription };
}

describe('handing results over', () => {
  it('takes one after the other, and ends after the last', async () => {
    const { items, events, letGo } = taking();
    for (const item of [1, 2, 3, 4]) items.next(item);
    items.complete();
    expect(events).toEqual(['take 1', 'take 2']);
    await letGo();
    expect(events).toEqual(['take 1', 'take 2', 'take 3', 'take 4']);
    await letGo();
    expect(events.at(-1)).toBe('complete');
  });

  it('passes an error on after what came before it', async () => {
    const { items, events, letGo } = taking();
    for (const item of [2, 3]) items.next(item);
    items.error(new Error('broke off'));
    expect(events).toEqual(['take 2']);
    await letGo();
    expect(events).toEqual(['take 2', 'take 3', 'error broke off']);
  });

  it.each([
    ['throws', 13, ['take 13', 'give up 13: unlucky', 'error unlucky']],
    ['rejects', 66, ['take 66', 'give up 66: rejected', 'error rejected', 'give up 1', 'give up 2']],
  ])('gives up what taking %s for, and all that waits behind it', async (_how, first, expected) => {
    const { items, events, letGo } = taking();
    for (const item of [first, 1, 2]) items.next(item);
    await letGo();
    expect(events).toEqual(expected);
  });

  it('gives up what waits when nobody listens any more; what is being taken is finished', async () => {
    const { items, events, letGo, subscription } = taking();
    for (const item of [2, 3, 4]) items.next(item);
    subscription.unsubscribe();
    await letGo();
    expect(events).toEqual(['take 2', 'give up 3', 'give up 4']);
    expect(items.observed).toBe(false);
  });

  it('passes the end of an empty stream on, and nothing of one that never ends', () => {
    const ends: string[] = [];
    const nothing = handOver<number>(
      () => undefined,
      () => undefined,
    );
    EMPTY.pipe(nothing).subscribe({ complete: () => ends.push('complete') });
    throwError(() => new Error('e'))
      .pipe(nothing)
      .subscribe({ error: () => ends.push('error') });
    NEVER.pipe(nothing)
      .subscribe({ complete: () => ends.push('never') })
      .unsubscribe();
    expect(ends).toEqual(['complete', 'error']);
  });
});
