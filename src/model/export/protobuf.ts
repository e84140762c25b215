/**
 * Writes the protocol buffers wire format, https://protobuf.dev/programming-guides/encoding: as much of it as ONNX and
 * TensorFlow need.
 * Fields are collected as chunks and copied once at the end; weights are tens of megabytes.
 */

const VARINT = 0;
const LENGTH_DELIMITED = 2;
const FIXED_32 = 5;

/** One message in the making. */
export class ProtobufWriter {
  readonly #chunks: Uint8Array[] = [];
  #size = 0;

  /** How many bytes the message has so far. */
  get size(): number {
    return this.#size;
  }

  /** An integer (int32, int64, enum). */
  integer(field: number, value: number): this {
    this.#tag(field, VARINT);
    this.#push(value < 0 ? negative(value) : varint(value));
    return this;
  }

  /** A truth value. */
  boolean(field: number, value: boolean): this {
    return this.integer(field, value ? 1 : 0);
  }

  /** A 32-bit float. */
  float(field: number, value: number): this {
    this.#tag(field, FIXED_32);
    this.#push(new Uint8Array(new Float32Array([value]).buffer));
    return this;
  }

  /** Text in UTF-8. */
  string(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  /** Bytes as they are; not copied before {@link finish}. */
  bytes(field: number, value: Uint8Array): this {
    this.#tag(field, LENGTH_DELIMITED);
    this.#push(varint(value.byteLength));
    this.#push(value);
    return this;
  }

  /** Whole fields that were written elsewhere, tags included; not copied before {@link finish}. */
  fields(bytes: Uint8Array): this {
    this.#push(bytes);
    return this;
  }

  /** A message inside this one, filled by `write`. */
  message(field: number, write: (message: ProtobufWriter) => void): this {
    const inner = new ProtobufWriter();
    write(inner);
    return this.append(field, inner);
  }

  /** A message inside this one, as far as it is written. */
  append(field: number, inner: ProtobufWriter): this {
    this.#tag(field, LENGTH_DELIMITED);
    this.#push(varint(inner.#size));
    for (const chunk of inner.#chunks) this.#push(chunk);
    return this;
  }

  /** The message's bytes; they belong to the caller. */
  finish(): Uint8Array {
    const all = new Uint8Array(this.#size);
    let position = 0;
    for (const chunk of this.#chunks) {
      all.set(chunk, position);
      position += chunk.byteLength;
    }
    return all;
  }

  #tag(field: number, wireType: number): void {
    this.#push(varint(field * 8 + wireType));
  }

  #push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#size += chunk.byteLength;
  }
}

/** Negative numbers stand as 64 bits in two's complement, however small they are. */
function negative(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}
