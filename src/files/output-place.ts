/** Where an output may go: over no input, and over what exists only if that is wanted. */
import { realpath, stat } from 'node:fs/promises';
import { sep } from 'node:path';
import { SightlineError } from '../errors.js';
import { isSameFile } from './is-same-file.js';
import { unwritable } from './reasons.js';

/** What a command reads, and whether it may replace what is there. */
export interface OutputRules {
  /** Files and folders; all that lies in a folder is an input. Those that are not there do not matter. */
  readonly inputs: readonly string[];
  readonly overwrite: boolean;
}

/**
 * Looks whether a file may be written at `path`, whatever names and links lead there.
 * @returns what is there now.
 * @throws SightlineError ERR_USAGE if it is an input, ERR_SINK_EXISTS, ERR_SINK_UNWRITABLE for a folder.
 */
export async function checkOutput(
  path: string,
  { inputs, overwrite }: OutputRules,
): Promise<'nothing' | 'file' | 'device'> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return 'nothing';
  if (found.isDirectory()) throw unwritable(`"${path}"`, undefined, 'it is a folder; name a file in it');
  if (!found.isFile()) return 'device';
  const place = await realpath(path);
  for (const input of inputs) {
    const read = await stat(input).catch(() => undefined);
    const isSame = isSameFile(found, read);
    if (!isSame && !(read?.isDirectory() === true && place.startsWith(`${await realpath(input)}${sep}`)))
      continue;
    const what = isSame ? 'is' : `lies in "${input}", which is`;
    throw new SightlineError('ERR_USAGE', `the output "${path}" ${what} an input; name another file`);
  }
  if (overwrite) return 'file';
  throw new SightlineError('ERR_SINK_EXISTS', `"${path}" exists; pass --overwrite to replace it`);
}
