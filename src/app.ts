/**
 * The composition root: the only file that knows every folder. Turns options into the parts of a run.
 */
import { basename, extname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseOptions } from './config/parse.js';
import type { Options, OptionsInput } from './config/schema.js';
import { SightlineError } from './errors.js';
import { type FfmpegInstallation, findFfmpeg } from './ffmpeg/find-ffmpeg.js';
import { createHostedDetector } from './model/host/supervisor.js';
import { loadManifest } from './model/manifest.js';
import { assemblePipeline, type Pipeline } from './pipeline/pipeline.js';
import { createJsonlSink } from './sinks/jsonl-sink.js';
import { createMotSink } from './sinks/mot-sink.js';
import { createVideoSink } from './sinks/video-sink.js';
import { createWebSocketServerSink } from './sinks/websocket/server-sink.js';
import { SILENT_LOGGER } from './silent-logger.js';
import { createFileSource } from './sources/file-source.js';
import { type ByteTrackOptions, createByteTracker } from './tracking/byte-tracker.js';
import type { Logger, Sink } from './types.js';

/** The model that is used when none is named. */
export const BUNDLED_MODEL = fileURLToPath(new URL('../models/street-b0', import.meta.url));

export { VERSION } from './version.js';
export { loadOptionsFile } from './config/load.js';
export type { OptionsInput } from './config/schema.js';
export type { Pipeline } from './pipeline/pipeline.js';
export type { SourceProgress } from './pipeline/run-source.js';

/** What a caller may bring along besides options. */
export interface PipelineExtras {
  /** More sinks, given every result of every source. */
  readonly sinks?: readonly Sink[];
  /** Where log lines go; nowhere if not given. */
  readonly logger?: Logger;
}

/**
 * Loads the model and prepares a run. Subscribe to `results` if you like, then call `run`.
 *
 * @throws SightlineError for options, model, backend or ffmpeg that cannot be used; nothing is left running.
 */
export async function createPipeline(options: OptionsInput, extras: PipelineExtras = {}): Promise<Pipeline> {
  const checked = parseOptions(options);
  const logger = extras.logger ?? SILENT_LOGGER;
  const ffmpeg = await findFfmpeg();
  const inputs = nameInputs(checked.inputs);
  checkDistinctOutputs(checked, inputs);
  const ownSinks = new Map(inputs.map((input) => [input.id, ownSinksOf(input, checked, ffmpeg, logger)]));
  const sources = inputs.map(({ id, input }) =>
    createFileSource({ id, path: input, ffmpeg, logger, ...checked.source }),
  );
  const modelDir = checked.model.path ?? BUNDLED_MODEL;
  const thresholds = splitConfidence(checked, (await loadManifest(modelDir)).defaults.confidence);
  // Wrong thresholds are found here, before a model is loaded.
  createByteTracker(thresholds.tracker);
  const { device, size, threads, batch, gpu, modules } = checked.model;
  const { confidence: _asked, ...detect } = checked.detect;
  const detector = await createHostedDetector({
    modelDir,
    device,
    size,
    threads,
    gpu,
    modules,
    maxBatch: batch,
    ...detect,
    confidence: thresholds.detector,
    logger,
  });
  const pipeline = assemblePipeline({
    detector,
    sources,
    sinks: [...sharedSinks(checked, logger), ...(extras.sinks ?? [])],
    ownSinks,
    createTracker: () => createByteTracker(thresholds.tracker),
    framesInFlight: checked.framesInFlight,
    concurrency: checked.concurrency,
    logger,
  });
  return {
    ...pipeline,
    async run() {
      try {
        return await pipeline.run();
      } finally {
        await detector.close();
      }
    },
  };
}

/**
 * How the confidence that a user asks for is split between detector and tracker.
 *
 * It is ByteTrack's high threshold; a track begins a little above it. The detector lets weaker boxes through, down to the
 * tracker's low threshold, because ByteTrack uses them to follow objects that are half hidden. Thresholds by class are
 * kept to the letter: below them nothing passes, and the tracker starts from the lowest of them.
 */
