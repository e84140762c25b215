/** Milliseconds without a sign of life from what delivers. */
export interface StallLimits {
  /** From here on it is stalled. */
  readonly stallMs: number;
  /** From here on it is given up. */
  readonly giveUpMs: number;
}

/** Whom a stall concerns. */
export interface StallListener {
  /** Whether it is held back by us at the moment, and cannot deliver. */
  readonly isHeldBack: () => boolean;
  readonly onStall: () => void;
  /** It delivers again. */
  readonly onResume: () => void;
  /** Called once; the watch has ended. */
  readonly onGiveUp: () => void;
}

/** Looks this often within `stallMs`. */
const LOOKS = 10;

/**
 * Notices when nothing comes any more. Time is counted by looks and not by a clock: while this process does not get to
 * run, what waits in its pipes is not held against the other side.
 */
export class StallWatch {
  readonly #limits: StallLimits;
  readonly #listener: StallListener;
  #timer: NodeJS.Timeout | undefined;
  #quietLooks = 0;
  #stalled = false;

  constructor(limits: StallLimits, listener: StallListener) {
    this.#limits = limits;
    this.#listener = listener;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#look();
    }, this.#limits.stallMs / LOOKS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Something came. */
  alive(): void {
    this.#quietLooks = 0;
    if (!this.#stalled) return;
    this.#stalled = false;
    this.#listener.onResume();
  }

  #look(): void {
    if (this.#listener.isHeldBack()) {
      this.alive();
      return;
    }
    const { stallMs, giveUpMs } = this.#limits;
    const quietMs = (++this.#quietLooks * stallMs) / LOOKS;
    if (quietMs >= stallMs && !this.#stalled) {
      this.#stalled = true;
      this.#listener.onStall();
    }
    if (quietMs < giveUpMs) return;
    this.stop();
    this.#listener.onGiveUp();
  }
}
