/** What every run needs, whatever it looks at. */
import { availableParallelism } from 'node:os';
import { addKinds, BUILT_IN_KINDS, type Kinds, type OwnKinds } from '../config/kinds.js';
import { addModules, modulesFrom } from '../config/modules.js';
import { type Logger, SILENT_LOGGER } from '../contract/logger.js';
import { type FfmpegInstallation, findFfmpeg } from '../ffmpeg/find-ffmpeg.js';
import type { Read } from './check-outputs.js';
import { createTrackerRegistry, type TrackerRegistry } from '../tracking/registry.js';

/** What a caller may bring along besides options. */
export interface PipelineExtras {
  /** Kinds of the caller's own, which the options can then name. */
  readonly kinds?: OwnKinds;
  /** Where log lines go; nowhere if not given. */
  readonly logger?: Logger;
  /** Files that the options were read from, and what they are called in messages: no output may be one. */
  readonly reads?: readonly Read[];
  /** Gives up preparing the run when it aborts; to end a run call `stop`. */
  readonly signal?: AbortSignal;
}

/** What a run has for all of its parts. */
export interface RunTools {
  readonly kinds: Kinds;
  readonly trackers: TrackerRegistry;
  readonly logger: Logger;
  /** Files of the options that no output may be, modules among them. */
  readonly reads: readonly Read[];
  /** Looks for ffmpeg the first time. @throws SightlineError ERR_FFMPEG_NOT_FOUND */
  readonly ffmpeg: () => Promise<FfmpegInstallation>;
}

/** @throws SightlineError ERR_USAGE for kinds or modules that cannot be used. */
export async function createTools(
  { modules = [] }: { readonly modules?: readonly string[] | undefined },
  { kinds = {}, logger = SILENT_LOGGER, reads = [] }: PipelineExtras,
): Promise<RunTools> {
  const all = await addModules(addKinds(BUILT_IN_KINDS, kinds, 'the caller'), modules);
  let found: Promise<FfmpegInstallation> | undefined;
  return {
    kinds: all,
    trackers: createTrackerRegistry(all.trackers),
    logger,
    reads: [...reads, ...modulesFrom('.', modules).map((file) => ({ what: 'module', file }))],
    ffmpeg: () => (found ??= findFfmpeg()),
  };
}

/** Files that are worked on at the same time. */
export function concurrencyOf({ concurrency }: { readonly concurrency?: number | undefined }): number {
  return concurrency ?? Math.max(2, availableParallelism());
}
