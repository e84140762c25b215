/** Work that waits its turn, by key: what concerns one thing is done one after the other, in the order it was asked for. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Does `work` once all earlier work of this key has settled. @returns what it returns. @throws what it throws. */
  take<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve();
    const done = before.then(work, work);
    this.#last.set(key, done);
    const forget = (): void => {
      if (this.#last.get(key) === done) this.#last.delete(key);
    };
    done.then(forget, forget);
    return done;
  }
}
