import type { Writable } from 'node:stream';
import type { Rational } from '../contract/picture.js';
import {
  NUT_CLASS_VIDEO,
  NUT_FILE_ID,
  NUT_FLAG,
  NUT_HEADER_CHECKSUM_ABOVE,
  NUT_START,
  nutChecksum,
  toUnsigned,
  writeVarint,
} from './nut-format.js';

/** The one video stream of a written file. */
export interface NutVideo {
  readonly width: number;
  readonly height: number;
  /** Seconds per tick of the timestamps. */
  readonly timeBase: Rational;
  /** Shape of a pixel, width : height. */
  readonly pixelAspect: Rational;
}

/**
 * Writes yuv420p pictures as NUT, so that ffmpeg gets each with its exact timestamp.
 *
 * Every frame is a key frame behind a syncpoint of its own, with a checksummed header: a few bytes more than need be, and
 * valid to readers of every strictness. Pixels are handed to the stream as they are, never joined to the header.
 */
export class NutVideoWriter {
  readonly #stream: Writable;
  readonly #frameBytes: number;
  readonly #scratch = new Uint8Array(SCRATCH_BYTES);
  #position = 0;
  #lastSyncpoint: number | undefined;

  /**
   * @param stream where the file goes, for instance the stdin of ffmpeg; its `error` event is for the caller to handle.
   */
  constructor(stream: Writable, video: NutVideo) {
    this.#stream = stream;
    const chroma = Math.ceil(video.width / 2) * Math.ceil(video.height / 2);
    this.#frameBytes = video.width * video.height + 2 * chroma;
    const header = fileHeader(video);
    stream.write(header);
    this.#position = header.length;
  }

  /**
   * Writes one picture.
   * @param pixels the planes Y, U, V one after another; must not change until the promise settles.
   * @param pts presentation time in ticks of the time base, from 0, greater than that of the frame before.
   * @returns settles when the stream has taken the pixels, and so after everything before them; rejects with the stream's error.
   */
  write(pixels: Uint8Array, pts: number): Promise<void> {
    if (pixels.length !== this.#frameBytes)
      throw new RangeError(
        `a picture of ${this.#frameBytes} bytes was expected but ${pixels.length} were given`,
      );
    if (!Number.isSafeInteger(pts) || pts < 0)
      throw new RangeError(`a timestamp from 0 was expected but ${pts} was given`);
    const header = this.#frameHeader(pts);
    return new Promise((resolve, reject) => {
      // Corked, the two leave in one system call and are still two buffers.
      this.#stream.cork();
      this.#stream.write(header);
      this.#stream.write(pixels, (error) => {
        if (error) reject(error);
        else resolve();
      });
      this.#stream.uncork();
      this.#position += header.length + pixels.length;
    });
  }

  /** Syncpoint and frame header. A copy of its own, as the stream may still hold the one before. */
  #frameHeader(pts: number): Uint8Array {
    const position = this.#position;
    const back = this.#lastSyncpoint === undefined ? 0 : Math.floor((position - this.#lastSyncpoint) / 16);
    this.#lastSyncpoint = position;
    const out = this.#scratch;
    let at = writePacket(out, 0, NUT_START.syncpoint, (body) => body.varint(pts).varint(back));
    const start = at;
    out[at++] = FRAME_CODE;
    // The lowest `1 << msb_pts_shift` values mean "only the low bits"; with a shift of 0 that is one value, 0.
    at = writeVarint(out, at, pts + 1);
    at = writeVarint(out, at, this.#frameBytes);
    at = writeUint32(out, at, nutChecksum(out.subarray(start, at)));
    return out.slice(0, at);
  }
}

