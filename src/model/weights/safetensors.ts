/**
 * Reader of the safetensors format, https://github.com/huggingface/safetensors: eight bytes with the length of the header
 * (little-endian), the header in JSON, then the tensors' bytes without holes.
 */
import { messageOf, SightlineError } from '../../errors.js';
import type { Weights, WeightTensor } from './weights.js';

interface Entry {
  readonly name: string;
  readonly dtype: 'F16' | 'F32';
  readonly shape: readonly number[];
  /** Byte offsets behind the header. */
  readonly begin: number;
  readonly end: number;
}

const PREFIX_BYTES = 8;
const MAX_RANK = 8;
const BYTES_PER_VALUE = { F16: 2, F32: 4 } as const;

/**
 * Reads all tensors of a safetensors file as float32.
 *
 * Everything that the header claims is checked against the file before memory is taken for it.
 * @param bytes the whole file; not kept.
 * @param origin how the file is called in messages.
 * @throws SightlineError ERR_WEIGHTS_INVALID with the first claim that is not true.
 */
export function readSafetensors(bytes: Uint8Array, origin: string): Weights {
  const fail = (problem: string, cause?: unknown): never => {
    const message = `"${origin}" is not a safetensors file that can be read: ${problem}`;
    throw new SightlineError('ERR_WEIGHTS_INVALID', message, { cause });
  };
  const { header, dataStart } = readHeader(bytes, fail);
  const entries = Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, value]) => readEntry(name, value, fail));
  checkCoverage(entries, bytes.byteLength - dataStart, fail);

  const weights = new Map<string, WeightTensor>();
  for (const entry of entries) {
    weights.set(entry.name, { shape: entry.shape, data: readValues(bytes, dataStart, entry) });
  }
  return weights;
}

type Fail = (problem: string, cause?: unknown) => never;

function readHeader(bytes: Uint8Array, fail: Fail): { header: object; dataStart: number } {
  if (bytes.byteLength < PREFIX_BYTES) fail(`it has ${bytes.byteLength} bytes, too few for a header`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getBigUint64(0, true);
  if (length > BigInt(bytes.byteLength - PREFIX_BYTES)) {
    fail(`its header claims ${length.toString()} bytes, the file has ${bytes.byteLength}`);
  }
  const dataStart = PREFIX_BYTES + Number(length);
  let header: unknown;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(PREFIX_BYTES, dataStart));
    header = JSON.parse(text);
  } catch (cause) {
    fail(`its header is not JSON (${printable(messageOf(cause))})`, cause);
  }
  if (!isRecord(header)) return fail('its header is not a JSON object');
  return { header, dataStart };
}

function readEntry(name: string, value: unknown, fail: Fail): Entry {
  const called = `tensor "${printable(name)}"`;
  if (!isRecord(value)) return fail(`${called} is not described by an object`);
  const { dtype, shape, data_offsets: offsets } = value as Record<string, unknown>;
  if (dtype !== 'F16' && dtype !== 'F32') {
    const found = typeof dtype === 'string' ? `the type ${printable(dtype)}` : 'no type';
    return fail(`${called} has ${found}; F16 and F32 can be read`);
  }
  if (!isSizes(shape) || shape.length > MAX_RANK) {
    return fail(`${called} has a shape that is not a list of at most ${MAX_RANK} sizes`);
  }
  if (!isSizes(offsets) || offsets.length !== 2) {
    return fail(`${called} has data_offsets that are not two byte positions`);
  }
  const [begin = 0, end = 0] = offsets;
  const wanted = shape.reduce((product, size) => product * size, BYTES_PER_VALUE[dtype]);
  if (end - begin !== wanted) {
    const place = `${begin} to ${end}`;
    return fail(
      `${called} of shape [${shape.join(', ')}] in ${dtype} needs ${wanted} bytes, its place is ${place}`,
    );
  }
  return { name, dtype, shape, begin, end };
}

/** The format wants every byte to belong to exactly one tensor. */
function checkCoverage(entries: readonly Entry[], dataBytes: number, fail: Fail): void {
  let position = 0;
  for (const { name, begin, end } of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    const called = `tensor "${printable(name)}"`;
    if (begin !== position) {
      const problem = begin < position ? 'overlaps the tensor before it' : 'leaves a hole before it';
      fail(`${called} ${problem} (starts at ${begin}, the one before ends at ${position})`);
    }
    if (end > dataBytes) fail(`${called} ends at byte ${end} of ${dataBytes}: the file is cut off`);
    position = end;
  }
  if (position !== dataBytes) fail(`${dataBytes - position} bytes belong to no tensor`);
}

/** Copies: the file's values need not be aligned. Node and onnxruntime run on little-endian machines only. */
function readValues(bytes: Uint8Array, dataStart: number, { dtype, begin, end }: Entry): Float32Array {
  const start = bytes.byteOffset + dataStart;
  const copy = bytes.buffer.slice(start + begin, start + end);
  if (dtype === 'F32') return new Float32Array(copy);
  const halves = new Uint16Array(copy);
  const values = new Float32Array(halves.length);
  const table = halves.length === 0 ? values : halfTable();
  for (let at = 0; at < halves.length; at++) values[at] = table[halves[at]!]!;
  return values;
}

let halves: Float32Array | undefined;

/** The value of each of the 65,536 IEEE 754 binary16 patterns: a look-up is three times faster than arithmetic. */
function halfTable(): Float32Array {
  if (halves !== undefined) return halves;
  halves = new Float32Array(65_536);
  for (let bits = 0; bits < halves.length; bits++) {
    const sign = (bits & 0x8000) === 0 ? 1 : -1;
    const exponent = (bits >> 10) & 0x1f;
    const fraction = bits & 0x3ff;
    let magnitude: number;
    if (exponent === 0) magnitude = fraction * 2 ** -24;
    else if (exponent === 31) magnitude = fraction === 0 ? Infinity : NaN;
    else magnitude = (1 + fraction / 1024) * 2 ** (exponent - 15);
    halves[bits] = sign * magnitude;
  }
  return halves;
}

function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

/** Names come from the file: keep messages to one short line. */
function printable(text: string): string {
  const clean = text.replace(/[^\x20-\x7e]/g, '?');
  return clean.length > 80 ? `${clean.slice(0, 80)}…` : clean;
}
