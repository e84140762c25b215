import { Command, Option } from 'commander';
import {
  createPipeline,
  DEFAULT_SINKS,
  loadAnalyticsFile,
  loadOptionsFile,
  sourceOfText,
} from '../app/app.js';
import { SightlineError } from '../errors.js';
import { QUOTING } from '../text/class-list.js';
import { classList, inputSize, numberFrom, seconds } from './parse-values.js';
import { given } from './given.js';
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

/** What a file may hold: kinds of a user's own among it. */
type Written = Awaited<ReturnType<typeof loadOptionsFile>>;

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
    .argument(
      '[input...]',
      'video files, images or http(s) addresses, patterns of file names too; with none those of --config',
    );
  withOutputFlags(
    command.optionsGroup('Outputs (with none named: <source>.tracked.mp4 and <source>.jsonl here):'),
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
    .optionsGroup('Part of each input:')
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
  const options = withDefaultSinks({
    ...optionsOf(inputs, flags, file),
    ...(zones !== undefined && { analytics: zones }),
  });
  return runPipeline(
    (extras) => createPipeline<{ readonly type: string }>(options, { ...extras, reads: readsOf(flags) }),
    flags,
  );
}

/** Laid over each other: file, then flags. */
function optionsOf(inputs: string[], flags: TrackFlags, file: Written): Written {
  const { classes } = flags;
  return {
    ...file,
    sources: sourcesOf(inputs, flags, file.sources),
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
    ...outcomeOf(flags, file),
  };
}

/** The inputs of the command line, or else the sources of the file; the flags say which part of a file is looked at. */
function sourcesOf(
  inputs: readonly string[],
  { start, duration, stride, maxFrames }: TrackFlags,
  ofFile: Written['sources'] = [],
): NonNullable<Written['sources']> {
  const sources = inputs.length > 0 ? inputs : ofFile;
  if (sources.length === 0) {
    throw new SightlineError(
      'ERR_USAGE',
      'no input: name video files, or give a --config that has "sources"; see `sightline track --help`',
    );
  }
  const part = given({ start, duration, stride, maxFrames });
  return sources.map((source) => {
    if (typeof source === 'string') return { ...sourceOfText(source), ...part };
    return 'type' in source && (source.type === 'file' || source.type === 'camera')
      ? { ...source, ...part }
      : source;
  });
}

function withDefaultSinks(options: Written): Written {
  const { sinks = [], server } = options;
  return sinks.length > 0 || server !== undefined ? options : { ...options, sinks: DEFAULT_SINKS };
}
