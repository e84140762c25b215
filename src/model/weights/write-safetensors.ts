import { halfBits, halfValues, LARGEST_HALF } from './half-floats.js';
import type { Weights, WeightTensor } from './weights.js';

/** How numbers are kept on disk. `float16` means kernels; vectors, a hundredth of the bytes, stay float32. */
export type Precision = 'float32' | 'float16';

/** What rounding did to the numbers. */
export interface Rounding {
  /** The largest change of a value as a share of the largest value of its tensor; 0 at float32. */
  readonly largest: number;
  /** Tensors with values beyond float16's range, kept as float32, with how many values those are. */
  readonly overflows: ReadonlyMap<string, number>;
}

/** The bytes of a safetensors file and what rounding did. */
export interface EncodedWeights {
  readonly bytes: Uint8Array;
  readonly rounding: Rounding;
}

const HEADER_STEP = 8;

/** Writes weights in the safetensors format, in the order given. The numbers are copied. */
export function encodeSafetensors(weights: Weights, precision: Precision): EncodedWeights {
  // Text and not an object, which would put some names first and has one of its own, `__proto__`.
  const header: string[] = [];
  const parts: Uint8Array[] = [];
  const overflows = new Map<string, number>();
  let largest = 0;
  let position = 0;
  for (const [name, tensor] of weights) {
    let part = new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);
    let dtype = 'F32';
    if (precision === 'float16' && tensor.shape.length > 1) {
      const rounded = round(tensor);
      if (rounded.overflowed > 0) overflows.set(name, rounded.overflowed);
      else {
        largest = Math.max(largest, rounded.largest);
        part = new Uint8Array(rounded.bits.buffer);
        dtype = 'F16';
      }
    }
    const entry = { dtype, shape: tensor.shape, data_offsets: [position, position + part.length] };
    header.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`);
    position += part.length;
    parts.push(part);
  }
  return { bytes: join(`{${header.join(',')}}`, parts, position), rounding: { largest, overflows } };
}

function round({ data }: WeightTensor): { bits: Uint16Array; largest: number; overflowed: number } {
  const values = halfValues();
  const bits = new Uint16Array(data.length);
  let change = 0;
  let magnitude = 0;
  let overflowed = 0;
  for (let at = 0; at < data.length; at++) {
    const value = data[at]!;
    const half = halfBits(value);
    bits[at] = half;
    const rounded = values[half]!;
    if (Math.abs(rounded) > LARGEST_HALF) overflowed++;
    change = Math.max(change, Math.abs(rounded - value));
    magnitude = Math.max(magnitude, Math.abs(value));
  }
  return { bits, largest: magnitude === 0 ? 0 : change / magnitude, overflowed };
}

/** Spaces behind the header make the numbers start at a multiple of eight. */
function join(header: string, parts: readonly Uint8Array[], dataBytes: number): Uint8Array {
  const text = new TextEncoder().encode(header);
  const headerBytes = Math.ceil(text.length / HEADER_STEP) * HEADER_STEP;
  const bytes = new Uint8Array(HEADER_STEP + headerBytes + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true);
  bytes.set(text, HEADER_STEP);
  bytes.fill(0x20, HEADER_STEP + text.length, HEADER_STEP + headerBytes);
  let position = HEADER_STEP + headerBytes;
  for (const part of parts) {
    bytes.set(part, position);
    position += part.length;
  }
  return bytes;
}
