import type { DropReason, FrameLedger } from '../contract/run.js';

/**
 * Books where the frames of one source go. Each number is counted on its own, `inFlight` too, so that a frame which is
 * booked twice or never shows as a sum that is wrong.
 */
export class Ledger {
  #decoded = 0;
  #emitted = 0;
  #failed = 0;
  #inFlight = 0;
  readonly #dropped: Record<DropReason, number> = { 'inference-lost': 0, overload: 0, stopped: 0 };

  /** A frame arrived from the source. */
  decoded(): void {
    this.#decoded++;
    this.#inFlight++;
  }

  /** A result for a frame was handed to the sinks. */
  emitted(): void {
    this.#emitted++;
    this.#inFlight--;
  }

  /** A frame could not be processed because of an error. */
  failed(): void {
    this.#failed++;
    this.#inFlight--;
  }

  /** A frame was given up on purpose. */
  dropped(reason: DropReason): void {
    this.#dropped[reason]++;
    this.#inFlight--;
  }

  /** The books as they stand. */
  snapshot(): FrameLedger {
    return {
      decoded: this.#decoded,
      emitted: this.#emitted,
      failed: this.#failed,
      inFlight: this.#inFlight,
      dropped: { ...this.#dropped },
    };
  }
}
