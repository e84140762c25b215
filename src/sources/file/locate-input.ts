/** Turns what a user named into what ffmpeg is given, after everything was checked that can be checked without ffmpeg. */
import { access, constants, open, realpath, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ErrorCode, messageOf, SightlineError } from '../../errors.js';
import type { FfmpegInput } from '../../ffmpeg/child.js';
import { type CutFile, lookForCut } from './cut-file.js';
import { isEncryptedMp4 } from './encrypted-mp4.js';
import { isJpegTiff } from './jpeg-tiff.js';
import { HTTP_FILE_OPTIONS } from '../../ffmpeg/http-options.js';
import { redact } from '../../ffmpeg/redact.js';
import { oneLine } from '../../text/printable.js';

/** An input that ffmpeg can be started on. */
export interface LocatedInput extends CutFile {
  readonly input: FfmpegInput;
  /** For people: one line, without credentials. */
  readonly name: string;
  /** The file itself; an address has none. */
  readonly file?: string;
  /** The first bytes of a file. */
  readonly head?: Uint8Array;
}

/** Enough for the metadata that say how long a file is. */
const HEAD_BYTES = 65_536;
/** Formats that ffmpeg takes for numbered sequences when their name holds a pattern. */
const IMAGE =
  /\.(?:avif|bmp|dpx|exr|hdr|j2k|jp2|jpe?g|jxl|pam|pbm|pcx|pgm|png|ppm|qoi|sgi|tga|tiff?|webp|xbm|xwd)$/i;
const PATTERN = /[%*?{[]/;

/**
 * Finds a local file or an http(s) URL.
 * @throws SightlineError ERR_SOURCE_NOT_FOUND, ERR_SOURCE_UNREADABLE, ERR_SOURCE_INVALID (an empty file), or ERR_USAGE for
 * an address of another kind
 */
export async function locateInput(path: string): Promise<LocatedInput> {
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(path)?.[1]?.toLowerCase();
  if (scheme === undefined) return locateFile(path);
  if (scheme === 'file') return locateFile(fileOf(path));
  if (scheme !== 'http' && scheme !== 'https') {
    throw new SightlineError(
      'ERR_USAGE',
      `"${oneLine(redact(path))}" is neither a file nor an http(s) URL; other addresses cannot be read`,
    );
  }
  // Something that is not a URL may hold a password where `redact` does not look for one.
  if (!URL.canParse(path))
    throw new SightlineError('ERR_USAGE', `an input begins with ${scheme}:// but is not a URL`);
  return {
    // ffmpeg knows its protocols in lower case only.
    input: { url: scheme + path.slice(scheme.length), options: HTTP_FILE_OPTIONS },
    name: oneLine(redact(path)),
  };
}

async function locateFile(path: string): Promise<LocatedInput> {
  const name = oneLine(path);
  if (path.includes('\0')) throw failure('ERR_SOURCE_NOT_FOUND', name, 'no file name can hold a zero byte');
  let looked: CutFile & { readonly head: Uint8Array };
  try {
    const { size } = await statOfRegularFile(path, name);
    await access(path, constants.R_OK);
    if (size === 0) throw failure('ERR_SOURCE_INVALID', name, 'the file is empty');
    looked = await lookAt(path, size, name);
  } catch (error) {
    throw error instanceof SightlineError ? error : explained(error, name);
  }
  const options = IMAGE.test(path) && PATTERN.test(path) ? ['-f', 'image2', '-pattern_type', 'none'] : [];
  // What is open here is not what is open in ffmpeg.
  const place = /^\/(?:dev|proc)\//.test(path) ? await realpath(path) : resolve(path);
  // An absolute path behind `file:` is never taken for an option, a protocol or a device.
  return { input: { url: `file:${place}`, options }, name, file: place, ...looked };
}

async function statOfRegularFile(path: string, name: string): Promise<{ size: number }> {
  const found = await stat(path);
  if (found.isDirectory())
    throw failure('ERR_SOURCE_UNREADABLE', name, 'it is a directory; name a file in it');
  if (!found.isFile()) {
    throw failure('ERR_SOURCE_UNREADABLE', name, 'it is a pipe or a device; write it to a file first');
  }
  return found;
}

async function lookAt(
  path: string,
  size: number,
  name: string,
): Promise<CutFile & { readonly head: Uint8Array }> {
  const file = await open(path);
  try {
    const { bytesRead, buffer } = await file.read(new Uint8Array(HEAD_BYTES), 0, HEAD_BYTES, 0);
    const head = buffer.subarray(0, bytesRead);
    if (/^(?:ftyp|styp|moov)$/.test(Buffer.from(head.subarray(4, 8)).toString('latin1'))) {
      if (await isEncryptedMp4(file, size))
        throw failure('ERR_SOURCE_INVALID', name, 'its pictures are encrypted; decrypt it first');
    }
    if (await isJpegTiff(file))
      throw failure(
        'ERR_SOURCE_INVALID',
        name,
        'a TIFF that holds JPEG is not decoded; save it as JPEG or PNG',
      );
    return { head, ...(await lookForCut(file, size, head)) };
  } finally {
    await file.close();
  }
}

function fileOf(url: string): string {
  try {
    return fileURLToPath(url);
  } catch (cause) {
    throw new SightlineError('ERR_USAGE', `"${oneLine(url)}" does not name a local file`, { cause });
  }
}

const REASONS: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  ENOENT: ['ERR_SOURCE_NOT_FOUND', 'there is no such file'],
  ENOTDIR: ['ERR_SOURCE_NOT_FOUND', 'a part of its path is not a directory'],
  ENAMETOOLONG: ['ERR_SOURCE_NOT_FOUND', 'the name is too long to be that of a file'],
  ELOOP: ['ERR_SOURCE_UNREADABLE', 'its symbolic links go in a circle'],
  EACCES: ['ERR_SOURCE_UNREADABLE', 'permission denied; allow this user to read it'],
  EPERM: ['ERR_SOURCE_UNREADABLE', 'permission denied; allow this user to read it'],
};

function explained(error: unknown, name: string): SightlineError {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (code === 'ENOENT' && name === '-')
    return failure('ERR_SOURCE_NOT_FOUND', name, 'standard input is not read; write it to a file first');
  if (code === 'ENOENT' && name.includes('\uFFFD'))
    return failure('ERR_SOURCE_NOT_FOUND', name, 'its name is not UTF-8; rename it, or make a link to it');
  const [ours, reason] = REASONS[code] ?? (['ERR_SOURCE_UNREADABLE', oneLine(messageOf(error))] as const);
  return failure(ours, name, reason, error);
}

function failure(code: ErrorCode, name: string, reason: string, cause?: unknown): SightlineError {
  return new SightlineError(code, `"${name}" cannot be read: ${reason}`, { cause });
}
