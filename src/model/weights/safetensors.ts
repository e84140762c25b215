/**
 * Reader of the safetensors format, https://github.com/huggingface/safetensors: eight bytes with the length of the header
 * (little-endian), the header in JSON, then the tensors' bytes without holes.
 */
import { SightlineError } from '../../errors.js';
import { halfValues } from './half-floats.js';
import { type Fail, isRecord, readHeader } from './safetensors-header.js';
import { printableName, type Weights, type WeightTensor } from './weights.js';

interface Entry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Byte offsets behind the header. */
  readonly begin: number;
  readonly end: number;
}

const MAX_RANK = 8;

/** Size of a value of each type of the format. */
const BYTES_PER_VALUE: ReadonlyMap<string, number> = new Map([
  ...['BOOL', 'U8', 'I8', 'F8_E5M2', 'F8_E4M3'].map((type) => [type, 1] as const),
  ...['U16', 'I16', 'F16', 'BF16'].map((type) => [type, 2] as const),
  ...['U32', 'I32', 'F32'].map((type) => [type, 4] as const),
  ...['U64', 'I64', 'F64'].map((type) => [type, 8] as const),
]);

const READ_TYPES: readonly string[] = ['F16', 'BF16', 'F32', 'F64'];

/**
 * Reads the tensors of a safetensors file as float32.
 *
 * Everything that the header claims is checked against the file before memory is taken for it.
 * @param bytes the whole file; not kept.
 * @param origin how the file is called in messages.
 * @param ignore names of tensors that are left out, whatever their type.
 * @throws SightlineError ERR_WEIGHTS_INVALID with the first claim that is not true.
 */
export function readSafetensors(
  bytes: Uint8Array,
  origin: string,
  ignore: (name: string) => boolean = () => false,
): Weights {
  const fail: Fail = (problem, cause) => {
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
    const { name, dtype, shape } = entry;
    if (ignore(name)) continue;
    if (!READ_TYPES.includes(dtype)) {
      fail(`tensor "${printableName(name)}" has the type ${dtype}; ${READ_TYPES.join(', ')} can be read`);
    }
    weights.set(name, { shape, data: readValues(bytes, dataStart, entry) });
  }
  return weights;
}

function readEntry(name: string, value: unknown, fail: Fail): Entry {
  const called = `tensor "${printableName(name)}"`;
  if (!isRecord(value)) return fail(`${called} is not described by an object`);
  const { dtype, shape, data_offsets: offsets } = value as Record<string, unknown>;
  const bytesPerValue = typeof dtype === 'string' ? BYTES_PER_VALUE.get(dtype) : undefined;
  if (typeof dtype !== 'string' || bytesPerValue === undefined) {
    const found = typeof dtype === 'string' ? `the type ${printableName(dtype)}` : 'no type';
    return fail(`${called} has ${found}; ${READ_TYPES.join(', ')} can be read`);
  }
  if (!isSizes(shape) || shape.length > MAX_RANK) {
    return fail(`${called} has a shape that is not a list of at most ${MAX_RANK} sizes`);
  }
  if (!isSizes(offsets) || offsets.length !== 2) {
    return fail(`${called} has data_offsets that are not two byte positions`);
  }
  const [begin = 0, end = 0] = offsets;
  const wanted = shape.reduce((product, size) => product * size, bytesPerValue);
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
    const called = `tensor "${printableName(name)}"`;
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
  if (dtype === 'F64') return Float32Array.from(new Float64Array(copy));
  const halves = new Uint16Array(copy);
  if (dtype === 'BF16') {
    // The upper half of a float32.
    return new Float32Array(Uint32Array.from(halves, (bits) => bits << 16).buffer);
  }
  const values = new Float32Array(halves.length);
  const table = halves.length === 0 ? values : halfValues();
  for (let at = 0; at < halves.length; at++) values[at] = table[halves[at]!]!;
  return values;
}

function isSizes(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

const PRECISIONS: Readonly<Record<string, string>> = {
  F16: 'float16',
  BF16: 'bfloat16',
  F32: 'float32',
  F64: 'float64',
};

/** The type that most bytes of a safetensors file have, such as `float16`. The file has been read before. */
export function mostUsedType(bytes: Uint8Array): string {
  const fail: Fail = (problem) => {
    throw new SightlineError('ERR_WEIGHTS_INVALID', problem);
  };
  const shares = new Map<string, number>();
  for (const [name, value] of Object.entries(readHeader(bytes, fail).header)) {
    if (name === '__metadata__') continue;
    const { dtype, begin, end } = readEntry(name, value, fail);
    shares.set(dtype, (shares.get(dtype) ?? 0) + end - begin);
  }
  const [most = 'F32'] = [...shares].sort(([, a], [, b]) => b - a)[0] ?? [];
  return PRECISIONS[most] ?? most;
}
