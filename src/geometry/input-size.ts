/** Size of a network's input: the one place that knows what may be asked for and how it is written. */

/** Width and height in pixels; multiples of 32, the network's coarsest step. */
export interface InputSize {
  readonly width: number;
  readonly height: number;
}

/** Longest side of a network's input: a picture of 4096 × 4096 already takes gigabytes on its way through. */
export const MAX_SIDE = 4096;

/** Input pixels per cell of the coarsest head: sides are multiples of it. */
export const SIZE_STEP = 32;

/** What a person is told who wrote a size that cannot be. */
export const SIZE_RULE = `multiples of ${SIZE_STEP} from ${SIZE_STEP} to ${MAX_SIDE}, such as 416 or 544x320 (width x height)`;

/** Whether a network can take pictures of this size. */
export function isInputSize({ width, height }: InputSize): boolean {
  return isSide(width) && isSide(height);
}

/** Reads `416` (a square) or `544x320`; undefined if it is neither or no possible size. */
export function parseInputSize(text: string): InputSize | undefined {
  const match = /^(\d{2,4})(?:[x×](\d{2,4}))?$/i.exec(text.trim());
  if (match === null) return undefined;
  const width = Number(match[1]);
  const size = { width, height: match[2] === undefined ? width : Number(match[2]) };
  return isInputSize(size) ? size : undefined;
}

function isSide(pixels: number): boolean {
  return Number.isInteger(pixels) && pixels % SIZE_STEP === 0 && pixels >= SIZE_STEP && pixels <= MAX_SIDE;
}
