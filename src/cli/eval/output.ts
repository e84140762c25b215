import { mkdir, writeFile } from 'node:fs/promises';
import { Option } from 'commander';
import { unwritable } from '../../files/reasons.js';
import { csvTable, type Table, textTable } from '../../text/table.js';
import { print } from '../terminal.js';

/** How a command of evaluation prints. */
export interface ReportFlags {
  readonly json?: true;
  readonly csv?: true;
  readonly html?: string;
}

/** The flags of `ReportFlags`. */
export function outputOptions(): Option[] {
  return [
    new Option('--json', 'print JSON: fractions at full precision, curves too').conflicts('csv'),
    new Option('--csv', 'print comma-separated values: fractions at full precision'),
    new Option(
      '--html <file>',
      'also write a report of one self-contained page; an existing one is replaced',
    ),
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
  if (flags.html !== undefined) await writePage(flags.html, await forms.page());
  if (flags.json === true) print(JSON.stringify(forms.report, null, 2));
  else if (flags.csv === true) print(csvTable(forms.exact).trimEnd());
  else print(`${textTable(forms.table)}\n${forms.footer ?? ''}`.trimEnd());
}

/** @throws SightlineError ERR_SINK_UNWRITABLE */
export async function writePage(path: string, text: string): Promise<void> {
  await writing(path, writeFile(path, text));
}

/** Makes a folder that may be there already. @throws SightlineError ERR_SINK_UNWRITABLE */
export async function makeFolder(path: string): Promise<void> {
  await writing(path, mkdir(path, { recursive: true }));
}

async function writing(path: string, done: Promise<unknown>): Promise<void> {
  try {
    await done;
  } catch (cause) {
    throw unwritable(`"${path}"`, cause);
  }
}
