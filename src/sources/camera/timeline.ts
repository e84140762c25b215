/**
 * The timeline of a source that is connected to again and again. Each connection has a clock of its own; here they become
 * one, on which as much time has passed between two connections as has passed for us. Trackers and analytics so see a short
 * gap as a short one, and a long one as what it is. It begins at 0.
 */
export class Timeline {
  #last: { readonly us: number; readonly arrivedMs: number } | undefined;
  #shiftUs: number | undefined;

  /** A new connection: the next frame's own time says nothing about those before it. */
  reconnected(): void {
    this.#shiftUs = undefined;
  }

  /**
   * The time of the next frame in microseconds; it rises.
   * @param ownUs by the clock of its connection; undefined if that has none, and the time of arrival counts.
   * @param arrivedMs by our monotonic clock.
   */
  next(ownUs: number | undefined, arrivedMs: number): number {
    const last = this.#last;
    const elapsedUs = last === undefined ? 0 : Math.round(1000 * (arrivedMs - last.arrivedMs));
    const expected = (last?.us ?? 0) + elapsedUs;
    if (ownUs !== undefined) this.#shiftUs ??= expected - ownUs;
    const meant = ownUs === undefined ? expected : ownUs + this.#shiftUs!;
    const us = last === undefined ? 0 : Math.max(meant, last.us + 1);
    this.#last = { us, arrivedMs };
    return us;
  }
}
