import { Command, Option } from 'commander';
import {
  createPipeline,
  defaultOutputs,
  loadAnalyticsFile,
  loadOptionsFile,
  type OptionsInput,
  type Pipeline,
} from '../app.js';
import { isSightlineError } from '../errors.js';
import type { RunSummary } from '../types.js';
import { EXIT, exitCodeOfRun } from './exit-codes.js';
import { createLogger } from './logger.js';
import { address, classList, inputSize, numberFrom, seconds, trackerOption } from './parse-values.js';
import { startProgressLine } from './progress-line.js';
import { summaryText } from './summary.js';

interface TrackFlags {
  video?: string;
  jsonl?: string;
  mot?: string;
  serve?: ReturnType<typeof address>;
  overwrite?: true;
  config?: string;
  model?: string;
  device?: string;
  size?: ReturnType<typeof inputSize>;
  threads?: number;
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
  quiet?: true;
  verbose?: true;
  logFormat: 'json' | 'pretty';
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
  const pretty = flags.logFormat === 'pretty';
  const showsLine = pretty && flags.quiet !== true && process.stderr.isTTY;
  let pipeline: Pipeline | undefined;
  const line = startProgressLine(process.stderr, showsLine, () => pipeline?.progress() ?? []);
  const logger = createLogger({
    format: flags.logFormat,
    level: flags.quiet === true ? 'warn' : flags.verbose === true ? 'debug' : 'info',
    write: line.print,
  });
  const interrupts = watchInterrupts(() => {
    pipeline?.stop();
    logger.warn({}, 'stopping: files are being finished; interrupt again to end at once');
  });
  try {
    pipeline = await createPipeline(options, { logger });
    if (interrupts.count() > 0) pipeline.stop();
    pipeline.events.subscribe(({ sourceId, state }) => {
      logger.debug({ source: sourceId }, state);
    });
    const summary = await pipeline.run();
    line.stop();
    report(summary, flags, logger, line.print);
    return exitCodeOfRun(summary, interrupts.count() > 0);
  } finally {
    line.stop();
    interrupts.dispose();
  }
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
      ...given({ video: flags.video, jsonl: flags.jsonl, mot: flags.mot, serve, overwrite: flags.overwrite }),
    },
  };
}

function withDefaultOutputs(options: OptionsInput): OptionsInput {
  const { video, jsonl, mot, serve } = options.output ?? {};
  const named = [video, jsonl, mot, serve].some((output) => output !== undefined);
  return named ? options : { ...options, output: { ...options.output, ...defaultOutputs } };
}

/** The entries that are not undefined. */
function given<T extends object>(entries: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

function report(
  summary: RunSummary,
  flags: TrackFlags,
  logger: ReturnType<typeof createLogger>,
  print: (text: string) => void,
): void {
  for (const source of summary.sources) {
    if (source.error !== undefined) logger.error({}, source.error.message);
  }
  if (flags.quiet === true) return;
  if (flags.logFormat === 'json') logger.info({ summary: plainSummary(summary) }, 'done');
  else if (summary.sources.some(({ frames }) => frames.decoded > 0)) print(summaryText(summary));
}

/** Errors do not survive JSON; their code and message do. */
function plainSummary(summary: RunSummary): unknown {
  return JSON.parse(
    JSON.stringify(summary, (_key, value: unknown) =>
      value instanceof Error
        ? { message: value.message, ...(isSightlineError(value) && { code: value.code }) }
        : value,
    ),
  );
}

/** The first interrupt asks the run to end well; the second ends the process. */
function watchInterrupts(onFirst: () => void): { count(): number; dispose(): void } {
  let interrupts = 0;
  const onSignal = (): void => {
    interrupts++;
    if (interrupts > 1) process.exit(EXIT.interrupted);
    onFirst();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    count: () => interrupts,
    dispose() {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
