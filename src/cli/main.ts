#!/usr/bin/env node
/** The command line's entry. */
import { existsSync } from 'node:fs';
import { CommanderError } from 'commander';
import { isSightlineError, messageOf } from '../errors.js';
import { oneLine } from '../text/printable.js';
import { EXIT, exitCodeOf } from './exit-codes.js';
import { createProgram } from './program.js';
import { guardTerminal, say } from './terminal.js';

guardTerminal();

const onExit = (code: number): void => {
  process.exitCode = code;
};

const program = createProgram(onExit);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    onExit(error.exitCode === 0 ? EXIT.done : EXIT.usage);
    // A command without its subcommand has printed its help.
    if (error.exitCode !== 0 && error.code !== 'commander.help') say(`${error.message}${hintFor(error)}\n`);
  } else {
    onExit(exitCodeOf(error));
    say(`error: ${isSightlineError(error) ? oneLine(error.message) : messageOf(error)}\n`);
  }
}

/** Who names a video first means `track`. */
function hintFor({ code, message }: CommanderError): string {
  const [first = ''] = program.args;
  if (code !== 'commander.unknownCommand' || !message.includes(`'${first}'`)) return '';
  const isInput = /[./\\*]/.test(first) || existsSync(first);
  return isInput ? `; to look at a video: sightline track ${program.args.map(quoted).join(' ')}` : '';
}

/** As a shell has to be given it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
