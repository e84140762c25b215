import { readFile, stat } from 'node:fs/promises';
import { messageOf, SightlineError } from '../../errors.js';

/**
 * Reads a text file of a data set: UTF-8, or UTF-16 with a byte order mark.
 * @param what what the file is, for the message: `ground truth`.
 * @throws SightlineError ERR_DATASET_NOT_FOUND, or ERR_DATASET_INVALID if it is there but cannot be read.
 */
export async function readText(path: string, what: string): Promise<string> {
  const bytes = await readBytes(path, what);
  const mark = bytes.length < 2 ? 0 : bytes.readUInt16BE(0);
  // Programs on Windows put a byte order mark before the text; the decoder takes it away.
  return new TextDecoder(mark === 0xfffe ? 'utf-16le' : mark === 0xfeff ? 'utf-16be' : 'utf-8').decode(bytes);
}

/** Reads a file of a data set, as {@link readText} does. */
export async function readBytes(path: string, what: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    if (isMissing(cause))
      throw new SightlineError('ERR_DATASET_NOT_FOUND', `${what}: "${path}" does not exist`, { cause });
    throw new SightlineError(
      'ERR_DATASET_INVALID',
      `${what}: "${path}" cannot be read: ${messageOf(cause)}`,
      { cause },
    );
  }
}

/** Whether there is a file or a folder, or nothing, at `path`. */
export async function kindOf(path: string): Promise<'file' | 'folder' | 'nothing'> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file';
  } catch {
    return 'nothing';
  }
}

function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
