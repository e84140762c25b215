import type { FileHandle } from 'node:fs/promises';

const COMPRESSION = 259;
const JPEG = 7;
const ENTRY_BYTES = 12;

/**
 * Whether the pixels of a TIFF picture are stored as JPEG (TIFF 6.0, technical note 2). ffmpeg says nothing of it, and delivers an
 * empty picture.
 */
export async function isJpegTiff(file: FileHandle): Promise<boolean> {
  const header = await read(file, 0, 8);
  const order = header.toString('latin1', 0, 4);
  if (header.length < 8 || (order !== 'II*\0' && order !== 'MM\0*')) return false;
  const little = order.startsWith('I');
  const short = (bytes: Buffer, at: number): number =>
    little ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at);
  const directory = little ? header.readUInt32LE(4) : header.readUInt32BE(4);
  const count = await read(file, directory, 2);
  if (count.length < 2) return false;
  const entries = await read(file, directory + 2, short(count, 0) * ENTRY_BYTES);
  for (let at = 0; at + ENTRY_BYTES <= entries.length; at += ENTRY_BYTES)
    if (short(entries, at) === COMPRESSION) return short(entries, at + 8) === JPEG;
  return false;
}

async function read(file: FileHandle, at: number, count: number): Promise<Buffer> {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(count), 0, count, at);
  return buffer.subarray(0, bytesRead);
}
