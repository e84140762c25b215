import { Command, Option } from 'commander';
import {
  createPipeline,
  defaultOutputs,
  loadAnalyticsFile,
  loadOptionsFile,
  type OptionsInput,
} from '../app.js';
import { address, classList, inputSize, numberFrom, seconds, trackerOption } from './parse-values.js';
import { given } from './given.js';
import { runPipeline, type TalkFlags } from './run-pipeline.js';

interface TrackFlags extends TalkFlags {
  video?: string;
  jsonl?: string;
  mot?: string;
  fillGaps?: number;
  heatMap?: string;
  serve?: ReturnType<typeof address>;
  overwrite?: true;
  config?: string;
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
  tracker?: string;
  cameraMotion?: true;
  trackerOption?: ReturnType<typeof trackerOption>;
  zones?: string;
  start?: number;
  duration?: number;
  stride?: number;
  maxFrames?: number;
}

/** `sightline track`. @param onExit told the exit code. */
export function trackCommand(onExit: (code: number) => void): Command {
  return new Command('track')
    .description('find and follow objects in video files')
    .argument('<input...>', 'video files, images or http(s) addresses')
    .optionsGroup('Outputs (with none named: <name>.tracked.mp4 and <name>.jsonl here):')
    .option('--video <file>', 'annotated video; {name} stands for the name of the input')
    .option('--jsonl <file>', 'records, one a line; - for the standard output')
    .option('--mot <file>', 'tracks as MOTChallenge text; {name} stands for the name of the input')
    .option(
      '--fill-gaps <seconds>',
      'longest gap of a track that the MOTChallenge text fills with boxes in between',
      numberFrom(0, 86_400),
    )
    .option(
      '--heat-map <file>',
      'where objects spent their time, as PNG; {name} stands for the name of the input',
    )
    .option('--serve <port>', 'live page and WebSocket feed on 127.0.0.1, or on host:port', address)
    .option('--overwrite', 'replace existing files')
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
    .option('--classes <list>', 'classes to find, such as person,car=0.5', classList)
    .option('--agnostic', 'let boxes of different classes suppress each other')
    .option(
      '--max-detections <n>',
      'most detections in a frame (default: 300)',
      numberFrom(1, 100_000, 'integer'),
    )
    .optionsGroup('Tracking and counting:')
    .option('--tracker <name>', 'botsort, bytetrack, ocsort or sort (default: botsort)')
    .option('--camera-motion', 'the camera moves: let botsort find out how from the pictures')
    .option(
      '--tracker-option <key=value>',
      "parameter of the tracker under its authors' name, such as track_buffer=2; may be repeated",
      trackerOption,
    )
    .option('--zones <file>', 'YAML file with lines, zones and the like: docs/analytics.md')
    .optionsGroup('Part of the input:')
    .option('--start <time>', 'skip this much at the beginning (seconds or h:mm:ss)', seconds)
    .option('--duration <time>', 'process this much media time', seconds)
    .option('--stride <n>', 'process every n-th frame', numberFrom(1, 100_000, 'integer'))
    .option(
      '--max-frames <n>',
      'stop after this many processed frames',
      numberFrom(1, Number.MAX_SAFE_INTEGER, 'integer'),
    )
    .optionsGroup('General:')
    .option('--config <file>', 'YAML file with any of these options; flags win')
    .option('--quiet', 'print only warnings and errors')
    .option('--verbose', 'print details too')
    .addOption(
      new Option('--log-format <format>', 'form of what is printed')
        .choices(['pretty', 'json'])
        .default('pretty'),
    )
    .action(async (inputs: string[], flags: TrackFlags) => {
      onExit(await track(inputs, flags));
    });
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
  const { classes, serve } = flags;
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
        classes: classes?.names,
        classConfidence:
          classes === undefined || Object.keys(classes.confidence).length === 0
            ? undefined
            : classes.confidence,
        agnostic: flags.agnostic,
        maxDetections: flags.maxDetections,
      }),
    },
    track: {
      ...file.track,
      ...given({ tracker: flags.tracker, cameraMotion: flags.cameraMotion }),
      ...(flags.trackerOption !== undefined && {
        parameters: { ...file.track?.parameters, ...flags.trackerOption },
      }),
    },
    source: {
      ...file.source,
      ...given({
        start: flags.start,
        duration: flags.duration,
        stride: flags.stride,
        maxFrames: flags.maxFrames,
      }),
    },
    output: {
      ...file.output,
      ...given({
        video: flags.video,
        jsonl: flags.jsonl,
        mot: flags.mot,
        heatMap: flags.heatMap,
        fillGapsSeconds: flags.fillGaps,
        serve,
        overwrite: flags.overwrite,
      }),
    },
  };
}

function withDefaultOutputs(options: OptionsInput): OptionsInput {
  const { video, jsonl, mot, heatMap, serve } = options.output ?? {};
  const named = [video, jsonl, mot, heatMap, serve].some((output) => output !== undefined);
  return named ? options : { ...options, output: { ...options.output, ...defaultOutputs } };
}
