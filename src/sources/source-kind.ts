/** What makes a source one that can be asked for by its type: docs/extending.md. */
import type * as z from 'zod';
import type { Logger } from '../contract/logger.js';
import type { Source } from '../contract/source.js';
import type { FfmpegInstallation } from '../ffmpeg/find-ffmpeg.js';

/** What a run has for its sources. */
export interface SourceContext {
  /** The name that the source has to have. */
  readonly id: string;
  readonly logger: Logger;
  /** @throws SightlineError ERR_FFMPEG_NOT_FOUND */
  readonly ffmpeg: () => Promise<FfmpegInstallation>;
}

/** A source that can be asked for by its type: everything that belongs to it. */
export interface SourceKind<Options extends z.ZodObject = z.ZodObject, Type extends string = string> {
  /** What `type` of an entry of `sources` has to be: lower case, words joined by dashes. */
  readonly type: Type;
  /** One line about what it reads. */
  readonly doc: string;
  /** Its options besides `type`, `id` and `analytics`, which every source has; each described. */
  readonly options: Options;
  /** Path or address that it reads. The source is named after it, and no output may be that file. */
  address?(options: z.output<Options>): string | undefined;
  /** Options that mean several sources, such as a pattern of file names, as those of each. */
  expand?(options: z.output<Options>): Promise<readonly z.output<Options>[]>;
  /**
   * Makes a source. Called before a model is loaded; nothing may be opened or started before `open` of the source.
   * @throws SightlineError ERR_USAGE for options that cannot work, in one line.
   */
  create(options: z.output<Options>, context: SourceContext): Source | Promise<Source>;
}
