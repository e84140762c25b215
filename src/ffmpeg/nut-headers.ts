/** The header packets of NUT, parsed. https://ffmpeg.org/~michael/nut.txt, sections "main header" and "stream header". */
import { SightlineError } from '../errors.js';
import type { Rational } from '../contract/picture.js';
import { NUT_CLASS_VIDEO, NUT_FLAG, NUT_START_BYTE, toSigned } from './nut-format.js';

/** What a frame code stands for, one entry for each of the 256 codes. */
interface NutFrameCodes {
  readonly flags: Int32Array;
  readonly streamId: Float64Array;
  readonly sizeMul: Float64Array;
  readonly sizeLsb: Float64Array;
  readonly ptsDelta: Float64Array;
  readonly reserved: Float64Array;
  readonly headerIndex: Float64Array;
}

/** What the main header says. */
export interface NutMainHeader {
  readonly streamCount: number;
  readonly timeBases: readonly Rational[];
  readonly codes: NutFrameCodes;
  /** Bytes that frames may leave out because they all begin with them; the first is empty. */
  readonly elisions: readonly Uint8Array[];
}

/** One video stream. */
export interface NutVideoStream {
  readonly id: number;
  /** Four characters or bytes, as latin-1. */
  readonly fourcc: string;
  readonly width: number;
  readonly height: number;
  /** Seconds per tick of the stream's timestamps. */
  readonly timeBase: Rational;
  /** Place of the time base in the main header. */
  readonly timeBaseId: number;
  /** Timestamps below 2^shift are the low bits of one. */
  readonly msbPtsShift: number;
}

const MOST_STREAMS = 8;
const MOST_TIME_BASES = 8;
const LONGEST_ELISIONS = 1024;

/**
 * Reads numbers from a part of a buffer. Reading past its end gives zeros and sets `short`, so that a caller parses first
 * and asks once whether everything was there.
 */
export class NutCursor {
  at: number;
  short = false;
  readonly #bytes: Uint8Array;
  readonly #end: number;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes;
    this.at = start;
    this.#end = end;
  }

  byte(): number {
    if (this.at >= this.#end) {
      this.short = true;
      return 0;
    }
    return this.#bytes[this.at++]!;
  }

  /** @throws SightlineError if the number is not a safe integer. */
  varint(): number {
    let value = 0;
    for (let byte = 128; byte >= 128; value = value * 128 + (byte & 127)) {
      byte = this.byte();
      if (value > MOST_BEFORE_LAST_GROUP) throw invalidNut('holds a number that is too large');
    }
    return value;
  }

  signed(): number {
    return toSigned(this.varint());
  }

  uint32(): number {
    return this.byte() * 2 ** 24 + ((this.byte() << 16) | (this.byte() << 8) | this.byte());
  }

  /** A view of the next bytes whose number is given by a varint. */
  vector(): Uint8Array {
    const length = this.varint();
    if (length > this.#end - this.at) {
      this.short = true;
      return this.#bytes.subarray(0, 0);
    }
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }
}

// The largest value that can take seven more bits and stay a safe integer.
const MOST_BEFORE_LAST_GROUP = Math.floor(Number.MAX_SAFE_INTEGER / 128);

/** An error that says what of ffmpeg's output cannot be read. */
export function invalidNut(what: string): SightlineError {
  return new SightlineError('ERR_FFMPEG_FAILED', `the frame stream from ffmpeg ${what}`);
}

/**
 * Parses the main header.
 * @param body the packet without start code, length and checksum.
 * @throws SightlineError ERR_FFMPEG_FAILED
 */
export function parseMainHeader(body: Uint8Array): NutMainHeader {
  const cursor = new NutCursor(body, 0, body.length);
  const version = cursor.varint();
  if (version < 2 || version > 3) throw invalidNut(`has NUT version ${version}, only 2 and 3 can be read`);
  const streamCount = cursor.varint();
  if (streamCount < 1 || streamCount > MOST_STREAMS) throw invalidNut(`holds ${streamCount} streams`);
  cursor.varint(); // max_distance matters to those who seek.
  const timeBases = parseTimeBases(cursor);
  const codes = parseFrameCodes(cursor);
  const elisions = [new Uint8Array(0)];
  let left = LONGEST_ELISIONS;
  for (let more = cursor.varint(); more > 0 && !cursor.short; more--) {
    const elided = cursor.vector();
    left -= elided.length;
    if (left < 0 || elisions.length > 127) throw invalidNut('has too many header bytes to leave out');
    elisions.push(elided.slice());
  }
  if (cursor.short) throw invalidNut('has a main header that ends early');
  return { streamCount, timeBases, codes, elisions };
}

