/** What the file system says, in words. */
import { messageOf, SightlineError } from '../errors.js';

/** The `code` of a system error. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
}

/** Why something could not be written. */
export function reasonOf(error: unknown): string {
  switch (codeOf(error) ?? '') {
    case 'ENOSPC':
      return 'the disk is full';
    case 'EDQUOT':
      return 'the disk quota is used up';
    case 'EFBIG':
      return 'the file may not grow any larger';
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    case 'ENOENT':
      return 'its folder does not exist';
    case 'ENOTDIR':
      return 'a part of its path is not a folder';
    case 'EISDIR':
      return 'it is a directory; name a file in it';
    case 'EROFS':
      return 'the file system is read-only';
    default:
      return messageOf(error);
  }
}

/** The error of an output that cannot be written. @param place a path, or what else it is called. */
export function unwritable(place: string, cause: unknown, reason = reasonOf(cause)): SightlineError {
  return new SightlineError('ERR_SINK_UNWRITABLE', `${place} cannot be written: ${reason}`, { cause });
}
