import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { SightlineError } from '../../errors.js';
import type { TrackRow } from '../labels.js';
import { parseRecord } from '../../record/read.js';
import type { FrameRecord } from '../../record/schema.js';
import { MOST_FRAMES, parseMotRows } from './mot-rows.js';
import { kindOf, readText } from './read-file.js';

/** Results of one sequence; the file is read when it is asked for. */
export interface ResultSequence {
  readonly name: string;
  /**
   * @param frames length of the sequence if it is known.
   * @throws SightlineError ERR_DATASET_INVALID or ERR_RECORD_INVALID with file and line.
   */
  read(frames: number | undefined): Promise<readonly TrackRow[]>;
}

/**
 * Finds results of tracking: MOTChallenge text, our records (`.jsonl`, a sequence for each source), or a folder with such
 * files named after their sequences, which may lie in `data/` as TrackEval has it.
 * @param classes names of the classes to take from records; all if not given. MOTChallenge text has no names.
 * @throws SightlineError ERR_DATASET_NOT_FOUND; ERR_RECORD_INVALID with file and line.
 */
export async function findTrackResults(
  path: string,
  classes?: readonly string[],
): Promise<readonly ResultSequence[]> {
  switch (await kindOf(path)) {
    case 'nothing':
      throw new SightlineError('ERR_DATASET_NOT_FOUND', `results: "${path}" does not exist`);
    case 'file':
      return sequencesOf(path, classes);
    case 'folder': {
      const inner = join(path, 'data');
      const folder = (await kindOf(inner)) === 'folder' ? inner : path;
      const files = (await readdir(folder)).filter((name) => /\.(txt|jsonl)$/.test(name)).sort();
      const found = await Promise.all(files.map((name) => sequencesOf(join(folder, name), classes)));
      if (found.length > 0) return found.flat();
      throw new SightlineError('ERR_DATASET_NOT_FOUND', `results: no .txt or .jsonl files in "${folder}"`);
    }
  }
}

async function sequencesOf(file: string, classes?: readonly string[]): Promise<ResultSequence[]> {
  if (extname(file) !== '.jsonl') {
    return [
      {
        name: basename(file, extname(file)),
        read: async (frames) => parseMotRows(await readText(file, 'results'), file, { truth: false, frames }),
      },
    ];
  }
  const bySource = await readTrackRecords(file, classes);
  return [...bySource].map(([name, rows]) => ({
    name,
    read: (frames = MOST_FRAMES) => {
      const late = rows.find(({ frame }) => frame > frames);
      if (late === undefined) return Promise.resolve(rows);
      return Promise.reject(
        new SightlineError(
          'ERR_DATASET_INVALID',
          `${file}: "${name}" has a track in frame ${late.frame} (counted from 1), but the sequence has ${frames} frames`,
        ),
      );
    },
  }));
}

/** Confirmed tracks of each source. Frames of records count from 0, rows from 1. */
async function readTrackRecords(
  file: string,
  classes: readonly string[] | undefined,
): Promise<Map<string, TrackRow[]>> {
  const bySource = new Map<string, TrackRow[]>();
  for await (const { record } of readFrameRecords(file)) {
    let rows = bySource.get(record.source);
    if (rows === undefined) bySource.set(record.source, (rows = []));
    const frame = record.frame + 1;
    if (rows.length > 0 && rows.at(-1)!.frame >= frame) {
      throw new SightlineError(
        'ERR_DATASET_INVALID',
        `${file}: "${record.source}" goes back from frame ${rows.at(-1)!.frame - 1} to ${record.frame}; a file holds one run`,
      );
    }
    for (const { id, state, class: label, box } of record.tracks) {
      if (state !== 'confirmed' || classes?.includes(label) === false) continue;
      const [x1, y1, x2, y2] = box;
      rows.push({ frame, id, box: { x1, y1, x2, y2 }, classId: -1, counted: true });
    }
  }
  return bySource;
}

/**
 * The frame records of a file, one by one.
 * @throws SightlineError ERR_DATASET_NOT_FOUND; ERR_RECORD_INVALID with file and line.
 */
export async function* readFrameRecords(
  file: string,
): AsyncGenerator<{ readonly record: FrameRecord; readonly where: string }> {
  if ((await kindOf(file)) !== 'file')
    throw new SightlineError('ERR_DATASET_NOT_FOUND', `records: "${file}" is not a file`);
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    number++;
    if (line.trim() === '') continue;
    const where = `${file}:${number}`;
    const record = parseRecord(line, where);
    if (record?.type === 'frame') yield { record, where };
  }
}
