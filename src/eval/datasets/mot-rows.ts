/** The text rows of MOTChallenge: `frame,id,left,top,width,height,confidence,class,visibility` (motchallenge.net/instructions). */
import { SightlineError } from '../../errors.js';
import type { IgnoreRegion, TrackRow } from '../labels.js';

/** Most frames of a sequence, a day at 100 fps: more is a mistake that would only take memory. */
export const MOST_FRAMES = 8_640_000;

const COMMA = /\s*,\s*/;
const SPACE = /\s+/;

/**
 * Parses rows of ground truth or results.
 * @param file what to call the text in errors.
 * @param options `truth`: whether a 0 in the confidence column marks a row as not counted, and whether the class column is
 * read; `frames`: length of the sequence if it is known.
 * @throws SightlineError ERR_DATASET_INVALID with file and line, for a row that is malformed or an id twice in a frame.
 */
export function parseMotRows(
  text: string,
  file: string,
  { truth, frames = MOST_FRAMES }: { readonly truth: boolean; readonly frames?: number | undefined },
): TrackRow[] {
  const seen = new Set<string>();
  return parseRows(text, file, truth ? 7 : 6, ([frame, id, , , , , confidence, classId], box, where) => {
    checkFrame(frame!, where, 1, frames);
    if (!Number.isSafeInteger(id)) throw invalid(where, `id is ${id}, which is no whole number`);
    const key = `${frame} ${id}`;
    if (seen.has(key)) throw invalid(where, `id ${id} is in frame ${frame} a second time`);
    seen.add(key);
    const counted = !truth || Math.trunc(confidence!) !== 0;
    return { frame: frame!, id: id!, box, classId: truth ? (classId ?? -1) : -1, counted };
  });
}

/**
 * Parses ignore regions: `frame,left,top,width,height`, frame 0 meaning all frames.
 * @throws SightlineError ERR_DATASET_INVALID with file and line.
 */
export function parseIgnoreRegions(text: string, file: string): IgnoreRegion[] {
  return parseRows(
    text,
    file,
    5,
    ([frame], box, where) => {
      checkFrame(frame!, where, 0, MOST_FRAMES);
      return { frame: frame!, box };
    },
    1,
  );
}

type Make<T> = (values: readonly number[], box: TrackRow['box'], where: string) => T;

/** @param boxAt column of `left`. */
function parseRows<T>(text: string, file: string, columns: number, make: Make<T>, boxAt = 2): T[] {
  const rows: T[] = [];
  text.split('\n').forEach((raw, index) => {
    const line = raw.trim().replace(/,$/, '');
    if (line === '') return;
    const where = `${file}:${index + 1}`;
    const fields = line.split(line.includes(',') ? COMMA : SPACE);
    if (fields.length < columns)
      throw invalid(where, `expected at least ${columns} columns but found ${fields.length}`);
    const values = fields.map(Number);
    const wrong = values.slice(0, 8).findIndex((value, at) => fields[at] === '' || !Number.isFinite(value));
    if (wrong >= 0)
      throw invalid(where, `column ${wrong + 1} is ${JSON.stringify(fields[wrong])}, not a number`);
    const [left, top, width, height] = values.slice(boxAt, boxAt + 4) as [number, number, number, number];
    if (width < 0 || height < 0) throw invalid(where, `the box is ${width} wide and ${height} high`);
    rows.push(make(values, { x1: left, y1: top, x2: left + width, y2: top + height }, where));
  });
  return rows;
}

function checkFrame(frame: number, where: string, first: number, last: number): void {
  if (!Number.isSafeInteger(frame) || frame < first || frame > last)
    throw invalid(where, `frame is ${frame}; the frames of this sequence are ${first} to ${last}`);
}

function invalid(where: string, message: string): SightlineError {
  return new SightlineError('ERR_DATASET_INVALID', `${where}: ${message}`);
}
