import type { BoxTransform } from '../../../geometry/letterbox.js';
import type { HeadTensor } from '../../backends/backend.js';
import {
  CandidateBuffer,
  type Candidates,
  FLOAT32_MAX,
  type OutputDecoder,
} from '../../decode/candidates.js';
import { checkRows } from '../../decode/row-decoder.js';

/** Values of a row: x1, y1, x2, y2 in pixels of the input, confidence, class id. */
export const END_TO_END_VALUES = 6;

/** Decodes rows that hold finished detections, made by networks that need no suppression. */
export class EndToEndDecoder implements OutputDecoder {
  readonly #found = new CandidateBuffer(true);
  readonly #thresholds: Float64Array;
  readonly #least: number;

  /** @param thresholds least score for each class id; Infinity leaves a class out. */
  constructor(thresholds: Float64Array) {
    this.#thresholds = thresholds;
    this.#least = Math.min(...thresholds);
  }

  decode(heads: readonly HeadTensor[], index: number, transform: BoxTransform): Candidates {
    const rows = checkRows(heads, [END_TO_END_VALUES]);
    const { data } = heads[0]!;
    this.#found.clear(rows);
    for (let row = 0; row < rows; row++) {
      const at = (index * rows + row) * END_TO_END_VALUES;
      const score = data[at + 4]!;
      const classId = Math.round(data[at + 5]!);
      const threshold = this.#thresholds[classId];
      // Some programs fill up with rows of a class that does not exist.
      if (score < this.#least && score >= -FLOAT32_MAX) continue;
      if (!Number.isFinite(score) || threshold === undefined) this.#found.invalid++;
      else if (score >= threshold) {
        const [x1, y1, x2, y2] = [data[at]!, data[at + 1]!, data[at + 2]!, data[at + 3]!];
        const placed = this.#found.place(
          (x1 + x2) / 2,
          (y1 + y2) / 2,
          (x2 - x1) / 2,
          (y2 - y1) / 2,
          transform,
        );
        if (placed) this.#found.add(score, classId);
      }
    }
    return this.#found;
  }
}
