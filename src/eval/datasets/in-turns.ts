/** Files that are open at a time: systems allow a thousand or so. */
const AT_ONCE = 64;

/** Does the same for each item, for a few at a time. @returns the answers in order. */
export async function inTurns<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const done: R[] = [];
  for (let at = 0; at < items.length; at += AT_ONCE)
    done.push(...(await Promise.all(items.slice(at, at + AT_ONCE).map(work))));
  return done;
}