function parseTimeBases(cursor: NutCursor): Rational[] {
  const count = cursor.varint();
  if (count < 1 || count > MOST_TIME_BASES) throw invalidNut(`has ${count} time bases`);
  return Array.from({ length: count }, () => {
    const timeBase = { num: cursor.varint(), den: cursor.varint() };
    if (timeBase.num < 1 || timeBase.den < 1)
      throw invalidNut(`has a time base of ${timeBase.num}/${timeBase.den}`);
    return timeBase;
  });
}

// Runs of codes share their fields; a run may leave out trailing fields, some of which then keep their last value.
function parseFrameCodes(cursor: NutCursor): NutFrameCodes {
  const codes: NutFrameCodes = {
    flags: new Int32Array(256).fill(NUT_FLAG.invalid),
    streamId: new Float64Array(256),
    sizeMul: new Float64Array(256),
    sizeLsb: new Float64Array(256),
    ptsDelta: new Float64Array(256),
    reserved: new Float64Array(256),
    headerIndex: new Float64Array(256),
  };
  let pts = 0;
  let mul = 1;
  let stream = 0;
  let header = 0;
  for (let code = 0; code < 256;) {
    const flags = cursor.varint();
    const fields = cursor.varint();
    if (fields > 0) pts = cursor.signed();
    if (fields > 1) mul = cursor.varint();
    if (fields > 2) stream = cursor.varint();
    const size = fields > 3 ? cursor.varint() : 0;
    const reserved = fields > 4 ? cursor.varint() : 0;
    const count = fields > 5 ? cursor.varint() : mul - size;
    if (fields > 6) cursor.signed(); // match_time_delta matters to those who seek.
    if (fields > 7) header = cursor.varint();
    for (let field = 8; field < fields && !cursor.short; field++) cursor.varint();
    if (cursor.short) throw invalidNut('has a main header that ends early');
    for (let at = 0; at < count && code < 256; code++) {
      if (code === NUT_START_BYTE) continue; // Stays invalid: it begins start codes.
      codes.flags[code] = flags;
      codes.streamId[code] = stream;
      codes.sizeMul[code] = mul;
      codes.sizeLsb[code] = size + at;
      codes.ptsDelta[code] = pts;
      codes.reserved[code] = reserved;
      codes.headerIndex[code] = header;
      at++;
    }
  }
  return codes;
}

/**
 * Parses the header of a video stream.
 * @param body the packet without start code, length and checksum.
 * @throws SightlineError ERR_FFMPEG_FAILED
 */
export function parseStreamHeader(body: Uint8Array, main: NutMainHeader): NutVideoStream {
  const cursor = new NutCursor(body, 0, body.length);
  const id = cursor.varint();
  const kind = cursor.varint();
  const fourcc = Buffer.from(cursor.vector()).toString('latin1');
  const timeBaseId = cursor.varint();
  const msbPtsShift = cursor.varint();
  cursor.varint(); // max_pts_distance matters to those who recover from damage.
  cursor.varint(); // decode_delay is 0 for raw video.
  cursor.varint(); // stream_flags
  cursor.vector(); // codec_specific_data
  const width = cursor.varint();
  const height = cursor.varint();
  if (cursor.short) throw invalidNut('has a stream header that ends early');
  const timeBase = main.timeBases[timeBaseId];
  if (id >= main.streamCount) throw invalidNut(`has a stream ${id} of ${main.streamCount}`);
  if (kind !== NUT_CLASS_VIDEO) throw invalidNut(`has a stream of class ${kind} where video should be`);
  if (timeBase === undefined) throw invalidNut(`has a stream with the unknown time base ${timeBaseId}`);
  if (msbPtsShift > 15) throw invalidNut(`has timestamps with ${msbPtsShift} low bits`);
  return { id, fourcc, width, height, timeBase, timeBaseId, msbPtsShift };
}
