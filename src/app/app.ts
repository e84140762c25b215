/**
 * The composition root: the only file that knows every folder. Turns options into the parts of a run.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseOptions } from '../config/parse.js';
import type { OptionsInput } from '../config/schema.js';
import { SightlineError } from '../errors.js';
import { createHostedDetector } from '../model/host/supervisor.js';
import { loadManifest, MANIFEST_FILE } from '../model/manifest.js';
import { assemblePipeline } from '../pipeline/pipeline.js';
import { type Pipeline, withKinds } from './pipeline.js';
import type { Read } from './check-outputs.js';
import { planSinks } from './plan-sinks.js';
import { type PlannedSource, planSources } from './plan-sources.js';
import { concurrencyOf, createTools, type PipelineExtras } from './run-tools.js';
import { analyticsMaker } from './track-parts.js';
import { trackerSettings } from './tracker-settings.js';

/** The model that is used when none is named. */
export const BUNDLED_MODEL = fileURLToPath(new URL('../../models/street-b0', import.meta.url));

export { VERSION } from '../version.js';
export { loadAnalyticsFile, loadOptionsFile, loadReplayFile } from '../config/load.js';
export { DEFAULT_SINKS } from './plan-sinks.js';
export type { OptionsInput } from '../config/schema.js';
export type { Pipeline } from './pipeline.js';
export { createReplay, type ReplayInput } from './replay-run.js';
export type { PipelineExtras } from './run-tools.js';
export { sourceOfText } from '../sources/source-of-text.js';
export type { SourceProgress } from '../pipeline/source-books.js';

/** What a caller of {@link createPipeline} may bring along besides options. */
export interface RunExtras extends PipelineExtras {
  /** Whether the run goes on, until it is stopped, when no source is left; it may then begin without one. */
  readonly keepsRunning?: boolean;
  /** Whether frames have full-size images although no sink of the options needs them: one that is added later may. */
  readonly images?: boolean;
}

/**
 * Loads the model and prepares a run. Subscribe to `results` if you like, then call `run`.
 *
 * @typeParam Own options of kinds of the caller's own.
 * @throws SightlineError for options, model, backend or ffmpeg that cannot be used; nothing is left running.
 */
export async function createPipeline<Own extends { readonly type: string } = never>(
  options: OptionsInput<NoInfer<Own>>,
  extras: RunExtras = {},
): Promise<Pipeline<Own>> {
  const tools = await createTools(options, extras);
  const { kinds, trackers, logger } = tools;
  const checked = parseOptions(options, kinds);
  const planned = await planSources(checked, tools);
  if (planned.length === 0 && extras.keepsRunning !== true)
    throw new SightlineError('ERR_USAGE', 'there is nothing to look at; name at least one source');
  const plan = planSinks(checked, tools);
  const modelDir = checked.model.path ?? BUNDLED_MODEL;
  const others: Read[] = [...tools.reads, { what: 'model', file: join(modelDir, MANIFEST_FILE) }];
  const reads = (from: readonly PlannedSource[]): Read[] => [...readsOf(from), ...others];
  await plan.check(planned, reads(planned));
  const sources = await Promise.all(planned.map((source) => source.create()));
  const ownSinks = await Promise.all(
    planned.map(async (source) => [source.id, await plan.createOwn(source)] as const),
  );
  const sinks = await plan.createShared();

  // What is wrong with these is found here, before a model is loaded.
  const manifest = await loadManifest(modelDir);
  others.push({ what: 'model', file: join(modelDir, manifest.weights.file) });
  await plan.check(planned, others);
  const { tracking, detector: confidence } = trackerSettings(checked, manifest.defaults.confidence, trackers);
  const createTracker = trackers.prepare(tracking.tracker, tracking.parameters);
  const known = new Map(planned.map((source) => [source.id, source]));
  const analytics = analyticsMaker((id) => known.get(id)?.analytics, manifest.classes);
  for (const { analytics: rules } of [checked, ...planned]) analytics.check(rules);

  const { path: _path, batch, ...model } = checked.model;
  const run = assemblePipeline({
    detector: await createHostedDetector({
      ...model,
      modelDir,
      maxBatch: batch,
      ...checked.detect,
      confidence,
      logger,
      signal: extras.signal,
    }),
    sources,
    sinks,
    services: plan.services,
    ownSinks: new Map(ownSinks),
    tracking,
    createTracker,
    createAnalytics: (source) => analytics.create(source),
    framesInFlight: checked.framesInFlight,
    concurrency: concurrencyOf(checked),
    images: extras.images ?? false,
    keepsRunning: extras.keepsRunning ?? false,
    logger,
  });
  return withKinds<Own>(run, {
    async source(written, replaces, start) {
      const one = parseOptions({ sources: [written] }, kinds);
      const taken = replaces ? [] : [...known.keys()];
      const found = await planSources({ ...one, analytics: checked.analytics }, tools, taken);
      const [source] = found as [PlannedSource];
      if (found.length > 1)
        throw new SightlineError('ERR_USAGE', `one source is added at a time, but ${found.length} are meant`);
      analytics.check(source.analytics);
      const before = known.get(source.id);
      const all = [...known.values(), source].filter((other) => other !== before);
      await plan.check(all, reads(all));
      const [made, own] = [await source.create(), await plan.createOwn(source)];
      known.set(source.id, source);
      try {
        return await start(made, own);
      } catch (error) {
        if (before === undefined) known.delete(source.id);
        else known.set(source.id, before);
        throw error;
      }
    },
    remove: async (id, take) => {
      const before = known.get(id);
      const summary = await take();
      // Another one may have the name by now.
      if (known.get(id) === before) known.delete(id);
      return summary;
    },
    sink(written) {
      const [sink] = parseOptions({ sinks: [written] }, kinds).sinks;
      const sources = [...known.values()];
      return plan.createAnother(sink!, sources, reads(sources));
    },
  });
}

/** What sources read, which no output may be. */
function readsOf(sources: readonly PlannedSource[]): Read[] {
  return sources.flatMap(({ address }) => (address === undefined ? [] : { what: 'input', file: address }));
}
