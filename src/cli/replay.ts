import { Command, Option } from 'commander';
import { createReplay, loadAnalyticsFile, loadReplayFile, type ReplayInput } from '../app.js';
import { given } from './given.js';
import { address, numberFrom, trackerOption } from './parse-values.js';
import { runPipeline, type TalkFlags } from './run-pipeline.js';

interface ReplayFlags extends TalkFlags {
  input?: string;
  video?: string;
  jsonl?: string;
  mot?: string;
  fillGaps?: number;
  heatMap?: string;
  serve?: ReturnType<typeof address>;
  overwrite?: true;
  config?: string;
  conf?: number;
  classes?: string;
  tracker?: string;
  cameraMotion?: true;
  trackerOption?: ReturnType<typeof trackerOption>;
  zones?: string;
}

/** `sightline replay`. @param onExit told the exit code. */
export function replayCommand(onExit: (code: number) => void): Command {
  return new Command('replay')
    .description('track, count and write again from recorded detections, without a model')
    .argument('<recording>', 'records that `sightline track --jsonl` wrote')
    .optionsGroup('Outputs (with none named: the summary only):')
    .option('--video <file>', 'annotated video; {name} stands for the name of the source')
    .option('--jsonl <file>', 'records, one a line; - for the standard output')
    .option('--mot <file>', 'tracks as MOTChallenge text; {name} stands for the name of the source')
    .option(
      '--fill-gaps <seconds>',
      'longest gap of a track that the MOTChallenge text fills with boxes in between',
      numberFrom(0, 86_400),
    )
    .option(
      '--heat-map <file>',
      'where objects spent their time, as PNG; {name} stands for the name of the source',
    )
    .option('--serve <port>', 'live page and WebSocket feed on 127.0.0.1, or on host:port', address)
    .option('--overwrite', 'replace existing files')
    .optionsGroup('Tracking and counting (default: as recorded):')
    .option('--conf <x>', 'least confidence of an object, 0 to 1', numberFrom(0, 1))
    .option('--classes <list>', 'classes to use, such as person,car')
    .option('--tracker <name>', 'botsort, bytetrack, ocsort or sort')
    .option('--camera-motion', 'the camera moves: let botsort find out how from the pictures of the video')
    .option(
      '--tracker-option <key=value>',
      "parameter of the tracker under its authors' name, such as track_buffer=2; may be repeated",
      trackerOption,
    )
    .option('--zones <file>', 'YAML file with lines, zones and the like: docs/analytics.md')
    .optionsGroup('General:')
    .option('--input <video>', 'the video that was recorded, if it lies elsewhere now')
    .option('--config <file>', 'YAML file with any of these options; flags win')
    .option('--quiet', 'print only warnings and errors')
    .option('--verbose', 'print details too')
    .addOption(
      new Option('--log-format <format>', 'form of what is printed')
        .choices(['pretty', 'json'])
        .default('pretty'),
    )
    .action(async (recording: string, flags: ReplayFlags) => {
      const options = await optionsOf(recording, flags);
      onExit(await runPipeline((extras) => createReplay(options, extras), flags));
    });
}

/** Laid over each other: file, then flags. */
async function optionsOf(recording: string, flags: ReplayFlags): Promise<ReplayInput> {
  const file = flags.config === undefined ? {} : await loadReplayFile(flags.config);
  const zones = flags.zones === undefined ? undefined : await loadAnalyticsFile(flags.zones);
  const { video, jsonl, mot, heatMap, serve, overwrite, tracker, cameraMotion } = flags;
  return {
    ...file,
    recording,
    ...given({
      video: flags.input,
      confidence: flags.conf,
      classes: flags.classes?.split(',').map((name) => name.trim()),
      analytics: zones,
    }),
    track: {
      ...file.track,
      ...given({ tracker, cameraMotion }),
      ...(flags.trackerOption !== undefined && {
        parameters: { ...file.track?.parameters, ...flags.trackerOption },
      }),
    },
    output: {
      ...file.output,
      ...given({ video, jsonl, mot, heatMap, serve, overwrite, fillGapsSeconds: flags.fillGaps }),
    },
  };
}
