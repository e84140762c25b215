/** Files that a user names, read without ever waiting for a pipe that nobody writes to. */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { codeOf } from './reasons.js';

const PIPE_PATIENCE_MS = 10_000;
const PIPE_CHECK_MS = 20;

/**
 * Reads a file of the disk.
 * @throws Error of the system, or one whose message says what it is instead: a directory, a pipe, a device.
 */
export async function readDiskFile(path: string): Promise<Buffer> {
  return opened(path, async (file) => {
    const found = await file.stat();
    if (found.isDirectory()) throw new Error('it is a directory');
    if (!found.isFile()) throw new Error('it is a pipe or a device, not a file');
    return file.readFile();
  });
}

/**
 * Reads text that a person wrote, from a file or a pipe such as the shell's `<(…)`.
 * @param mostBytes beyond this it is not what was asked for.
 * @throws Error of the system, or one whose message says what is wrong with it.
 */
export async function readTextFile(path: string, mostBytes: number): Promise<string> {
  const bytes = await opened(path, async (file) => {
    const found = await file.stat();
    if (found.isDirectory()) throw new Error('it is a directory; name a file in it');
    if (found.isFIFO()) return readPipe(file, mostBytes);
    if (!found.isFile()) throw new Error('it is a device, not a file');
    if (found.size > mostBytes) throw tooLarge(mostBytes);
    return file.readFile();
  });
  try {
    // The decoder drops a byte order mark.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Error('it is not text in UTF-8', { cause });
  }
}

/** A pipe is opened without waiting for its other end; of files that makes no difference. */
async function opened<T>(path: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

async function readPipe(file: FileHandle, mostBytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  let last = performance.now();
  for (;;) {
    const part = Buffer.allocUnsafe(2 ** 16);
    const count = await file.read(part, 0, part.length, null).then(
      ({ bytesRead }) => bytesRead,
      (error: unknown) => {
        if (codeOf(error) === 'EAGAIN') return undefined;
        throw error;
      },
    );
    if (count === undefined) {
      if (performance.now() - last > PIPE_PATIENCE_MS)
        throw new Error(`it is a pipe from which nothing came for ${PIPE_PATIENCE_MS / 1000} s`);
      await pause(PIPE_CHECK_MS);
      continue;
    }
    if (count === 0) break;
    parts.push(part.subarray(0, count));
    bytes += count;
    last = performance.now();
    if (bytes > mostBytes) throw tooLarge(mostBytes);
  }
  if (bytes === 0) throw new Error('it is a pipe to which nobody writes');
  return Buffer.concat(parts);
}

function tooLarge(mostBytes: number): Error {
  return new Error(
    `it has more than ${Math.floor(mostBytes / 2 ** 20)} MB, too much for a file of this kind`,
  );
}
