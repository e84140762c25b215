import { Command } from 'commander';
import { evalTracksCommand } from './eval/tracks.js';

/** `sightline eval`. */
export function evalCommand(): Command {
  return new Command('eval')
    .description('score results against ground truth')
    .addCommand(evalTracksCommand());
}
