/** From the names in the options to inputs with ids and the sinks that their results go to. */
import { stat } from 'node:fs/promises';
import { basename, extname, resolve } from 'node:path';
import type { Options } from '../config/schema.js';
import { SightlineError } from '../errors.js';
import type { FfmpegInstallation } from '../ffmpeg/find-ffmpeg.js';
import { createHeatMapSink } from '../sinks/heat-map/heat-map-sink.js';
import { createJsonlSink } from '../sinks/jsonl/jsonl-sink.js';
import { createMotSink } from '../sinks/mot/mot-sink.js';
import { createVideoSink } from '../sinks/video/video-sink.js';
import { createFeedSink } from '../sinks/feed/feed-sink.js';
import { createHttpServer } from '../server/http-server.js';
import type { Logger } from '../contract/logger.js';
import type { Service } from '../contract/service.js';
import type { Sink } from '../contract/sink.js';
import { analyticsOf } from './track-parts.js';

/** Where results go when the caller names no output. */
export const defaultOutputs = { video: '{name}.tracked.mp4', jsonl: '{name}.jsonl' } as const;

/** Sinks that take the results of every source, and the services that they stand on. */
export function sharedOutputs(
  { output }: Pick<Options, 'output'>,
  logger: Logger,
): { readonly sinks: readonly Sink[]; readonly services: readonly Service[] } {
  const { jsonl, serve, overwrite } = output;
  const sinks: Sink[] = [];
  const services: Service[] = [];
  if (jsonl !== undefined && !jsonl.includes('{name}'))
    sinks.push(createJsonlSink({ path: jsonl, overwrite }));
  if (serve !== undefined) {
    const server = createHttpServer({ ...serve, logger });
    services.push(server);
    sinks.push(createFeedSink({ server, logger }));
  }
  return { sinks, services };
}

/** Sinks that take the results of one source only. */
export function ownSinksOf(
  { id, input }: NamedInput,
  { output }: Pick<Options, 'output'>,
  ffmpeg: FfmpegInstallation | undefined,
  logger: Logger,
): Sink[] {
  const { video, jsonl, mot, heatMap, overwrite, fillGapsSeconds } = output;
  const named = (path: string): string => withName(path, id);
  const sinks: Sink[] = [];
  if (video !== undefined) {
    if (ffmpeg === undefined) throw new TypeError('a video output needs ffmpeg');
    sinks.push(createVideoSink({ path: named(video), ffmpeg, overwrite, audioFrom: input, logger }));
  }
  if (jsonl?.includes('{name}') === true) sinks.push(createJsonlSink({ path: named(jsonl), overwrite }));
  if (mot !== undefined) sinks.push(createMotSink({ path: named(mot), overwrite, fillGapsSeconds }));
  if (heatMap !== undefined) sinks.push(createHeatMapSink({ path: named(heatMap), overwrite }));
  return sinks;
}

/** No two outputs may share a file, and a file that belongs to one input cannot take two. */
export function checkDistinctOutputs(
  { output }: Pick<Options, 'output'>,
  inputs: readonly NamedInput[],
): void {
  const files = fileOutputs(output).map(([, path]) => resolve(path));
  const twice = fileOutputs(output).find(([, path], at) => files.indexOf(resolve(path)) < at)?.[1];
  if (twice !== undefined) {
    throw new SightlineError('ERR_USAGE', `"${twice}" is named for two outputs; give each a file of its own`);
  }
  if (inputs.length < 2) return;
  for (const [flag, path] of [
    ['--video', output.video],
    ['--mot', output.mot],
    ['--heat-map', output.heatMap],
  ] as const) {
    if (path === undefined || path.includes('{name}')) continue;
    throw new SightlineError(
      'ERR_USAGE',
      `${flag} "${path}" would take ${inputs.length} inputs; put {name} into it, which stands for the name of each input`,
    );
  }
}

/** A heat map can only be written of an input whose analytics makes one. */
export function checkHeatMaps(
  options: Pick<Options, 'output' | 'analytics' | 'analyticsBySource'>,
  ids: readonly string[],
): void {
  const { heatMap } = options.output;
  if (heatMap === undefined) return;
  const without = ids.find((id) => analyticsOf(options, id)?.heatMap === undefined);
  if (without === undefined) return;
  throw new SightlineError(
    'ERR_USAGE',
    `--heat-map "${heatMap}" needs a heat map of "${without}"; put "heatMap: {}" into its analytics or zones file`,
  );
}

/**
 * No output may be a file that the run reads, under whatever name: with `overwrite` it would be gone before it is read.
 * @param what the reads are called in the message.
 */
export async function checkNotRead(
  { output }: Pick<Options, 'output'>,
  inputs: readonly NamedInput[],
  reads: readonly string[],
  what: 'input' | 'recording',
): Promise<void> {
  const read = new Set((await Promise.all(reads.map(fileNumber))).filter((number) => number !== undefined));
  for (const [flag, path] of fileOutputs(output)) {
    for (const file of new Set(inputs.map(({ id }) => withName(path, id)))) {
      const number = await fileNumber(file);
      if (number === undefined || !read.has(number)) continue;
      throw new SightlineError('ERR_USAGE', `${flag} "${file}" is the ${what} itself; name another file`);
    }
  }
}

/** The name stands there as it is, whatever `$&` may mean in a replacement. */
function withName(path: string, id: string): string {
  return path.replaceAll('{name}', () => id);
}

/** The outputs that are files, by their flags. */
function fileOutputs({ video, jsonl, mot, heatMap }: Options['output']): [string, string][] {
  const named = { '--video': video, '--jsonl': jsonl, '--mot': mot, '--heat-map': heatMap };
  return Object.entries(named).filter(
    (entry): entry is [string, string] => ![undefined, '-'].includes(entry[1]),
  );
}

/** Links of both kinds lead to the same number; undefined if there is no such file. */
async function fileNumber(path: string): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() === true ? `${found.dev}:${found.ino}` : undefined;
}

/** An input and the id of its source. */
export interface NamedInput {
  readonly id: string;
  readonly input: string;
}

/** Ids for inputs: the file's name without its extension, made unique by a number. */
export function nameInputs(inputs: readonly string[]): NamedInput[] {
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
