import { interpolateGaps } from '../../geometry/interpolate-gaps.js';
import type { Box } from '../../contract/picture.js';
import type { FrameResult } from '../../contract/result.js';

interface Sighting {
  readonly trackId: number;
  readonly ptsUs: number;
  readonly epoch: number;
  readonly box: Box;
  readonly confidence: number;
}

interface WaitingFrame {
  readonly number: number;
  readonly ptsUs: number;
  readonly epoch: number;
  readonly rows: string[];
}

/**
 * Makes rows of confirmed tracks: `frame,id,left,top,width,height,conf,-1,-1,-1`, frames from 1. With gaps to fill, frames
 * wait until no track can come back into them; a box that was not seen lies on the straight line between the two that
 * were and has the lower confidence of them.
 */
export class MotRows {
  readonly #gapUs: number;
  readonly #waiting: WaitingFrame[] = [];
  readonly #last = new Map<number, Sighting>();

  /** @param gapSeconds longest gap to fill; 0 for none. */
  constructor(gapSeconds: number) {
    this.#gapUs = gapSeconds * 1e6;
  }

  /** @returns the rows that are final now, joined by line feeds; may be empty. */
  add({ frame, tracks, ended }: FrameResult): string {
    const { ptsUs, epoch } = frame;
    const rows: string[] = [];
    for (const { trackId, box, confidence, state } of tracks) {
      if (state !== 'confirmed') continue;
      const sighting = { trackId, ptsUs, epoch, box, confidence };
      rows.push(motRow(frame.index + 1, trackId, box, confidence));
      if (this.#gapUs === 0) continue;
      this.#fill(this.#last.get(trackId), sighting);
      this.#last.set(trackId, sighting);
    }
    for (const { trackId } of ended) this.#last.delete(trackId);
    this.#waiting.push({ number: frame.index + 1, ptsUs, epoch, rows });
    const due = this.#waiting.findIndex(
      (waiting) => waiting.epoch === epoch && waiting.ptsUs >= ptsUs - this.#gapUs,
    );
    return this.#take(this.#gapUs === 0 ? 1 : due);
  }

  /** The rows that were waiting. */
  finish(): string {
    return this.#take(this.#waiting.length);
  }

  #fill(before: Sighting | undefined, after: Sighting): void {
    if (before === undefined || before.epoch !== after.epoch) return;
    const between = this.#waiting.filter(({ epoch, ptsUs }) => epoch === after.epoch && ptsUs > before.ptsUs);
    if (between.length === 0) return;
    const byTime = new Map(between.map((waiting) => [waiting.ptsUs, waiting]));
    const confidence = Math.min(before.confidence, after.confidence);
    for (const { ptsUs, box } of interpolateGaps([before, after], [...byTime.keys()], this.#gapUs)) {
      const { rows, number } = byTime.get(ptsUs)!;
      rows.push(motRow(number, after.trackId, box, confidence));
    }
  }

  #take(count: number): string {
    return this.#waiting
      .splice(0, count)
      .flatMap(({ rows }) => rows)
      .join('\n');
  }
}

function motRow(frame: number, trackId: number, box: Box, confidence: number): string {
  const sides = [box.x1, box.y1, box.x2 - box.x1, box.y2 - box.y1].map((value) => Number(value.toFixed(2)));
  return `${frame},${trackId},${sides.join(',')},${Number(confidence.toFixed(4))},-1,-1,-1`;
}
