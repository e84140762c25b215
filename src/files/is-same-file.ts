import type { Stats } from 'node:fs';

/** Whether two names that were looked up lead to one file: links of both kinds have the same number. */
export function isSameFile(one: Stats | undefined, other: Stats | undefined): boolean {
  return one !== undefined && one.dev === other?.dev && one.ino === other.ino;
}
