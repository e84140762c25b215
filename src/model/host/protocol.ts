/**
 * What goes over the socket between a process and its inference child: frames of a 16-byte header and a body.
 *
 * Header, little-endian: magic, version, kind, two bytes 0, id of the request, length of the body. The parent sends
 * `init` (JSON), then for each batch `request` (letterboxes) and `pixels` with the same id; the child answers each with
 * `ready`, `detections` or `failure`. Both ends are of one installation and one machine, so numbers in bodies are doubles
 * in the machine's own order, and a frame that is not understood is a bug or a stray process, never something to mend.
 */
import { ERROR_CODES, isSightlineError, messageOf, SightlineError } from '../../errors.js';
import type { DetectedFrame } from '../../contract/detector.js';
import type { Detection } from '../../contract/detector.js';
import type { Letterbox } from '../../contract/picture.js';

/** Kinds of frames; a kind's number is its place. */
export const FRAME_KINDS = ['init', 'request', 'pixels', 'ready', 'detections', 'failure'] as const;

/** What a frame holds. */
export type FrameKind = (typeof FRAME_KINDS)[number];

/** One frame as it was received. `body` belongs to whoever gave the reader the room for it. */
export interface HostFrame {
  readonly kind: FrameKind;
  readonly id: number;
  readonly body: Uint8Array;
}

/** Bytes of a header. */
const HEADER_BYTES = 16;

const MAGIC = 0x4c53; // "SL"
const VERSION = 1;
/** More than any model's largest batch of control data: a longer body means that the two ends are out of step. */
const MAX_CONTROL_BYTES = 1 << 26;
const LETTERBOX_KEYS = [
  'inputWidth',
  'inputHeight',
  'x',
  'y',
  'width',
  'height',
  'sourceWidth',
  'sourceHeight',
] as const satisfies readonly (keyof Letterbox)[];
const VALUES_PER_DETECTION = 6;

/** The header of a frame whose body has `length` bytes. */
export function headerOf(kind: FrameKind, id: number, length: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, MAGIC, true);
  view.setUint8(2, VERSION);
  view.setUint8(3, FRAME_KINDS.indexOf(kind));
  view.setUint32(4, id, true);
  view.setUint32(8, length, true);
  return bytes;
}

/** Takes a stream of bytes apart. Bytes are read into `space()`, or handed over with `feed`, and frames come out. */
export class FrameReader {
  readonly #roomFor: (kind: FrameKind, length: number) => Uint8Array;
  readonly #onFrame: (frame: HostFrame) => void;
  readonly #header = new Uint8Array(HEADER_BYTES);
  #target: Uint8Array = this.#header;
  #filled = 0;
  #kind: FrameKind | undefined;
  #id = 0;

  /**
   * @param roomFor where the body of the frame that begins goes, exactly `length` bytes; {@link controlRoom} makes new
   * room for all kinds but pixels.
   */
  constructor(roomFor: (kind: FrameKind, length: number) => Uint8Array, onFrame: (frame: HostFrame) => void) {
    this.#roomFor = roomFor;
    this.#onFrame = onFrame;
  }

  /** Where the next bytes belong; never empty. */
  space(): Uint8Array {
    return this.#target.subarray(this.#filled);
  }

