/**
 * The composition root: the only file that knows every folder. Turns options into the parts of a run.
 */
import { fileURLToPath } from 'node:url';
import { createAnalytics } from './analytics/analytics.js';
import { parseOptions } from './config/parse.js';
import type { Options, OptionsInput } from './config/schema.js';
import { SightlineError } from './errors.js';
import { findFfmpeg } from './ffmpeg/find-ffmpeg.js';
import { createHostedDetector } from './model/host/supervisor.js';
import { loadManifest } from './model/manifest.js';
import { checkDistinctOutputs, nameInputs, ownSinksOf, sharedSinks } from './outputs.js';
import { assemblePipeline, type Pipeline } from './pipeline/pipeline.js';
import { SILENT_LOGGER } from './silent-logger.js';
import { createFileSource } from './sources/file-source.js';
import { trackerSettings } from './tracker-settings.js';
import { createTracker } from './tracking/tracker.js';
import type { Analytics, Logger, Sink, SourceInfo, Tracker, TrackingInfo } from './types.js';

/** The model that is used when none is named. */
export const BUNDLED_MODEL = fileURLToPath(new URL('../models/street-b0', import.meta.url));

export { VERSION } from './version.js';
export { loadAnalyticsFile, loadOptionsFile } from './config/load.js';
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
  const manifest = await loadManifest(modelDir);
  // What is wrong with these is found here, before a model is loaded.
  const settings = trackerSettings(checked, manifest.defaults.confidence);
  const makeTracker = trackerMaker(settings.tracking);
  const makeAnalytics = analyticsMaker(
    checked,
    inputs.map(({ id }) => id),
    manifest.classes,
  );
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
    confidence: settings.detector,
    logger,
  });
  const pipeline = assemblePipeline({
    detector,
    sources,
    sinks: [...sharedSinks(checked, logger), ...(extras.sinks ?? [])],
    ownSinks,
    tracking: settings.tracking,
    createTracker: makeTracker,
    createAnalytics: makeAnalytics,
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

/** @throws SightlineError ERR_USAGE for parameters that the tracker does not have or that are out of range. */
function trackerMaker({ tracker, parameters }: TrackingInfo): () => Tracker {
  createTracker(tracker, parameters);
  return () => createTracker(tracker, parameters);
}

/** Wider than any picture, so that only what is wrong in itself is found. */
const ANY_PICTURE = 1_000_000;

/** @throws SightlineError ERR_USAGE for rules that cannot work in any picture, or that belong to no input. */
function analyticsMaker(
  { analytics, analyticsBySource = {} }: Pick<Options, 'analytics' | 'analyticsBySource'>,
  ids: readonly string[],
  classes: readonly string[],
): (source: SourceInfo) => Analytics | undefined {
  for (const config of [analytics, ...Object.values(analyticsBySource)]) {
    if (config !== undefined)
      createAnalytics(config, { id: '', width: ANY_PICTURE, height: ANY_PICTURE, classes });
  }
  const unknown = Object.keys(analyticsBySource).find((id) => !ids.includes(id));
  if (unknown !== undefined) {
    throw new SightlineError(
      'ERR_USAGE',
      `analyticsBySource names "${unknown}", which is no input; the inputs are ${ids.join(', ')}`,
    );
  }
  return ({ id, width, height }) => {
    const config = analyticsBySource[id] ?? analytics;
    return config && createAnalytics(config, { id, width, height, classes });
  };
}
