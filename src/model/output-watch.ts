import type { DetectorInfo } from '../contract/detector.js';
import { SightlineError } from '../errors.js';
import type { Candidates } from './decode/candidates.js';

/** A frame with this share of outputs that are no numbers is a bad one. An odd box may overflow; one weight spoils more. */
const BAD_SHARE = 0.01;
/** So many bad frames one after another are no accident. */
export const MOST_BAD_FRAMES = 10;

/**
 * Ends a run whose network computes no numbers: it would go on, find nothing and look as if nothing was there. At once if
 * it has never put out one, else after {@link MOST_BAD_FRAMES} bad frames in a row.
 */
export class OutputWatch {
  readonly #info: Pick<DetectorInfo, 'model' | 'backend' | 'device'>;
  #badFrames = 0;
  #worked = false;

  constructor(info: Pick<DetectorInfo, 'model' | 'backend' | 'device'>) {
    this.#info = info;
  }

  /** Takes what was made of the next frame. @throws SightlineError ERR_MODEL_INVALID */
  see({ invalid, outputs }: Pick<Candidates, 'invalid' | 'outputs'>): void {
    if (invalid === 0 || invalid < outputs * BAD_SHARE) {
      this.#badFrames = 0;
      this.#worked = true;
      return;
    }
    this.#badFrames++;
    const nothing = invalid >= outputs;
    this.#worked ||= !nothing;
    if (this.#worked && this.#badFrames < MOST_BAD_FRAMES) return;
    const { model, backend, device } = this.#info;
    const frames = this.#badFrames === 1 ? 'the first frame' : `${this.#badFrames} frames one after another`;
    throw new SightlineError(
      'ERR_MODEL_INVALID',
      `model "${model}" on ${backend} ${device} puts out what is no number (NaN or infinite) in ${frames}, ` +
        `${invalid} of ${outputs} outputs: the network overflows or the device computes wrongly; ` +
        'try another --device, or convert the weights again',
    );
  }
}
