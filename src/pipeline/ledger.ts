import type { DropReason, FrameLedger } from '../contract/run.js';

/**
 * Books where the frames of one source go. Every decoded frame ends in exactly one place, so
 * `decoded = emitted + failed + inFlight + dropped` cannot be broken from outside: `inFlight` is what is not booked yet.
 */
export class Ledger {
  #decoded = 0;
  #emitted = 0;
  #failed = 0;
  readonly #dropped: Record<DropReason, number> = { 'inference-lost': 0, stopped: 0 };

  /** A frame arrived from the source. */
  decoded(): void {
    this.#decoded++;
  }

  /** A result for a frame was handed to the sinks. */
  emitted(): void {
    this.#emitted++;
  }

  /** A frame could not be processed because of an error. */
  failed(): void {
    this.#failed++;
  }

  /** A frame was given up on purpose. */
  dropped(reason: DropReason): void {
    this.#dropped[reason]++;
  }

  /** The books as they stand. */
  snapshot(): FrameLedger {
    const dropped = { ...this.#dropped };
    const given = Object.values(dropped).reduce((sum, count) => sum + count, 0);
    return {
      decoded: this.#decoded,
      emitted: this.#emitted,
      failed: this.#failed,
      inFlight: this.#decoded - this.#emitted - this.#failed - given,
      dropped,
    };
  }
}
