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

/**
 * Calls what others have written, and waits for at most `ms`: it may throw instead of rejecting, or never settle.
 * @param late what is thrown after that time.
 */
export async function callWithin<T>(ms: number, call: () => Promise<T> | T, late: () => Error): Promise<T> {
  const done = await withinMs((async () => call())(), ms);
  if (done === 'late') throw late();
  return done.value;
}

/** Node's timers hold 31 bits. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
