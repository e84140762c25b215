#!/usr/bin/env node
/** The command line's entry. */
import { existsSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { VERSION } from '../app/app.js';
import { isSightlineError, messageOf } from '../errors.js';
import { oneLine } from '../text/printable.js';
import { anchorsCommand } from './anchors.js';
import { convertCommand } from './convert.js';
import { benchCommand } from './bench.js';
import { doctorCommand } from './doctor.js';
import { evalCommand } from './eval.js';
import { EXIT, exitCodeOf } from './exit-codes.js';
import { linkTensorflowCommand } from './link-tensorflow.js';
import { modelCommand } from './model.js';
import { replayCommand } from './replay.js';
import { guardTerminal, print, say } from './terminal.js';
import { trackCommand } from './track.js';

guardTerminal();

const onExit = (code: number): void => {
  process.exitCode = code;
};

const program = new Command('sightline')
  .description('Streaming video analytics: cameras and files in, tracked objects out.')
  .version(VERSION)
  .addCommand(trackCommand(onExit))
  .addCommand(replayCommand(onExit))
  .addCommand(convertCommand(onExit))
  .addCommand(doctorCommand(onExit))
  .addCommand(modelCommand(onExit))
  .addCommand(benchCommand(onExit))
  .addCommand(evalCommand())
  .addCommand(anchorsCommand())
  .addCommand(linkTensorflowCommand(onExit))
  .addHelpText(
    'after',
    '\nExit codes: 0 done, 1 runtime, 2 usage or config, 3 model or backend, 4 every source failed, 130 interrupted.',
  );

for (const command of [program, ...program.commands.flatMap((child) => [child, ...child.commands])]) {
  command
    .exitOverride()
    .configureOutput({
      outputError: () => undefined,
      writeOut: (text) => {
        print(text.trimEnd());
      },
    })
    .showSuggestionAfterError();
}

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
