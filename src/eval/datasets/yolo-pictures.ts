/** The pictures of a data set in YOLO's format, and the label files that belong to them. */
import { readdir, realpath } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve, sep } from 'node:path';
import { SightlineError } from '../../errors.js';
import { kindOf, readText } from './read-file.js';

/** What a picture's name ends in. Those that cannot be read are pictures too, so that they are missed. */
const PICTURE =
  /\.(?:avif|bmp|dib|dng|gif|hei[cf]|j2k|jfif|jp2|jpe|jpe?g|jxl|mpo|p[bgnp]m|pfm|png|tga|tiff?|webp)$/i;

/**
 * All pictures of a folder and the folders in it, in order of their paths, or those that a `.txt` file lists.
 * @throws SightlineError ERR_DATASET_NOT_FOUND
 */
export async function findPictures(place: string): Promise<string[]> {
  if ((await kindOf(place)) === 'file') return listedPictures(place);
  const inner = join(place, 'images');
  const folder = (await kindOf(inner)) === 'folder' ? inner : place;
  if ((await kindOf(folder)) !== 'folder')
    throw new SightlineError(
      'ERR_DATASET_NOT_FOUND',
      `ground truth: "${folder}" is not a folder of pictures`,
    );
  const pictures = await filesIn(folder, PICTURE, new Set());
  if (pictures.length > 0) return pictures;
  throw new SightlineError('ERR_DATASET_NOT_FOUND', `ground truth: no pictures in "${folder}"`);
}

/** The label file of a picture: in `labels` where the path has `images`, or beside it. @returns undefined if there is none. */
export async function findLabels(picture: string): Promise<string | undefined> {
  for (const file of [labelsInFolder(picture), join(dirname(picture), textNameOf(picture))])
    if (file !== undefined && (await kindOf(file)) === 'file') return file;
  return undefined;
}

/** Label files beside those of the pictures that belong to none of them. */
export async function findOrphans(
  pictures: readonly string[],
  labels: ReadonlySet<string>,
): Promise<string[]> {
  const folders = new Set(pictures.flatMap((picture) => labelsInFolder(picture) ?? []).map(dirname));
  const orphans: string[] = [];
  for (const folder of folders) {
    const names = await readdir(folder).catch(() => []);
    const files = names
      .filter((name) => /^(?!\.|classes\.txt$).*\.txt$/i.test(name))
      .map((name) => join(folder, name));
    orphans.push(...files.filter((file) => !labels.has(file)));
  }
  return orphans.sort();
}

async function listedPictures(list: string): Promise<string[]> {
  if (extname(list).toLowerCase() !== '.txt')
    throw new SightlineError(
      'ERR_DATASET_INVALID',
      `ground truth: "${list}" is neither a folder nor a .txt list`,
    );
  const pictures: string[] = [];
  for (const [index, raw] of (await readText(list, 'ground truth')).split('\n').entries()) {
    const line = raw.trim();
    if (line === '') continue;
    const tries = [resolve(dirname(list), line), resolve(line)];
    let found: string | undefined;
    for (const file of tries) if ((await kindOf(file)) === 'file') found ??= file;
    if (found === undefined)
      throw new SightlineError(
        'ERR_DATASET_NOT_FOUND',
        `${list}:${index + 1}: picture "${line}" does not exist`,
      );
    pictures.push(found);
  }
  if (pictures.length > 0) return pictures;
  throw new SightlineError('ERR_DATASET_NOT_FOUND', `ground truth: "${list}" lists no pictures`);
}

/** Links are followed, but into no folder twice. Hidden names are left out: some systems put shadows of pictures there. */
async function filesIn(folder: string, pattern: RegExp, seen: Set<string>): Promise<string[]> {
  const place = await realpath(folder);
  if (seen.has(place)) return [];
  seen.add(place);
  const files: string[] = [];
  for (const entry of (await readdir(folder, { withFileTypes: true })).sort((a, b) =>
    a.name < b.name ? -1 : 1,
  )) {
    if (entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    const isFolder = entry.isDirectory() || (entry.isSymbolicLink() && (await kindOf(path)) === 'folder');
    if (isFolder) files.push(...(await filesIn(path, pattern, seen)));
    else if (pattern.test(entry.name)) files.push(path);
  }
  return files;
}

function labelsInFolder(picture: string): string | undefined {
  const parts = dirname(picture).split(sep);
  const at = parts.lastIndexOf('images');
  if (at < 0) return undefined;
  return [...parts.slice(0, at), 'labels', ...parts.slice(at + 1), textNameOf(picture)].join(sep);
}

function textNameOf(picture: string): string {
  return `${basename(picture, extname(picture))}.txt`;
}
