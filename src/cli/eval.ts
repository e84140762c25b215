import { Command } from 'commander';
import { evalCompareCommand } from './eval/compare.js';
import { evalDetectionsCommand } from './eval/detections.js';
import { evalRunCommand } from './eval/run.js';
import { evalTracksCommand } from './eval/tracks.js';

/** `sightline eval`. */
export function evalCommand(): Command {
  return new Command('eval')
    .description('score results against ground truth')
    .addCommand(evalTracksCommand())
    .addCommand(evalDetectionsCommand())
    .addCommand(evalRunCommand())
    .addCommand(evalCompareCommand());
}
