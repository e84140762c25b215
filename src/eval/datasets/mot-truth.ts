import { readdir } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { SightlineError } from '../../errors.js';
import type { IgnoreRegion, TrackRow } from '../labels.js';
import { MOST_FRAMES, parseIgnoreRegions, parseMotRows } from './mot-rows.js';
import { kindOf, readText } from './read-file.js';

/** Ground truth of one sequence. */
export interface TruthSequence {
  readonly name: string;
  /** Length as seqinfo.ini states it. */
  readonly frames?: number;
  readonly rows: readonly TrackRow[];
  readonly regions: readonly IgnoreRegion[];
}

/**
 * Reads MOTChallenge ground truth: a file, the folder of a sequence (`gt/gt.txt` or `gt.txt`, with `seqinfo.ini` and
 * `ignore.txt` if there are such), or a folder of such folders or of text files named after their sequences.
 * @param only names of the sequences to read; all if not given.
 * @throws SightlineError ERR_DATASET_NOT_FOUND or ERR_DATASET_INVALID.
 */
export async function readMotTruth(path: string, only?: readonly string[]): Promise<TruthSequence[]> {
  const all = await findTruth(path);
  if (all.length === 0) {
    throw new SightlineError(
      'ERR_DATASET_NOT_FOUND',
      `ground truth: no <sequence>/gt/gt.txt, <sequence>/gt.txt or <sequence>.txt in "${path}"`,
    );
  }
  const unknown = only?.find((name) => !all.some((sequence) => sequence.name === name));
  if (unknown !== undefined) {
    throw new SightlineError(
      'ERR_DATASET_NOT_FOUND',
      `ground truth: no sequence "${unknown}" in "${path}", which has ${all.map(({ name }) => name).join(', ')}`,
    );
  }
  const chosen = all.filter(({ name }) => only === undefined || only.includes(name));
  return Promise.all(chosen.map(readSequence));
}

interface TruthFile {
  readonly name: string;
  readonly file: string;
}

async function findTruth(path: string): Promise<TruthFile[]> {
  switch (await kindOf(path)) {
    case 'nothing':
      throw new SightlineError('ERR_DATASET_NOT_FOUND', `ground truth: "${path}" does not exist`);
    case 'file':
      return [{ name: sequenceNameOf(path), file: path }];
    case 'folder': {
      const own = await truthIn(path);
      if (own !== undefined) return [{ name: sequenceNameOf(own), file: own }];
      const found: TruthFile[] = [];
      for (const entry of (await readdir(path, { withFileTypes: true })).sort((a, b) =>
        a.name < b.name ? -1 : 1,
      )) {
        const file = join(path, entry.name);
        if (entry.isDirectory()) {
          const inside = await truthIn(file);
          if (inside !== undefined) found.push({ name: entry.name, file: inside });
        } else if (extname(file) === '.txt') found.push({ name: basename(file, '.txt'), file });
      }
      return found;
    }
  }
}

async function truthIn(folder: string): Promise<string | undefined> {
  for (const file of [join(folder, 'gt', 'gt.txt'), join(folder, 'gt.txt')]) {
    if ((await kindOf(file)) === 'file') return file;
  }
  return undefined;
}

/** `gt.txt` says nothing, its folder does. */
function sequenceNameOf(file: string): string {
  const name = basename(file, extname(file));
  if (name !== 'gt') return name;
  const folder = dirname(resolve(file));
  return (basename(folder) === 'gt' ? basename(dirname(folder)) : basename(folder)) || name;
}

async function readSequence({ name, file }: TruthFile): Promise<TruthSequence> {
  const folder = dirname(file);
  const folders = basename(folder) === 'gt' ? [folder, dirname(folder)] : [folder];
  let frames: number | undefined;
  let regions: readonly IgnoreRegion[] = [];
  // A folder of text files belongs to no single sequence.
  for (const place of basename(file) === 'gt.txt' ? folders : []) {
    const info = join(place, 'seqinfo.ini');
    if ((await kindOf(info)) === 'file') frames = lengthOf(await readText(info, 'ground truth'), info);
    const areas = join(place, 'ignore.txt');
    if ((await kindOf(areas)) === 'file')
      regions = parseIgnoreRegions(await readText(areas, 'ignore regions'), areas);
  }
  const rows = parseMotRows(await readText(file, 'ground truth'), file, { truth: true, frames });
  return { name, ...(frames !== undefined && { frames }), rows, regions };
}

function lengthOf(text: string, file: string): number | undefined {
  const match = /^\s*seqLength\s*=\s*(.*?)\s*$/im.exec(text);
  if (match === null) return undefined;
  const frames = Number(match[1]);
  if (Number.isSafeInteger(frames) && frames > 0 && frames <= MOST_FRAMES) return frames;
  throw new SightlineError('ERR_DATASET_INVALID', `${file}: seqLength is ${JSON.stringify(match[1])}`);
}
