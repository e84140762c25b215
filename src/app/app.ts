/**
 * The composition root: the only file that knows every folder. Turns options into the parts of a run.
 */
import { fileURLToPath } from 'node:url';
import { parseOptions } from '../config/parse.js';
import type { OptionsInput } from '../config/schema.js';
import { findFfmpeg } from '../ffmpeg/find-ffmpeg.js';
import { createHostedDetector } from '../model/host/supervisor.js';
import { loadManifest } from '../model/manifest.js';
import {
  checkDistinctOutputs,
  checkHeatMaps,
  checkNotRead,
  nameInputs,
  ownSinksOf,
  sharedOutputs,
} from './outputs.js';
import { assemblePipeline, type Pipeline } from '../pipeline/pipeline.js';
import { SILENT_LOGGER } from '../contract/logger.js';
import { createFileSource } from '../sources/file/file-source.js';
import { createTrackerRegistry, TRACKERS } from '../tracking/registry.js';
import { analyticsMaker, type PipelineExtras } from './track-parts.js';
import { trackerSettings } from './tracker-settings.js';

/** The model that is used when none is named. */
export const BUNDLED_MODEL = fileURLToPath(new URL('../../models/street-b0', import.meta.url));

export { VERSION } from '../version.js';
export { loadAnalyticsFile, loadOptionsFile, loadReplayFile } from '../config/load.js';
export { defaultOutputs } from './outputs.js';
export type { OptionsInput } from '../config/schema.js';
export type { Pipeline } from '../pipeline/pipeline.js';
export { createReplay, type ReplayInput } from './replay-run.js';
export type { PipelineExtras } from './track-parts.js';
export type { SourceProgress } from '../pipeline/source-books.js';

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
  checkHeatMaps(
    checked,
    inputs.map(({ id }) => id),
  );
  await checkNotRead(checked, inputs, checked.inputs, 'input');
  const ownSinks = new Map(inputs.map((input) => [input.id, ownSinksOf(input, checked, ffmpeg, logger)]));
  const sources = inputs.map(({ id, input }) =>
    createFileSource({ id, path: input, ffmpeg, logger, ...checked.source }),
  );
  const modelDir = checked.model.path ?? BUNDLED_MODEL;
  const manifest = await loadManifest(modelDir);
  // What is wrong with these is found here, before a model is loaded.
  const trackers = createTrackerRegistry([...TRACKERS, ...(extras.trackers ?? [])]);
  const settings = trackerSettings(checked, manifest.defaults.confidence, trackers);
  const makeTracker = trackers.prepare(settings.tracking.tracker, settings.tracking.parameters);
  const makeAnalytics = analyticsMaker(
    checked,
    inputs.map(({ id }) => id),
    manifest.classes,
  );
  const { device, size, threads, batch, gpu, precision, modules } = checked.model;
  const { confidence: _asked, ...detect } = checked.detect;
  const detector = await createHostedDetector({
    modelDir,
    device,
    size,
    threads,
    gpu,
    precision,
    modules,
    maxBatch: batch,
    ...detect,
    confidence: settings.detector,
    logger,
    signal: extras.signal,
  });
  const { sinks, services } = sharedOutputs(checked, logger);
  return assemblePipeline({
    detector,
    sources,
    sinks: [...sinks, ...(extras.sinks ?? [])],
    ownSinks,
    services,
    tracking: settings.tracking,
    createTracker: makeTracker,
    createAnalytics: makeAnalytics,
    framesInFlight: checked.framesInFlight,
    concurrency: checked.concurrency,
    logger,
  });
}
