import { constants } from 'node:fs';
import { mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Option } from 'commander';
import { SightlineError } from '../../errors.js';
import { checkOutput } from '../../files/output-place.js';
import { unwritable } from '../../files/reasons.js';
import { writeWhole } from '../../files/write-whole.js';
import { csvTable, type Table, textTable } from '../../text/table.js';
import { print, printData } from '../terminal.js';

/** How a command of evaluation prints. */
export interface ReportFlags {
  readonly json?: true;
  readonly csv?: true;
  readonly html?: string;
  readonly overwrite?: true;
}

/** The flags of `ReportFlags`. */
export function outputOptions(): Option[] {
  return [
    new Option('--json', 'print JSON: fractions at full precision, curves too').conflicts('csv'),
    new Option('--csv', 'print comma-separated values: fractions at full precision'),
    new Option('--html <file>', 'also write a report of one self-contained page'),
    new Option('--overwrite', 'replace existing reports'),
  ];
}

/** Prints scores in the form that was asked for and writes the page. */
export async function printScores(
  flags: ReportFlags,
  forms: {
    readonly report: object;
    readonly table: Table;
    readonly exact: Table;
    readonly page: () => string | Promise<string>;
    readonly footer?: string;
  },
): Promise<void> {
  if (flags.html !== undefined) await writePage(flags.html, await forms.page(), flags);
  if (flags.json === true) print(JSON.stringify(forms.report, null, 2));
  else if (flags.csv === true) printData(csvTable(forms.exact).trimEnd());
  else print(`${textTable(forms.table)}\n${forms.footer ?? ''}`.trimEnd());
}

/**
 * Looks, before there is any work done, whether the page and the charts may be written.
 * @param inputs what the command reads.
 * @throws SightlineError ERR_USAGE, ERR_SINK_EXISTS, ERR_SINK_UNWRITABLE
 */
export async function checkReports(
  { html, curves, overwrite }: ReportFlags & { readonly curves?: string },
  inputs: readonly (string | undefined)[],
): Promise<void> {
  const rules = { inputs: inputs.filter((path) => path !== undefined), overwrite: overwrite === true };
  if (html !== undefined) await checkReport(html, rules);
  if (curves !== undefined) await checkReport(join(curves, ALL_CURVES), rules);
}

/** The chart that is always among those of a folder. */
const ALL_CURVES = 'all.svg';

/** @throws SightlineError ERR_SINK_EXISTS, ERR_SINK_UNWRITABLE */
export async function writePage(
  path: string,
  text: string,
  { overwrite }: Pick<ReportFlags, 'overwrite'>,
): Promise<void> {
  const found = await checkReport(path, { inputs: [], overwrite: overwrite === true });
  if (found === 'device') await writing(path, writeFile(path, text));
  else await writeWhole(path, Buffer.from(text));
}

/** Makes a folder that may be there already. @throws SightlineError ERR_SINK_UNWRITABLE */
export async function makeFolder(path: string): Promise<void> {
  await writing(path, mkdir(path, { recursive: true }));
}

/** Only a report is ever replaced: of the data that was read, by whatever way, nothing looks like one. */
async function checkReport(
  path: string,
  { inputs, overwrite }: { readonly inputs: readonly string[]; readonly overwrite: boolean },
): Promise<'nothing' | 'file' | 'device'> {
  const isReport = /^(<!doctype html|<svg|$)/i.test(await beginningOf(path));
  const found = await checkOutput(path, { inputs: isReport ? [] : inputs, overwrite });
  if (found !== 'file' || isReport) return found;
  throw new SightlineError('ERR_SINK_EXISTS', `"${path}" exists and is no report; name another file`);
}

/** The first bytes of a regular file; nothing of what is none. */
async function beginningOf(path: string): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(() => undefined);
  if (file === undefined) return '';
  try {
    if (!(await file.stat()).isFile()) return '';
    const { buffer, bytesRead } = await file.read(Buffer.alloc(16), 0, 16, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await file.close();
  }
}

async function writing(path: string, done: Promise<unknown>): Promise<void> {
  try {
    await done;
  } catch (cause) {
    throw unwritable(`"${path}"`, cause);
  }
}
