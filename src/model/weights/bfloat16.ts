/**
 * Rounds float32 numbers to bfloat16, the upper half of a float32: to the nearest, ties to even. Infinities stay, NaN stays
 * one.
 * @returns the bits, 16 each, in memory of their own.
 */
export function bfloat16Of(data: Float32Array): Uint16Array<ArrayBuffer> {
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
  const rounded = new Uint16Array(bits.length);
  for (let at = 0; at < bits.length; at++) {
    const value = bits[at]!;
    const odd = (value >>> 16) & 1;
    // Rounding could carry the bits of a NaN over into those of an infinity.
    rounded[at] = Number.isNaN(data[at]!) ? 0x7fc0 : (value + 0x7fff + odd) >>> 16;
  }
  return rounded;
}
