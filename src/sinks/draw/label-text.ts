import { type LabelFont, PEN_PHASES } from './label-font.js';

const LONGEST = 64;
const LONGEST_NAME = 32;
const SPACE = 0x20;
const ZERO = 0x30;
const POINT = 0x2e;

/**
 * The text of one label as character codes, `car 12 0.87`. One instance is refilled for every label, so that labelling
 * makes no strings.
 */
export class LabelText {
  readonly codes = new Uint16Array(LONGEST);
  length = 0;

  /** @param trackId left out if undefined. @param confidence 0 to 1, shown with two digits. */
  set(name: string, trackId: number | undefined, confidence: number): this {
    this.length = 0;
    for (let at = 0; at < name.length && at < LONGEST_NAME; at++) {
      const code = name.charCodeAt(at);
      // The second half of a character outside the 16-bit plane: it is one unknown character, not two.
      if (code < 0xdc00 || code > 0xdfff) this.#add(code);
    }
    if (trackId !== undefined) {
      this.#add(SPACE);
      this.#addInteger(trackId);
    }
    this.#add(SPACE);
    const hundredths = Math.round(confidence * 100);
    this.#addInteger(Math.floor(hundredths / 100));
    this.#add(POINT);
    this.#addInteger(hundredths % 100, 2);
    return this;
  }

  /** Width in pixels, not rounded. */
  widthIn(font: LabelFont): number {
    let width = 0;
    for (let at = 0; at < this.length; at++) width += font.advance(this.codes[at]!);
    return width;
  }

  #add(code: number): void {
    if (this.length < LONGEST) this.codes[this.length++] = code;
  }

  #addInteger(value: number, digits = 1): void {
    let divisor = 10 ** (digits - 1);
    while (divisor * 10 <= value) divisor *= 10;
    for (; divisor >= 1; divisor /= 10) this.#add(ZERO + (Math.floor(value / divisor) % 10));
  }
}

/** The phase of a pen position, for `LabelFont.glyph`. */
export function phaseOf(pen: number): number {
  return Math.floor((pen - Math.floor(pen)) * PEN_PHASES);
}
