/** When something begins and ends, in seconds. */
export interface TimeSpan {
  readonly start: number;
  readonly end: number;
}

/**
 * Reads what ffmpeg's muxer `framecrc` tells of packets, and remembers when each stream begins and ends:
 * `#tb 0: 1/48000`, and `0, dts, pts, duration, size, checksum` for each packet.
 */
export class PacketTimes {
  readonly #seconds: number[] = [];
  readonly #spans: (TimeSpan | undefined)[];

  constructor(streams: number) {
    this.#spans = new Array<undefined>(streams).fill(undefined);
  }

  /** Takes one line. */
  line(line: string): void {
    const base = /^#tb (\d+): (\d+)\/(\d+)/.exec(line);
    if (base !== null) {
      this.#seconds[Number(base[1])] = Number(base[2]) / Number(base[3]);
      return;
    }
    const [stream, , pts, duration] = line.split(',', 4).map(Number);
    const tick = stream === undefined ? undefined : this.#seconds[stream];
    if (stream === undefined || tick === undefined || pts === undefined || Number.isNaN(pts)) return;
    const [start, end] = [pts * tick, (pts + (duration ?? 0)) * tick];
    const known = this.#spans[stream];
    this.#spans[stream] = {
      start: Math.min(known?.start ?? start, start),
      end: Math.max(known?.end ?? end, end),
    };
  }

  /** The times of each stream; undefined for one without packets. */
  spans(): (TimeSpan | undefined)[] {
    return this.#spans.slice();
  }
}
