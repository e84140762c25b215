/**
 * The composition root: the only file that knows every folder. Turns options into the parts of a run.
 */
import { fileURLToPath } from 'node:url';
import { parseOptions } from './config/parse.js';
import type { Options, OptionsInput } from './config/schema.js';
import { findFfmpeg } from './ffmpeg/find-ffmpeg.js';
import { createHostedDetector } from './model/host/supervisor.js';
import { loadManifest } from './model/manifest.js';
import { checkDistinctOutputs, nameInputs, ownSinksOf, sharedSinks } from './outputs.js';
import { assemblePipeline, type Pipeline } from './pipeline/pipeline.js';
import { SILENT_LOGGER } from './silent-logger.js';
import { createFileSource } from './sources/file-source.js';
import { type ByteTrackOptions, createByteTracker } from './tracking/byte-tracker.js';
import type { Logger, Sink } from './types.js';

/** The model that is used when none is named. */
export const BUNDLED_MODEL = fileURLToPath(new URL('../models/street-b0', import.meta.url));

export { VERSION } from './version.js';
export { loadOptionsFile } from './config/load.js';
export { defaultOutputs } from './outputs.js';
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
