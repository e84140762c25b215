/**
 * An incremental demuxer for what ffmpeg writes with `-f nut`: raw video with exact timestamps.
 *
 * It says where the next bytes should go. While a frame is being read that is the frame's own memory, so pixels are
 * copied once at most, and not at all by a caller who reads from the kernel into `room()`.
 */
import type { SightlineError } from '../errors.js';
import type { Rational } from '../contract/picture.js';
import type { ByteTarget } from './byte-target.js';
import {
  NUT_FILE_ID,
  NUT_FLAG,
  NUT_HEADER_CHECKSUM_ABOVE,
  NUT_START,
  NUT_START_BYTE,
  nutChecksum,
} from './nut-format.js';
import {
  invalidNut,
  NutCursor,
  type NutMainHeader,
  type NutVideoStream,
  parseMainHeader,
  parseStreamHeader,
} from './nut-headers.js';

/** What the reader found. Errors thrown by these methods come out of the reader's method that was called. */
export interface NutConsumer {
  /** Called once, before any frame, with the streams by id. */
  onStreams(streams: readonly NutVideoStream[]): void;
  /**
   * A frame begins. `pts` counts ticks of the stream's time base.
   * @returns memory for its `size` bytes, which the reader fills; undefined to wait for `resume`.
   */
  onFrame(streamId: number, pts: number, size: number): Uint8Array | undefined;
  /** The frame that `onFrame` was last asked about is complete. */
  onFrameEnd(): void;
}

interface FrameStart {
  readonly streamId: number;
  readonly pts: number;
  readonly size: number;
  readonly elided: Uint8Array;
}

/** Headers that are kept must fit in here; ffmpeg's take less than 200 bytes. */
const STAGING = 4096;
/** Enough for a syncpoint and the header of a frame; more would only be pixels to copy. */
const FRAME_ROOM = 128;
/** Frames above this never leave out header bytes. */
const LARGEST_ELIDED = 4096;

/** Reads one NUT file. Any error is final. */
export class NutReader implements ByteTarget {
  readonly #consumer: NutConsumer;
  readonly #staging = new Uint8Array(STAGING);
  #start = 0;
  #end = 0;
  /** Bytes before `#start`. */
  #passed = 0;
  #skip = 0;
  #begun = false;
  #main: NutMainHeader | undefined;
  readonly #streams: NutVideoStream[] = [];
  #lastPts: number[] = [];
  #ready = false;
  #waiting: FrameStart | undefined;
  #frame: Uint8Array | undefined;
  #frameAt = 0;
  #frameSize = 0;

  constructor(consumer: NutConsumer) {
    this.#consumer = consumer;
  }

  /** Whether the bytes so far end between packets and frames: false for a file that was cut off. */
  get complete(): boolean {
    const idle = this.#frame === undefined && this.#waiting === undefined && this.#skip === 0;
    return idle && this.#ready && this.#start === this.#end;
  }

