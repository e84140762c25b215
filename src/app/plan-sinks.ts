/** From the list of sinks in the options to sinks for all sources and for each. */
import type { Entry, Kinds } from '../config/kinds.js';
import type { Options } from '../config/schema.js';
import type { Service } from '../contract/service.js';
import type { Sink } from '../contract/sink.js';
import { SightlineError } from '../errors.js';
import { checkSink } from '../options/check-parts.js';
import { createHttpServer } from '../server/http-server.js';
import type { SinkKind, SinkSource } from '../sinks/sink-kind.js';
import { checkOutputs, type Output, type Read } from './check-outputs.js';
import { isReadyMade, kindOf } from './plan-sources.js';
import type { RunTools } from './run-tools.js';

/** What stands for the id of a source in the name of a file. */
const TEMPLATE = '{source}';

/** Where results go when the caller names no sink. */
export const DEFAULT_SINKS = [
  { type: 'video', path: `${TEMPLATE}.tracked.mp4` },
  { type: 'jsonl', path: `${TEMPLATE}.jsonl` },
] as const;

/** The sinks of a run, before they are made. */
export interface SinkPlan {
  /** What the sinks stand on: the HTTP server, if there is to be one. */
  readonly services: readonly Service[];
  /**
   * No two outputs may share a file, none may be one of `reads`, and one for one source cannot take two.
   * @throws SightlineError ERR_USAGE
   */
  check(sources: readonly SinkSource[], reads?: readonly Read[]): Promise<void>;
  /** Sinks that take the results of every source. */
  createShared(): Promise<Sink[]>;
  /** Sinks that take the results of one source only. */
  createOwn(source: SinkSource): Promise<Sink[]>;
  /** One more that takes the results of every source; it is checked as the others are. */
  createAnother(entry: Entry | Sink, sources: readonly SinkSource[], reads: readonly Read[]): Promise<Sink>;
  /** Whether a sink that asks for images also does its work without them. */
  worksBlind(sink: Sink): boolean;
}

/** @param options checked. */
export function planSinks(
  { sinks, server: where, overwrite }: Pick<Options, 'sinks' | 'server' | 'overwrite'>,
  { kinds, ...tools }: RunTools,
): SinkPlan {
  for (const sink of sinks) if (isReadyMade(sink)) checkSink(sink);
  const blind = new WeakSet<Sink>();
  const server = where && createHttpServer({ ...where, logger: tools.logger });
  const entries =
    sinks.some((sink) => !isReadyMade(sink) && sink.type === 'feed') || server === undefined
      ? sinks
      : [...sinks, { type: 'feed' }];
  const create = async ({ type, ...options }: Entry, source?: SinkSource): Promise<Sink> => {
    const kind = kindOf(kinds.sinks, type);
    const sink = await kind.create(options, { ...tools, overwrite, server, source });
    checkSink(sink, `what the kind "${type}" made`);
    if (kind.worksBlind === true) blind.add(sink);
    return sink;
  };
  return {
    services: server === undefined ? [] : [server],
    check: (sources, reads = []) => checkOutputs(outputsOf(entries, kinds, sources), reads),
    createShared: () =>
      Promise.all(
        entries
          .filter((entry) => isReadyMade(entry) || !isForOne(entry, kinds))
          .map((entry) => (isReadyMade(entry) ? Promise.resolve(entry) : create(entry))),
      ),
    createOwn: (source) =>
      Promise.all(
        entries.flatMap((entry) =>
          isReadyMade(entry) || !isForOne(entry, kinds) ? [] : [create(named(entry, kinds, source), source)],
        ),
      ),
    async createAnother(entry, sources, reads) {
      if (isReadyMade(entry)) return checkSink(entry);
      if (isForOne(entry, kinds))
        throw usage(`a sink of type ${entry.type} takes one source; hand it to "addSource", made already`);
      await checkOutputs(outputsOf([...entries, entry], kinds, sources), reads);
      return create(entry);
    },
    worksBlind: (sink) => blind.has(sink),
  };
}

/** All files that will be written. */
function outputsOf(
  entries: readonly (Entry | Sink)[],
  kinds: Kinds,
  sources: readonly SinkSource[],
): readonly Output[] {
  return entries.flatMap((entry) => {
    if (isReadyMade(entry)) return [];
    const { type } = entry;
    const kind = kindOf(kinds.sinks, type);
    const files = filesOf(entry, kind);
    const old = files.find(([, path]) => path.includes('{name}'));
    if (old !== undefined)
      throw usage(
        `the ${type} output "${old[1]}" has {name} in it; that is ${TEMPLATE} now, the id of the source`,
      );
    if (!isForOne(entry, kinds)) return files.map(([, path]) => ({ type, path }));
    const single = files.find(([, path]) => !path.includes(TEMPLATE));
    if (single !== undefined && sources.length > 1) {
      throw usage(
        `the ${type} output "${single[1]}" would take ${sources.length} sources; put ${TEMPLATE} into it, which stands for the id of each`,
      );
    }
    return sources.flatMap((source) =>
      filesOf(named(entry, kinds, source), kind).map(([, path]) => ({ type, path })),
    );
  });
}

/** Whether each source has a sink of its own. */
function isForOne(entry: Entry, kinds: Kinds): boolean {
  const kind = kindOf(kinds.sinks, entry.type);
  return kind.oneSource === true || filesOf(entry, kind).some(([, path]) => path.includes(TEMPLATE));
}

/** The id stands there as it is, whatever `$&` may mean in a replacement; only a slash would lead elsewhere. */
function named(entry: Entry, kinds: Kinds, { id }: SinkSource): Entry {
  const files = filesOf(entry, kindOf(kinds.sinks, entry.type));
  const safe = id.replaceAll(/[/\\]/g, '_');
  const settled = files.map(([option, path]) => [option, path.replaceAll(TEMPLATE, () => safe)] as const);
  return { ...entry, ...Object.fromEntries(settled) };
}

/** Options that are files, with what they say. */
function filesOf(entry: Entry, { files = [] }: SinkKind): (readonly [option: string, path: string])[] {
  return files.flatMap((option) => {
    const path = entry[option];
    return typeof path === 'string' ? [[option, path] as const] : [];
  });
}

function usage(message: string): SightlineError {
  return new SightlineError('ERR_USAGE', message);
}
