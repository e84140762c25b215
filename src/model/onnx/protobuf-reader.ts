/** Reads the protocol buffers wire format, https://protobuf.dev/programming-guides/encoding, without copying. */

/** One field of a message. */
export interface ProtobufField {
  readonly field: number;
  /** The value of a number up to 64 bits, negative ones as such; 0 for other fields. */
  readonly integer: number;
  /** The content of text, bytes or a message; the bytes of a fixed-size number; empty otherwise. */
  readonly bytes: Uint8Array;
  /** The whole field with its tag. */
  readonly whole: Uint8Array;
}

const VARINT = 0;
const FIXED_64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED_32 = 5;
const EMPTY = new Uint8Array(0);

/** The fields of a message in their order. @throws RangeError if the bytes are no message. */
export function* readFields(message: Uint8Array): Generator<ProtobufField> {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = message[at++];
      if (byte === undefined) throw new RangeError('a message ends in the middle of a number');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError('a number has more than ten bytes');
  };
  const take = (length: number): Uint8Array => {
    if (length > message.length - at) throw new RangeError('a field is longer than its message');
    at += length;
    return message.subarray(at - length, at);
  };
  while (at < message.length) {
    const from = at;
    const tag = Number(varint());
    const field = Math.floor(tag / 8);
    if (field === 0) throw new RangeError('a field has the number 0');
    let integer = 0;
    let bytes: Uint8Array = EMPTY;
    switch (tag % 8) {
      case VARINT:
        integer = Number(BigInt.asIntN(64, varint()));
        break;
      case FIXED_64:
        bytes = take(8);
        break;
      case LENGTH_DELIMITED:
        bytes = take(Number(varint()));
        break;
      case FIXED_32:
        bytes = take(4);
        break;
      default:
        throw new RangeError(`a field has the unknown type ${tag % 8}`);
    }
    yield { field, integer, bytes, whole: message.subarray(from, at) };
  }
}

/** The integers of a repeated field, packed or not. @throws RangeError if the bytes are no numbers. */
export function integersOf({ integer, bytes }: ProtobufField): number[] {
  if (bytes.length === 0) return [integer];
  const values: number[] = [];
  let value = 0n;
  let shift = 0n;
  for (const byte of bytes) {
    value |= BigInt(byte & 0x7f) << shift;
    shift += 7n;
    if (byte >= 0x80) continue;
    values.push(Number(BigInt.asIntN(64, value)));
    value = 0n;
    shift = 0n;
  }
  if (shift !== 0n) throw new RangeError('a list ends in the middle of a number');
  return values;
}

/** All fields of a message with a number. @throws RangeError if the bytes are no message. */
export function fieldsIn(message: Uint8Array, field: number): ProtobufField[] {
  return [...readFields(message)].filter((found) => found.field === field);
}

/** The text in a field, empty if it is not there. @throws RangeError if the bytes are no message. */
export function stringIn(message: Uint8Array, field: number): string {
  const last = fieldsIn(message, field).at(-1);
  return last === undefined ? '' : textOf(last.bytes);
}

/** Bytes as UTF-8. */
export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
