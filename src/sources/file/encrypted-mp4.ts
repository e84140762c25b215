import type { FileHandle } from 'node:fs/promises';

/** Descriptions of tracks stand in the index; one that is larger is hours long, and is not searched to its end. */
const MOST_INDEX = 8 * 1024 * 1024;
const BOX_HEADER = 16;

/**
 * Whether the pictures of an MP4 file are encrypted (ISO/IEC 23001-7): its index describes a track as `encv`. ffmpeg says
 * nothing of it, and decodes noise.
 */
export async function isEncryptedMp4(file: FileHandle, size: number): Promise<boolean> {
  for (let at = 0; at + 8 <= size;) {
    const header = await read(file, at, BOX_HEADER);
    const type = header.toString('latin1', 4, 8);
    const length = boxLength(header, size - at);
    if (!/^[\w ]{4}$/.test(type) || length < 8) return false;
    if (type === 'moov')
      return (await read(file, at, Math.min(length, MOST_INDEX))).includes('encv', 0, 'latin1');
    at += length;
  }
  return false;
}

function boxLength(header: Buffer, rest: number): number {
  const short = header.readUInt32BE(0);
  if (short === 0) return rest;
  return short === 1 && header.length === BOX_HEADER ? Number(header.readBigUInt64BE(8)) : short;
}

async function read(file: FileHandle, at: number, count: number): Promise<Buffer> {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(count), 0, count, at);
  return buffer.subarray(0, bytesRead);
}
