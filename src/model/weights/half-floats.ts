/** IEEE 754 binary16 ("float16"), which JavaScript of Node 20 does not have. */

/** The largest finite float16. */
export const LARGEST_HALF = 65_504;

let values: Float32Array | undefined;

/** The value of each of the 65,536 patterns, computed once. */
export function halfValues(): Float32Array {
  if (values !== undefined) return values;
  values = new Float32Array(65_536);
  for (let bits = 0; bits < values.length; bits++) {
    const sign = (bits & 0x8000) === 0 ? 1 : -1;
    const exponent = (bits >> 10) & 0x1f;
    const fraction = bits & 0x3ff;
    let magnitude: number;
    if (exponent === 0) magnitude = fraction * 2 ** -24;
    else if (exponent === 31) magnitude = fraction === 0 ? Infinity : NaN;
    else magnitude = (1 + fraction / 1024) * 2 ** (exponent - 15);
    values[bits] = sign * magnitude;
  }
  return values;
}

const single = new Float32Array(1);
const pattern = new Uint32Array(single.buffer);

/** The float16 pattern nearest to a float32; of two that are equally near the even one. Too large becomes infinite. */
export function halfBits(value: number): number {
  single[0] = value;
  const bits = pattern[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const rest = bits & 0x7fff_ffff;
  if (rest > 0x7f80_0000) return sign | 0x7e00;
  // 65,520 is half-way between the largest float16 and what would be the next.
  if (rest >= 0x477f_f000) return sign | 0x7c00;
  if (rest >= 0x3880_0000) return sign | roundShift(rest - 0x3800_0000, 13);
  // Below 2^-14: a count of 2^-24. Under half of that, all is zero.
  const exponent = rest >>> 23;
  if (exponent < 102) return sign;
  return sign | roundShift((rest & 0x7f_ffff) | 0x80_0000, 126 - exponent);
}

/** `bits / 2^shift`, half to even. */
function roundShift(bits: number, shift: number): number {
  const floor = bits >>> shift;
  const rest = bits & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return rest > half || (rest === half && (floor & 1) === 1) ? floor + 1 : floor;
}