const SCRATCH_BYTES = 256;
/** The one frame code in use: a key frame of stream 0 with pts, size and checksum written out. */
const FRAME_CODE = 1;
const FRAME_FLAGS = NUT_FLAG.key | NUT_FLAG.codedPts | NUT_FLAG.sizeMsb | NUT_FLAG.checksum;
const FRAME_CODES = 256;
const VERSION = 3;
/** Largest value that readers accept; frames longer than it need the checksum that all have here. */
const MAX_DISTANCE = 65536;
const I420 = Uint8Array.from('I420', (character) => character.charCodeAt(0));

function fileHeader(video: NutVideo): Uint8Array {
  const out = new Uint8Array(SCRATCH_BYTES * 2);
  out.set(NUT_FILE_ID);
  let at = writePacket(out, NUT_FILE_ID.length, NUT_START.main, (body) => {
    body.varint(VERSION).varint(1).varint(MAX_DISTANCE);
    body.varint(1).varint(video.timeBase.num).varint(video.timeBase.den);
    // Frame codes: 0 invalid, 1 ours, the rest invalid. Fields: flags, field count, pts delta, size factor, stream, size,
    // reserved, number of codes. The start byte is skipped by definition and not counted.
    body.varint(NUT_FLAG.invalid).varint(6).varint(0).varint(1).varint(0).varint(0).varint(0).varint(1);
    body.varint(FRAME_FLAGS).varint(6).varint(toUnsigned(0)).varint(1).varint(0).varint(0).varint(0);
    body.varint(1);
    body.varint(NUT_FLAG.invalid).varint(6).varint(0).varint(1).varint(0).varint(0).varint(0);
    body.varint(FRAME_CODES - FRAME_CODE - 2);
    // Header elision: none but the empty header 0.
    body.varint(0);
  });
  at = writePacket(out, at, NUT_START.stream, (body) => {
    body.varint(0).varint(NUT_CLASS_VIDEO).bytes(I420);
    // Time base 0, msb_pts_shift 0, no limit on gaps, no reordering, no stream flags, no codec data.
    body.varint(0).varint(0).varint(0x7fffffff).varint(0).varint(0).varint(0);
    const { num, den } = reduced(video.pixelAspect);
    body.varint(video.width).varint(video.height).varint(num).varint(den).varint(0);
  });
  return out.slice(0, at);
}

/** Numbers and byte strings of a packet's body, written one after another. */
class PacketBody {
  readonly out: Uint8Array;
  at: number;

  constructor(out: Uint8Array, at: number) {
    this.out = out;
    this.at = at;
  }

  varint(value: number): this {
    this.at = writeVarint(this.out, this.at, value);
    return this;
  }

  bytes(value: Uint8Array): this {
    this.varint(value.length);
    this.out.set(value, this.at);
    this.at += value.length;
    return this;
  }
}

/** Start code, length of the body and its checksum, the body, the checksum. */
function writePacket(
  out: Uint8Array,
  offset: number,
  start: readonly [number, number],
  fill: (body: PacketBody) => void,
): number {
  const body = new PacketBody(new Uint8Array(SCRATCH_BYTES), 0);
  fill(body);
  const length = body.at + 4;
  if (length > NUT_HEADER_CHECKSUM_ABOVE) throw new RangeError('a packet this long needs a header checksum');
  let at = writeUint32(out, writeUint32(out, offset, start[0]), start[1]);
  at = writeVarint(out, at, length);
  const content = body.out.subarray(0, body.at);
  out.set(content, at);
  return writeUint32(out, at + content.length, nutChecksum(content));
}

function writeUint32(out: Uint8Array, offset: number, value: number): number {
  out[offset] = value >>> 24;
  out[offset + 1] = value >>> 16;
  out[offset + 2] = value >>> 8;
  out[offset + 3] = value;
  return offset + 4;
}

/** NUT wants the two numbers of a pixel's shape coprime, or both zero if unknown. */
function reduced({ num, den }: Rational): Rational {
  if (num <= 0 || den <= 0) return { num: 0, den: 0 };
  let [a, b] = [num, den];
  while (b !== 0) [a, b] = [b, a % b];
  return { num: num / a, den: den / a };
}
