/** What makes a sink one that can be asked for by its type: docs/extending.md. */
import type * as z from 'zod';
import type { Logger } from '../contract/logger.js';
import type { Sink } from '../contract/sink.js';
import type { FfmpegInstallation } from '../ffmpeg/find-ffmpeg.js';
import type { HttpServer } from '../server/http-server.js';

/** A source as a sink of its own knows it before it is opened. */
export interface SinkSource {
  readonly id: string;
  /** Path or address that it reads, if it has one. */
  readonly address?: string | undefined;
  /** Whether its analytics makes a heat map. */
  readonly heatMap: boolean;
}

/** What a run has for its sinks. */
export interface SinkContext {
  readonly logger: Logger;
  /** Whether existing files may be replaced. */
  readonly overwrite: boolean;
  /** The source whose results it takes; undefined for a sink that takes those of every source. */
  readonly source: SinkSource | undefined;
  /** Where a sink can answer people, if the run has a server; the run starts and closes it. */
  readonly server: HttpServer | undefined;
  /** @throws SightlineError ERR_FFMPEG_NOT_FOUND */
  readonly ffmpeg: () => Promise<FfmpegInstallation>;
}

/** A sink that can be asked for by its type: everything that belongs to it. */
export interface SinkKind<Options extends z.ZodObject = z.ZodObject, Type extends string = string> {
  /** What `type` of an entry of `sinks` has to be: lower case, words joined by dashes. */
  readonly type: Type;
  /** One line about what it writes or sends. */
  readonly doc: string;
  /** Its options besides `type`, each described. */
  readonly options: Options;
  /**
   * Names of those options that are files which it writes. `{source}` in one of them stands for the id of a source, and each
   * source then has a sink of its own.
   */
  readonly files?: readonly (keyof z.output<Options> & string)[];
  /** Whether one of it can hold the results of one source only. */
  readonly oneSource?: boolean;
  /** Whether it also does its work where a replay has no images, though it asks for them. */
  readonly worksBlind?: boolean;
  /**
   * Makes a sink. Called before a model is loaded; nothing may be opened or started before `prepare` of the sink.
   * @throws SightlineError ERR_USAGE for options that cannot work, in one line.
   */
  create(options: z.output<Options>, context: SinkContext): Sink | Promise<Sink>;
}
