import { Command } from 'commander';
import { createReplay, loadAnalyticsFile, loadReplayFile, type ReplayInput } from '../app/app.js';
import { given } from './given.js';
import { QUOTING } from '../text/class-list.js';
import { nameList, numberFrom } from './parse-values.js';
import { runPipeline } from './run-pipeline.js';
import {
  outcomeOf,
  readsOf,
  type SharedFlags,
  trackOf,
  withOutputFlags,
  withTalkFlags,
  withTrackingFlags,
} from './shared-flags.js';

interface ReplayFlags extends SharedFlags {
  input?: string;
  conf?: number;
  classes?: readonly string[];
}

/** `sightline replay`. @param onExit told the exit code. */
export function replayCommand(onExit: (code: number) => void): Command {
  const command = new Command('replay')
    .description('track, count and write again from recorded detections, without a model')
    .argument('<recording>', 'records that `sightline track --jsonl` wrote');
  withOutputFlags(command.optionsGroup('Outputs (with none named: the summary only):'));
  command
    .optionsGroup('Tracking and counting (default: as recorded):')
    .option('--conf <x>', 'least confidence of an object, 0 to 1', numberFrom(0, 1))
    .option('--classes <list>', `classes to use, such as person,car; ${QUOTING}`, nameList('class'));
  withTrackingFlags(command, { tracker: '', cameraMotion: ' of the video' });
  command
    .optionsGroup('General:')
    .option('--input <video>', 'the video that was recorded, if it lies elsewhere now');
  return withTalkFlags(command).action(async (recording: string, flags: ReplayFlags) => {
    const options = await optionsOf(recording, flags);
    onExit(
      await runPipeline(
        (extras) => createReplay<{ readonly type: string }>(options, { ...extras, reads: readsOf(flags) }),
        flags,
      ),
    );
  });
}

/** Laid over each other: file, then flags. */
async function optionsOf(
  recording: string,
  flags: ReplayFlags,
): Promise<ReplayInput<{ readonly type: string }>> {
  const file = flags.config === undefined ? {} : await loadReplayFile(flags.config);
  const zones = flags.zones === undefined ? undefined : await loadAnalyticsFile(flags.zones);
  return {
    ...file,
    recording,
    ...given({
      video: flags.input,
      confidence: flags.conf,
      classes: flags.classes && [...flags.classes],
      analytics: zones,
    }),
    track: trackOf(flags, file.track),
    ...outcomeOf(flags, file),
  };
}
