import { Command, Option } from 'commander';
import {
  createPipeline,
  defaultOutputs,
  loadAnalyticsFile,
  loadOptionsFile,
  type OptionsInput,
} from '../app/app.js';
import { QUOTING } from '../text/class-list.js';
import { classList, inputSize, numberFrom, seconds } from './parse-values.js';
import { given } from './given.js';
import { runPipeline } from './run-pipeline.js';
import {
  outputOf,
  type SharedFlags,
  trackOf,
  withOutputFlags,
  withTalkFlags,
  withTrackingFlags,
} from './shared-flags.js';

interface TrackFlags extends SharedFlags {
  model?: string;
  device?: string;
  size?: ReturnType<typeof inputSize>;
  threads?: number;
  precision?: 'float32' | 'bfloat16';
  batch?: number;
  conf?: number;
  iou?: number;
  classes?: ReturnType<typeof classList>;
  agnostic?: true;
  maxDetections?: number;
  start?: number;
  duration?: number;
  stride?: number;
  maxFrames?: number;
}

/** `sightline track`. @param onExit told the exit code. */
export function trackCommand(onExit: (code: number) => void): Command {
  const command = new Command('track')
    .description('find and follow objects in video files')
    .argument('<input...>', 'video files, images or http(s) addresses');
  withOutputFlags(
    command.optionsGroup('Outputs (with none named: <name>.tracked.mp4 and <name>.jsonl here):'),
    'input',
  );
  command
    .optionsGroup('Model:')
    .option('--model <dir>', 'folder with model.json and weights (default: the bundled street-b0)')
    .option(
      '--device <name>',
      'auto, cpu, cuda, wasm, tensorflow or backend:device; see `sightline doctor` (default: auto)',
    )
    .option(
      '--size <w>x<h>',
      "size of the network's input, such as 416 or 544x320 (default: the model's)",
      inputSize,
    )
    .option('--threads <n>', 'CPU threads of the network (default: all cores)', numberFrom(1, 256, 'integer'))
    .addOption(
      new Option('--precision <name>', 'what the network computes in (default: float32)').choices([
        'float32',
        'bfloat16',
      ]),
    )
    .option('--batch <n>', 'most frames per network call (default: 4)', numberFrom(1, 64, 'integer'))
    .optionsGroup('Detection:')
    .option('--conf <x>', "least confidence of an object, 0 to 1 (default: the model's)", numberFrom(0, 1))
    .option(
      '--iou <x>',
      "overlap at which the weaker of two boxes is dropped (default: the model's)",
      numberFrom(0, 1),
    )
    .option('--classes <list>', `classes to find, such as person,car=0.5; ${QUOTING}`, classList)
    .option('--agnostic', 'let boxes of different classes suppress each other')
    .option(
      '--max-detections <n>',
      'most detections in a frame (default: 300)',
      numberFrom(1, 100_000, 'integer'),
    );
  withTrackingFlags(command.optionsGroup('Tracking and counting:'), {
    tracker: ' (default: botsort)',
    cameraMotion: '',
  });
  command
    .optionsGroup('Part of the input:')
    .option('--start <time>', 'skip this much at the beginning (seconds or h:mm:ss)', seconds)
    .option('--duration <time>', 'process this much media time', seconds)
    .option('--stride <n>', 'process every n-th frame', numberFrom(1, 100_000, 'integer'))
    .option(
      '--max-frames <n>',
      'stop after this many processed frames',
      numberFrom(1, Number.MAX_SAFE_INTEGER, 'integer'),
    );
  return withTalkFlags(command.optionsGroup('General:')).action(
    async (inputs: string[], flags: TrackFlags) => {
      onExit(await track(inputs, flags));
    },
  );
}

async function track(inputs: string[], flags: TrackFlags): Promise<number> {
  const file = flags.config === undefined ? {} : await loadOptionsFile(flags.config);
  const zones = flags.zones === undefined ? undefined : await loadAnalyticsFile(flags.zones);
  const options = withDefaultOutputs({
    ...optionsOf(inputs, flags, file),
    ...(zones !== undefined && { analytics: zones }),
  });
  return runPipeline((extras) => createPipeline(options, extras), flags);
}

/** Laid over each other: file, then flags. */
function optionsOf(inputs: string[], flags: TrackFlags, file: Partial<OptionsInput>): OptionsInput {
  const { classes } = flags;
  return {
    ...file,
    inputs,
    model: {
      ...file.model,
      ...given({
        path: flags.model,
        device: flags.device,
        size: flags.size,
        threads: flags.threads,
        precision: flags.precision,
        batch: flags.batch,
      }),
    },
    detect: {
      ...file.detect,
      ...given({
        confidence: flags.conf,
        iou: flags.iou,
        classes: classes && [...classes.names],
        classConfidence:
          classes === undefined || Object.keys(classes.confidence).length === 0
            ? undefined
            : classes.confidence,
        agnostic: flags.agnostic,
        maxDetections: flags.maxDetections,
      }),
    },
    track: trackOf(flags, file.track),
    source: {
      ...file.source,
      ...given({
        start: flags.start,
        duration: flags.duration,
        stride: flags.stride,
        maxFrames: flags.maxFrames,
      }),
    },
    output: outputOf(flags, file.output),
  };
}

function withDefaultOutputs(options: OptionsInput): OptionsInput {
  const { video, jsonl, mot, heatMap, serve } = options.output ?? {};
  const named = [video, jsonl, mot, heatMap, serve].some((output) => output !== undefined);
  return named ? options : { ...options, output: { ...options.output, ...defaultOutputs } };
}
