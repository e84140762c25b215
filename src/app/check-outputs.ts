/** Outputs that would destroy each other, or what a run reads. */
import { fstatSync, type Stats } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { SightlineError } from '../errors.js';
import { placeOf } from '../files/place-of.js';

/** A file that will be written. */
export interface Output {
  /** Of the sink. */
  readonly type: string;
  /** `-` is the standard output. */
  readonly path: string;
}

/** A file that a run reads, or an address. */
export interface Read {
  /** What it is called in messages. */
  readonly what: string;
  readonly file: string;
}

const STDOUT = '-';
const STDOUT_FD = 1;

/**
 * No two outputs may share a file, and none may be a file that is read, by whatever names and links.
 * @throws SightlineError ERR_USAGE
 */
export async function checkOutputs(outputs: readonly Output[], reads: readonly Read[]): Promise<void> {
  const seen = new Map<string, string>();
  for (const { path } of outputs) {
    const marks = await marksOf(path);
    const twin = marks.map((mark) => seen.get(mark)).find((other) => other !== undefined);
    if (twin !== undefined) throw meeting(twin, path);
    for (const mark of marks) seen.set(mark, path);
    if (path === STDOUT) continue;
    const folded = `any case ${marks[0]!.toLowerCase()}`;
    const alike = seen.get(folded);
    if (alike !== undefined && (await foldsCase(dirname(marks[0]!)))) throw meeting(alike, path);
    seen.set(folded, path);
  }
  const found = await Promise.all(
    reads.map(async (read) => [numberOf(await statOf(read.file)), read] as const),
  );
  const read = new Map(found);
  for (const { type, path } of outputs) {
    const number = numberOf(await statOf(path));
    const same = number === undefined ? undefined : read.get(number);
    if (same !== undefined)
      throw usage(`the ${type} output "${path}" is the ${same.what} itself; name another file`);
  }
}

function meeting(one: string, other: string): SightlineError {
  const problem =
    resolve(one) === resolve(other)
      ? `"${other}" is named for two outputs`
      : `"${one}" and "${other}" are one file`;
  return usage(`${problem}; give each output a file of its own`);
}

/** Two outputs that have one of these in common are one file: links of both kinds lead to the same number. */
async function marksOf(path: string): Promise<string[]> {
  const number = numberOf(await statOf(path));
  const place = path === STDOUT ? STDOUT : await placeOf(path);
  return number === undefined ? [place] : [place, number];
}

/** Whether names that differ in case only are one name in a folder. */
async function foldsCase(folder: string): Promise<boolean> {
  const name = `.sightline-Case-${process.pid}`;
  const trial = join(folder, name);
  try {
    await (await open(trial, 'wx')).close();
  } catch {
    // Nothing can be written there, which the sink will say.
    return false;
  }
  const folds = (await statOf(join(folder, name.toLowerCase()))) !== undefined;
  await rm(trial, { force: true });
  return folds;
}

async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return path === STDOUT ? fstatSync(STDOUT_FD) : await stat(path);
  } catch {
    return undefined;
  }
}

/** Of a regular file; what is written to a device is not kept there. */
function numberOf(found: Stats | undefined): string | undefined {
  return found?.isFile() === true ? `${found.dev}:${found.ino}` : undefined;
}

function usage(message: string): SightlineError {
  return new SightlineError('ERR_USAGE', message);
}
