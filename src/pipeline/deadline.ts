/** Promises of others that may never settle. */

/** What came of waiting. */
export type Awaited<T> = { readonly value: T } | 'late';

/**
 * Waits for `promise` for at most `ms`. The promise goes on afterwards; if it rejects then, nobody is told.
 * @returns its value, or `'late'`. @throws what it rejects with in time.
 */
export async function withinMs<T>(promise: Promise<T>, ms: number): Promise<Awaited<T>> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(resolve, Math.min(ms, LONGEST_TIMER_MS), 'late');
  });
  try {
    return await Promise.race([promise.then((value) => ({ value })), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Node's timers hold 31 bits. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
