/** Patterns of file names for those who have no shell to expand them: configurations, and quoted arguments. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SightlineError } from '../../errors.js';
import { exists } from '../../files/exists.js';

const NATURAL = new Intl.Collator('en', { numeric: true });

/**
 * The files that a path with `*`, `?` or `[…]` in it means, `cam2` before `cam10`; the path itself if it has none of them,
 * is an address, or is the name of a file. As in a shell, hidden names are matched by patterns that begin with a dot only.
 * @throws SightlineError ERR_SOURCE_NOT_FOUND if nothing matches.
 */
export async function matchFiles(path: string): Promise<readonly string[]> {
  if (!/[*?[]/.test(path) || /^[a-z][a-z0-9+.-]+:\/\//i.test(path) || (await exists(path))) return [path];
  let found = [path.startsWith('/') ? '/' : ''];
  for (const part of path.split('/').filter((name) => name !== '')) {
    if (/[*?[]/.test(part))
      found = (await Promise.all(found.map((folder) => matchesIn(folder, part)))).flat();
    else found = found.map((folder) => join(folder, part));
  }
  const there = await Promise.all(found.map(exists));
  const files = found.filter((_, at) => there[at]).toSorted((a, b) => NATURAL.compare(a, b));
  if (files.length > 0) return files;
  throw new SightlineError('ERR_SOURCE_NOT_FOUND', `no file matches "${path}"`);
}

async function matchesIn(folder: string, pattern: string): Promise<string[]> {
  const matching = regexOf(pattern);
  const names = await readdir(folder === '' ? '.' : folder).catch(() => []);
  return names
    .filter((name) => matching.test(name) && (pattern.startsWith('.') || !name.startsWith('.')))
    .map((name) => join(folder, name));
}

function regexOf(pattern: string): RegExp {
  const source = pattern.replaceAll(
    /\[(!?)([^\]]+)\]|[*?]|[\\^$+.()|{}[\]]/g,
    (part, not: string, set: string) => {
      if (part === '*') return '.*';
      if (part === '?') return '.';
      if (part.length > 1) return `[${not === '!' ? '^' : ''}${set.replaceAll(/[\\^]/g, String.raw`\$&`)}]`;
      return `\\${part}`;
    },
  );
  return new RegExp(`^${source}$`, 'su');
}
