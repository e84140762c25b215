import { readlink, realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

/** As many as Linux follows. */
const MOST_LINKS = 40;

/** Where a path leads, through symbolic links, whether or not there is something: links that cannot be followed stay. */
export async function placeOf(path: string): Promise<string> {
  let place = resolve(path);
  for (let links = 0; links < MOST_LINKS; links++) {
    const found = await realpath(place).catch(() => undefined);
    if (found !== undefined) return found;
    const target = await readlink(place).catch(() => undefined);
    if (target === undefined) break;
    place = resolve(dirname(place), target);
  }
  const folder = await realpath(dirname(place)).catch(() => dirname(place));
  return join(folder, basename(place));
}
