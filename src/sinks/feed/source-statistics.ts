import type { FrameResult } from '../../contract/result.js';
import type { SourceStats } from '../../record/feed-messages.js';

/** What is counted for all clients alike. */
export type SharedStats = Omit<SourceStats, 'skipped'>;

/** Counts what reaches the feed from one source, second by second. */
export class SourceStatistics {
  readonly #source: string;
  #first: number | undefined;
  #last = 0;
  #frames = 0;
  #tracks = 0;
  #second = { frames: 0, previews: 0, latencyMs: 0 };

  constructor(source: string) {
    this.#source = source;
  }

  /** Notes a result. */
  add({ frame, timing, tracks }: FrameResult): void {
    this.#first ??= frame.index;
    this.#last = frame.index;
    this.#frames++;
    this.#second.frames++;
    this.#second.latencyMs += timing.queueMs + timing.inferenceMs + timing.trackMs;
    this.#tracks = tracks.filter(({ state }) => state === 'confirmed').length;
  }

  /** Notes that a picture was made of a result. */
  addPreview(): void {
    this.#second.previews++;
  }

  /** What there was since the last call. */
  take(): SharedStats {
    const { frames: fps, previews, latencyMs } = this.#second;
    this.#second = { frames: 0, previews: 0, latencyMs: 0 };
    return {
      source: this.#source,
      fps,
      previewFps: previews,
      latencyMs: fps === 0 ? null : latencyMs / fps,
      tracks: this.#tracks,
      frames: this.#frames,
      missed: this.#first === undefined ? 0 : this.#last - this.#first + 1 - this.#frames,
    };
  }
}