  /**
   * Says that `count` bytes were put at the start of `space()`.
   * @throws SightlineError ERR_BACKEND_FAILED if they are not of this protocol.
   */
  advance(count: number): void {
    this.#filled += count;
    if (this.#filled < this.#target.length) return;
    if (this.#kind === undefined && !this.#beginBody()) return;
    const frame = { kind: this.#kind!, id: this.#id, body: this.#target };
    this.#kind = undefined;
    this.#target = this.#header;
    this.#filled = 0;
    this.#onFrame(frame);
  }

  /** Copies a chunk in. @throws SightlineError as `advance` does. */
  feed(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length;) {
      const space = this.space();
      const part = chunk.subarray(at, at + space.length);
      space.set(part);
      at += part.length;
      this.advance(part.length);
    }
  }

  /** Reads the header. @returns whether the frame is complete with it. */
  #beginBody(): boolean {
    const view = new DataView(this.#header.buffer);
    const kind = FRAME_KINDS[view.getUint8(3)];
    if (view.getUint16(0, true) !== MAGIC || view.getUint8(2) !== VERSION || kind === undefined) {
      throw outOfStep('a frame of another protocol came in');
    }
    const length = view.getUint32(8, true);
    this.#kind = kind;
    this.#id = view.getUint32(4, true);
    this.#target = length === 0 ? new Uint8Array(0) : this.#roomFor(kind, length);
    this.#filled = 0;
    return length === 0;
  }
}

/** New room for the body of a control frame. @throws SightlineError ERR_BACKEND_FAILED if it is absurdly long, or pixels. */
export function controlRoom(kind: FrameKind, length: number): Uint8Array {
  if (kind === 'pixels' || length > MAX_CONTROL_BYTES) {
    throw outOfStep(`a ${kind} frame of ${length} bytes came in`);
  }
  return new Uint8Array(length);
}

/** The body of `init` and `ready`. */
export function encodeJson(value: object): Uint8Array {
  return Buffer.from(JSON.stringify(value), 'utf8');
}

/** What `encodeJson` made; the caller names the type, because the other end is its own code. */
export function decodeJson(body: Uint8Array): unknown {
  return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'));
}

/** The body of `request`. */
export function encodeLetterboxes(letterboxes: readonly Letterbox[]): Uint8Array {
  return bytesOf(letterboxes.flatMap((letterbox) => LETTERBOX_KEYS.map((key) => letterbox[key])));
}

/** @throws SightlineError ERR_BACKEND_FAILED if the body does not hold whole letterboxes. */
export function decodeLetterboxes(body: Uint8Array): Letterbox[] {
  const values = doublesOf(body);
  const count = values.length / LETTERBOX_KEYS.length;
  if (!Number.isInteger(count)) throw outOfStep(`a request of ${values.length} numbers came in`);
  return Array.from({ length: count }, (_, i) => {
    const entries = LETTERBOX_KEYS.map((key, k) => [key, values[i * LETTERBOX_KEYS.length + k]!] as const);
    return Object.fromEntries(entries) as unknown as Letterbox;
  });
}

/** The body of `detections`: per frame its count and invalid anchors, then x1, y1, x2, y2, class id, confidence of each. */
export function encodeDetections(frames: readonly DetectedFrame[]): Uint8Array {
  const values: number[] = [];
  for (const { detections, invalid } of frames) {
    values.push(detections.length, invalid);
    for (const { box, classId, confidence } of detections) {
      values.push(box.x1, box.y1, box.x2, box.y2, classId, confidence);
    }
  }
  return bytesOf(values);
}

/**
 * @param frames how many frames were asked about.
 * @param classes names by class id.
 * @throws SightlineError ERR_BACKEND_FAILED if the body does not hold the detections of as many frames.
 */
export function decodeDetections(
  body: Uint8Array,
  frames: number,
  classes: readonly string[],
): DetectedFrame[] {
  const values = doublesOf(body);
  const found: DetectedFrame[] = [];
  let at = 0;
  while (found.length < frames) {
    const count = values[at];
    const invalid = values[at + 1];
    if (count === undefined || invalid === undefined) break;
    at += 2;
    const end = at + count * VALUES_PER_DETECTION;
    if (!Number.isInteger(count) || !(end >= at && end <= values.length)) break;
    const detections: Detection[] = [];
    for (; at < end; at += VALUES_PER_DETECTION) detections.push(detectionAt(values, at, classes));
    found.push({ detections, invalid });
  }
  if (found.length === frames && at === values.length) return found;
  throw outOfStep(`an answer of ${values.length} numbers for ${frames} frames came in`);
}

/** The body of `failure`: the code and message of an error; what is not ours becomes ERR_BACKEND_FAILED. */
export function encodeFailure(error: unknown): Uint8Array {
  const code = isSightlineError(error) ? error.code : 'ERR_BACKEND_FAILED';
  return encodeJson({
    code,
    message: messageOf(error)
      .replace(/\s*\n\s*/g, ' ')
      .trim(),
  });
}

/** The error that `encodeFailure` was given, as far as it has a code and a message. */
export function decodeFailure(body: Uint8Array): SightlineError {
  const { code, message } = decodeJson(body) as { code?: unknown; message?: unknown };
  const known = ERROR_CODES.find((name) => name === code) ?? 'ERR_BACKEND_FAILED';
  return new SightlineError(known, typeof message === 'string' ? message : 'the inference process failed');
}

function detectionAt(values: Float64Array, at: number, classes: readonly string[]): Detection {
  const classId = values[at + 4]!;
  const label = classes[classId];
  if (label === undefined) throw outOfStep(`an object of class ${classId} came in`);
  return {
    box: { x1: values[at]!, y1: values[at + 1]!, x2: values[at + 2]!, y2: values[at + 3]! },
    classId,
    label,
    confidence: values[at + 5]!,
  };
}

function bytesOf(values: readonly number[]): Uint8Array {
  return new Uint8Array(Float64Array.from(values).buffer);
}

function doublesOf(body: Uint8Array): Float64Array {
  if (body.length % 8 !== 0) throw outOfStep(`a body of ${body.length} bytes came in`);
  // A copy: a body's offset need not be a multiple of 8.
  return new Float64Array(body.slice().buffer);
}

function outOfStep(what: string): SightlineError {
  return new SightlineError(
    'ERR_BACKEND_FAILED',
    `the inference process and its parent are out of step: ${what}`,
  );
}
