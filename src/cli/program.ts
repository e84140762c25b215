import { Command } from 'commander';
import { VERSION } from '../app/app.js';
import { anchorsCommand } from './anchors.js';
import { convertCommand } from './convert.js';
import { benchCommand } from './bench.js';
import { doctorCommand } from './doctor.js';
import { evalCommand } from './eval.js';
import { linkTensorflowCommand } from './link-tensorflow.js';
import { modelCommand } from './model.js';
import { probeCommand } from './probe.js';
import { replayCommand } from './replay.js';
import { trackCommand } from './track.js';
import { print } from './terminal.js';

/** The command line with all its commands; a fault in what it parses is thrown. @param onExit told the exit code. */
export function createProgram(onExit: (code: number) => void): Command {
  const program = new Command('sightline')
    .description('Streaming video analytics: cameras and files in, tracked objects out.')
    .version(VERSION)
    .addCommand(trackCommand(onExit))
    .addCommand(replayCommand(onExit))
    .addCommand(probeCommand(onExit))
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
  return program;
}
