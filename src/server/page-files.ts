/**
 * The files of the live page, read once into memory: a request can only name one of them, so there is no path to escape
 * from.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname } from 'node:path';

/** One file as it is served. */
export interface PageFile {
  readonly body: Buffer;
  readonly type: string;
  readonly etag: string;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Where the built page lies, seen from the built file and from its source. */
const FOLDERS = ['../web/', '../../dist/web/'];

/** @returns the files by the path of their URL; empty if the page was not built. */
export async function readPageFiles(): Promise<ReadonlyMap<string, PageFile>> {
  const files = new Map<string, PageFile>();
  for (const folder of FOLDERS) {
    const base = new URL(folder, import.meta.url);
    for (const name of await namesIn(base)) {
      const type = TYPES[extname(name)];
      if (type === undefined) continue;
      const body = await readFile(new URL(name, base));
      const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
      files.set(`/${name}`, { body, type, etag });
    }
    const index = files.get('/index.html');
    if (index === undefined) continue;
    files.set('/', index);
    break;
  }
  return files;
}

async function namesIn(folder: URL): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch {
    return [];
  }
}
