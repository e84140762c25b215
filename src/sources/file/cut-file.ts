/** Finds out whether a file has lost its end, where its format says how long it is and ffmpeg does not look. */
import type { FileHandle } from 'node:fs/promises';

/** What is wrong with the end of a file. */
export interface CutFile {
  /** The format says that more was to come: `100 of its 200 bytes are there`. */
  readonly cut?: string;
  /** It ends within a packet of a format that does not say how long it is. */
  readonly torn?: true;
}

/** Bytes from some place of a file on; fewer at its end. */
type ReadAt = (at: number, count: number) => Promise<Buffer>;

/** Some writers count eight bytes too many. */
const SLACK_BYTES = 16;
const LONGEST_OGG_PAGE = 65_307;
const EBML = 0x1a45dfa3;
const SEGMENT = 0x18538067;
const TS_PACKETS = [188, 192, 204];
const ASF = Buffer.from('3026b2758e66cf11a6d900aa0062ce6c', 'hex');
const ASF_FILE_PROPERTIES = Buffer.from('a1dcab8c47a9cf118ee400c00c205365', 'hex');

/**
 * Looks at both ends of an open file of `size` bytes.
 * @param head its first bytes; metadata that lies further on is not found.
 */
export async function lookForCut(file: FileHandle, size: number, head: Uint8Array): Promise<CutFile> {
  const begin = Buffer.from(head.buffer, head.byteOffset, head.length);
  const read: ReadAt = async (at, count) => {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(count), 0, count, at);
    return buffer.subarray(0, bytesRead);
  };
  if (isTorn(begin, size)) return { torn: true };
  const stated =
    matroskaLength(begin) ?? flvLength(begin) ?? asfLength(begin) ?? (await chunkedLength(begin, size, read));
  if (stated === undefined || stated <= size + SLACK_BYTES) return {};
  return { cut: `${size} of its ${stated} bytes are there` };
}

function isTorn(head: Buffer, size: number): boolean {
  const packet = TS_PACKETS.find((length) => {
    const first = length === 192 ? 4 : 0;
    return [0, 1, 2, 3].every((count) => head[first + count * length] === 0x47);
  });
  return packet !== undefined && size % packet !== 0;
}

// Where the segment ends; live recordings leave that open, with all bits set.
function matroskaLength(head: Buffer): number | undefined {
  if (head.length < 5 || head.readUInt32BE(0) !== EBML) return undefined;
  const header = ebmlSize(head, 4);
  const segment = header === undefined ? head.length : header.next + header.value;
  if (segment + 4 > head.length || head.readUInt32BE(segment) !== SEGMENT) return undefined;
  const body = ebmlSize(head, segment + 4);
  return body === undefined ? undefined : body.next + body.value;
}

function ebmlSize(bytes: Buffer, at: number): { readonly value: number; readonly next: number } | undefined {
  const length = Math.clz32(bytes[at] ?? 0) - 23;
  if (length > 8 || at + length > bytes.length) return undefined;
  let value = bytes[at]! & (0xff >> length);
  let open = value === 0xff >> length;
  for (let more = 1; more < length; more++) {
    const byte = bytes[at + more]!;
    open &&= byte === 0xff;
    value = value * 256 + byte;
  }
  return open ? undefined : { value, next: at + length };
}

function flvLength(head: Buffer): number | undefined {
  if (head.toString('latin1', 0, 3) !== 'FLV') return undefined;
  // A name of eight letters, and a number.
  const name = '\0\x08filesize\0';
  const at = head.indexOf(name, 0, 'latin1') + name.length;
  return at < name.length || at + 8 > head.length ? undefined : head.readDoubleBE(at);
}

function asfLength(head: Buffer): number | undefined {
  if (!head.subarray(0, 16).equals(ASF)) return undefined;
  const at = head.indexOf(ASF_FILE_PROPERTIES);
  if (at < 0 || at + 92 > head.length) return undefined;
  const isBroadcast = (head.readUInt32LE(at + 88) & 1) === 1;
  return isBroadcast ? undefined : Number(head.readBigUInt64LE(at + 40));
}

// AVI above a gigabyte is several RIFF chunks; of Ogg the last page must be whole.
async function chunkedLength(head: Buffer, size: number, read: ReadAt): Promise<number | undefined> {
  const kind = head.toString('latin1', 0, 4);
  if (kind === 'OggS') {
    const start = Math.max(0, size - LONGEST_OGG_PAGE);
    const tail = await read(start, size - start);
    const at = tail.lastIndexOf('OggS', undefined, 'latin1');
    const segments = tail.subarray(at + 27, at + 27 + (tail[at + 26] ?? 0));
    if (at < 0 || at + 27 > tail.length) return undefined;
    // So that the slack does not hide a short page, any loss counts in full.
    const end = start + at + 27 + tail[at + 26]! + segments.reduce((sum, length) => sum + length, 0);
    return end > size ? Math.max(end, size + SLACK_BYTES + 1) : undefined;
  }
  let at = 0;
  for (let chunk = head; chunk.toString('latin1', 0, 4) === 'RIFF'; chunk = await read(at, 12)) {
    const length = chunk.length < 8 ? 0 : chunk.readUInt32LE(4);
    // Not filled in: written to a pipe, or never finished.
    if (length === 0 || length > 0xffffff00) return undefined;
    at += 8 + length + (length % 2);
  }
  return at === 0 ? undefined : at;
}