  room(): Uint8Array {
    if (this.#frame !== undefined) return this.#frame.subarray(this.#frameAt, this.#frameSize);
    if (this.#start > 0) {
      this.#staging.copyWithin(0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
    }
    const wanted = this.#ready && this.#skip === 0 ? FRAME_ROOM : STAGING;
    return this.#staging.subarray(this.#end, Math.min(STAGING, this.#end + wanted));
  }

  filled(count: number): boolean {
    if (this.#frame === undefined) {
      this.#end += count;
    } else {
      this.#passed += count;
      this.#frameAt += count;
      if (this.#frameAt < this.#frameSize) return true;
      this.#endFrame();
    }
    return this.#parse();
  }

  /** Asks again for memory after `onFrame` had none. @returns whether more bytes are wanted now. */
  resume(): boolean {
    if (this.#waiting !== undefined && !this.#beginFrame(this.#waiting)) return false;
    return this.#parse();
  }

  #parse(): boolean {
    while (this.#frame === undefined) {
      if (this.#waiting !== undefined) return false;
      if (this.#skip > 0) {
        const count = Math.min(this.#skip, this.#end - this.#start);
        this.#skip -= count;
        this.#pass(count);
      }
      if (this.#start === this.#end) break;
      if (!this.#element()) {
        if (this.#end - this.#start < STAGING) break;
        throw this.#invalid(`has a header of more than ${STAGING} bytes`);
      }
    }
    return true;
  }

  // Takes one packet or the beginning of one frame. False if it is not there completely.
  #element(): boolean {
    if (!this.#begun) return this.#fileId();
    return this.#staging[this.#start] === NUT_START_BYTE ? this.#packet() : this.#frameHeader();
  }

  #fileId(): boolean {
    const count = Math.min(NUT_FILE_ID.length, this.#end - this.#start);
    for (let at = 0; at < count; at++) {
      if (this.#staging[this.#start + at] !== NUT_FILE_ID[at])
        throw this.#invalid('does not begin as NUT does');
    }
    if (count < NUT_FILE_ID.length) return false;
    this.#begun = true;
    this.#pass(count);
    return true;
  }

  #packet(): boolean {
    const cursor = new NutCursor(this.#staging, this.#start, this.#end);
    const high = cursor.uint32();
    const low = cursor.uint32();
    const length = cursor.varint();
    if (length > NUT_HEADER_CHECKSUM_ABOVE) cursor.uint32();
    if (cursor.short) return false;
    if (length < 4) throw this.#invalid(`has a packet of ${length} bytes`);
    const kind = PACKETS.find((name) => NUT_START[name][0] === high && NUT_START[name][1] === low);
    if (kind === undefined) throw this.#invalid('holds bytes that begin neither a packet nor a frame');
    const bodyAt = cursor.at;
    // ffmpeg repeats the headers as the file grows; they cannot have changed.
    const repeated = this.#ready && kind !== 'syncpoint';
    if (repeated || kind === 'index' || kind === 'info') {
      this.#pass(bodyAt - this.#start);
      this.#skip = length;
      return true;
    }
    if (length > STAGING - 32) throw this.#invalid(`has a ${kind} header of ${length} bytes`);
    if (this.#end - bodyAt < length) return false;
    const body = this.#staging.subarray(bodyAt, bodyAt + length - 4);
    cursor.at = bodyAt + length - 4;
    if (cursor.uint32() !== nutChecksum(body)) throw this.#invalid(`has a damaged ${kind} header`);
    if (kind === 'main') this.#main = parseMainHeader(body);
    else if (kind === 'stream') this.#addStream(body);
    else this.#syncpoint(new NutCursor(body, 0, body.length));
    this.#pass(cursor.at - this.#start);
    return true;
  }

  #addStream(body: Uint8Array): void {
    if (this.#main === undefined) throw this.#invalid('has a stream before its main header');
    const stream = parseStreamHeader(body, this.#main);
    this.#streams[stream.id] = stream;
    const all = Array.from({ length: this.#main.streamCount }, (_, id) => this.#streams[id]);
    if (!all.every((each) => each !== undefined)) return;
    this.#lastPts = all.map(() => 0);
    this.#ready = true;
    this.#consumer.onStreams(all);
  }

  // Timestamps of frames are written as differences; a syncpoint says where they start from.
  #syncpoint(cursor: NutCursor): void {
    const main = this.#main;
    if (main === undefined || !this.#ready) throw this.#invalid('has a syncpoint before its streams');
    const coded = cursor.varint();
    if (cursor.short) throw this.#invalid('has a syncpoint that ends early');
    const timeBaseId = coded % main.timeBases.length;
    const value = Math.floor(coded / main.timeBases.length);
    this.#streams.forEach((stream, id) => {
      this.#lastPts[id] =
        stream.timeBaseId === timeBaseId
          ? value
          : rescale(value, main.timeBases[timeBaseId]!, stream.timeBase);
    });
  }

  #frameHeader(): boolean {
    if (this.#main === undefined || !this.#ready) throw this.#invalid('has a frame before its streams');
    const { codes, elisions } = this.#main;
    const cursor = new NutCursor(this.#staging, this.#start, this.#end);
    const code = cursor.byte();
    let flags = codes.flags[code]!;
    if ((flags & NUT_FLAG.invalid) !== 0) throw this.#invalid(`has a frame of the invalid code ${code}`);
    if ((flags & NUT_FLAG.coded) !== 0) flags ^= cursor.varint();
    const streamId = (flags & NUT_FLAG.streamId) !== 0 ? cursor.varint() : codes.streamId[code]!;
    const codedPts = (flags & NUT_FLAG.codedPts) !== 0 ? cursor.varint() : undefined;
    const msb = (flags & NUT_FLAG.sizeMsb) !== 0 ? cursor.varint() : 0;
    if ((flags & NUT_FLAG.matchTime) !== 0) cursor.signed();
    const headerIndex = (flags & NUT_FLAG.headerIndex) !== 0 ? cursor.varint() : codes.headerIndex[code]!;
    const reserved = (flags & NUT_FLAG.reserved) !== 0 ? cursor.varint() : codes.reserved[code]!;
    for (let more = reserved; more > 0 && !cursor.short; more--) cursor.varint();
    const checked = cursor.at;
    const checksum = (flags & NUT_FLAG.checksum) !== 0 ? cursor.uint32() : undefined;
    if (cursor.short) return false;
    if (checksum !== undefined && checksum !== nutChecksum(this.#staging.subarray(this.#start, checked)))
      throw this.#invalid('has a damaged frame header');
    const stream = this.#streams[streamId];
    if (stream === undefined) throw this.#invalid(`has a frame of the unknown stream ${streamId}`);
    if ((flags & NUT_FLAG.sideData) !== 0) throw this.#invalid('has side data in a frame');
    const pts =
      codedPts === undefined
        ? this.#lastPts[streamId]! + codes.ptsDelta[code]!
        : fullPts(codedPts, this.#lastPts[streamId]!, stream.msbPtsShift);
    const size = codes.sizeLsb[code]! + msb * codes.sizeMul[code]!;
    const elided = elisions[size > LARGEST_ELIDED ? 0 : headerIndex];
    if (pts < 0 || !Number.isSafeInteger(pts)) throw this.#invalid(`has a frame at ${pts} ticks`);
    if (elided === undefined || elided.length > size || !Number.isSafeInteger(size))
      throw this.#invalid(`has a frame of ${size} bytes with the header ${headerIndex}`);
    this.#lastPts[streamId] = pts;
    this.#pass(cursor.at - this.#start);
    if (size === 0 && (flags & NUT_FLAG.endOfRelevance) !== 0) return true;
    this.#beginFrame({ streamId, pts, size, elided });
    return true;
  }

  #beginFrame(frame: FrameStart): boolean {
    const { streamId, pts, size, elided } = frame;
    const memory = this.#consumer.onFrame(streamId, pts, size);
    this.#waiting = memory === undefined ? frame : undefined;
    if (memory === undefined) return false;
    memory.set(elided);
    const here = Math.min(size - elided.length, this.#end - this.#start);
    memory.set(this.#staging.subarray(this.#start, this.#start + here), elided.length);
    this.#pass(here);
    this.#frame = memory;
    this.#frameAt = elided.length + here;
    this.#frameSize = size;
    if (this.#frameAt === size) this.#endFrame();
    return true;
  }

  #endFrame(): void {
    this.#frame = undefined;
    this.#consumer.onFrameEnd();
  }

  #pass(count: number): void {
    this.#start += count;
    this.#passed += count;
  }

  #invalid(what: string): SightlineError {
    return invalidNut(`${what} (at byte ${this.#passed})`);
  }
}

const PACKETS = ['main', 'stream', 'syncpoint', 'index', 'info'] as const;

/** The timestamp closest to `last` whose low bits are `coded`; larger codes are the timestamp plus 2^shift. */
function fullPts(coded: number, last: number, shift: number): number {
  const range = 2 ** shift;
  if (coded >= range) return coded - range;
  const lowest = last - Math.floor((range - 1) / 2);
  const above = (coded - lowest) % range;
  return lowest + (above < 0 ? above + range : above);
}

/** `value` ticks of one time base in another, rounded down. */
function rescale(value: number, from: Rational, to: Rational): number {
  const ticks = BigInt(value) * BigInt(from.num) * BigInt(to.den);
  return Number(ticks / (BigInt(from.den) * BigInt(to.num)));
}