function splitConfidence(
  { detect, track }: Pick<Options, 'detect' | 'track'>,
  modelConfidence: number,
): { readonly detector: number; readonly tracker: ByteTrackOptions } {
  const asked = detect.confidence ?? modelConfidence;
  const byClass = Object.values(detect.classConfidence ?? {});
  const trackHighThresh = track.highThreshold ?? Math.min(asked, ...byClass);
  const trackLowThresh = Math.min(track.lowThreshold, trackHighThresh);
  return {
    detector: byClass.length > 0 ? asked : Math.min(asked, trackLowThresh),
    tracker: {
      trackHighThresh,
      trackLowThresh,
      ...(track.newTrackThreshold !== undefined && { newTrackThresh: track.newTrackThreshold }),
      matchThresh: track.matchThreshold,
      trackBuffer: track.bufferSeconds,
    },
  };
}

/** Where results go when the caller names no output. */
export const defaultOutputs = { video: '{name}.tracked.mp4', jsonl: '{name}.jsonl' } as const;

function sharedSinks({ output }: Options, logger: Logger): Sink[] {
  const { jsonl, serve, overwrite } = output;
  const sinks: Sink[] = [];
  if (jsonl !== undefined && !jsonl.includes('{name}'))
    sinks.push(createJsonlSink({ path: jsonl, overwrite, logger }));
  if (serve !== undefined) sinks.push(createWebSocketServerSink({ ...serve, logger }));
  return sinks;
}

function ownSinksOf(
  { id, input }: NamedInput,
  { output }: Options,
  ffmpeg: FfmpegInstallation,
  logger: Logger,
): Sink[] {
  const { video, jsonl, mot, overwrite } = output;
  const named = (path: string): string => path.replaceAll('{name}', id);
  const sinks: Sink[] = [];
  if (video !== undefined) {
    sinks.push(createVideoSink({ path: named(video), ffmpeg, overwrite, audioFrom: input, logger }));
  }
  if (jsonl?.includes('{name}') === true)
    sinks.push(createJsonlSink({ path: named(jsonl), overwrite, logger }));
  if (mot !== undefined) sinks.push(createMotSink({ path: named(mot), overwrite }));
  return sinks;
}

/** No two outputs may share a file, and a file that belongs to one input cannot take two. */
function checkDistinctOutputs({ output }: Options, inputs: readonly NamedInput[]): void {
  const files = [output.video, output.jsonl, output.mot].filter((path) => path !== undefined && path !== '-');
  const twice = files.find((path, at) => files.findIndex((other) => resolve(other!) === resolve(path!)) < at);
  if (twice !== undefined) {
    throw new SightlineError('ERR_USAGE', `"${twice}" is named for two outputs; give each a file of its own`);
  }
  if (inputs.length < 2) return;
  for (const [flag, path] of [
    ['--video', output.video],
    ['--mot', output.mot],
  ] as const) {
    if (path === undefined || path.includes('{name}')) continue;
    throw new SightlineError(
      'ERR_USAGE',
      `${flag} "${path}" would take ${inputs.length} inputs; put {name} into it, which stands for the name of each input`,
    );
  }
}

/** An input and the id of its source. */
interface NamedInput {
  readonly id: string;
  readonly input: string;
}

/** Ids for inputs: the file's name without its extension, made unique by a number. */
function nameInputs(inputs: readonly string[]): NamedInput[] {
  const taken = new Set<string>();
  return inputs.map((input) => {
    const address =
      /^[a-z][a-z0-9+.-]+:\/\//i.test(input) && URL.canParse(input) ? new URL(input).pathname : input;
    const name = basename(address, extname(address)) || 'input';
    let id = name;
    for (let number = 2; taken.has(id); number++) id = `${name}-${number}`;
    taken.add(id);
    return { id, input };
  });
}
