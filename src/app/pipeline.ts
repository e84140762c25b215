/** A pipeline that takes options where the one within takes objects. */
import type { SinkInput } from '../config/kinds.js';
import type { SourceInput } from '../config/schema.js';
import type { SourceSummary } from '../contract/run.js';
import type { Sink } from '../contract/sink.js';
import type { Source } from '../contract/source.js';
import { checkSink } from '../options/check-parts.js';
import type { Pipeline as AssembledPipeline } from '../pipeline/pipeline.js';

/** Options of a source of whatever kind, or a source. */
export type SourceLike = string | SourceInput | Source;
/** Options of a sink of whatever kind, or a sink. */
export type SinkLike = SinkInput | Sink;

/** A run that can be watched, changed and stopped. @typeParam Own options of kinds of the caller's own. */
export interface Pipeline<Own extends { readonly type: string } = never> extends Omit<
  AssembledPipeline,
  'addSource' | 'replaceSource' | 'addSink'
> {
  /**
   * One more source, by its options or already made. Sinks of the run's options that are for each source are made for it too.
   * @param ownSinks more sinks, which take its results only.
   * @returns its id.
   * @throws SightlineError ERR_USAGE for options that cannot work, if the id is taken or the run is over; what preparing
   * its sinks throws.
   */
  addSource(source: SourceLike | Own, ownSinks?: readonly Sink[]): Promise<string>;
  /** Ends the source of this id and its own sinks, and starts another one under the same id. @returns what became of it. */
  replaceSource(source: SourceLike | Own, ownSinks?: readonly Sink[]): Promise<SourceSummary>;
  /**
   * One more sink for the results of every source, by its options or already made.
   * @returns the sink, which `removeSink` takes.
   * @throws SightlineError ERR_USAGE for options that cannot work, or if it needs images that running sources do not have;
   * what `prepare` throws.
   */
  addSink(sink: SinkLike | Own): Promise<Sink>;
}

/** How options become parts. */
interface Makers<Own> {
  /**
   * Makes a source and the sinks that go with it, and remembers them if `start` succeeds.
   * @param replaces whether it takes the place of the one of the same id.
   */
  readonly source: <T>(
    written: SourceLike | Own,
    replaces: boolean,
    start: (source: Source, own: readonly Sink[]) => Promise<T>,
  ) => Promise<T>;
  readonly sink: (written: SinkLike | Own) => Promise<Sink>;
  /** Takes a source out of the run; its id and its files are free then. */
  readonly remove: <T>(id: string, take: () => Promise<T>) => Promise<T>;
}

/** Lets a pipeline take options. */
export function withKinds<Own extends { readonly type: string }>(
  run: AssembledPipeline,
  make: Makers<Own>,
): Pipeline<Own> {
  return {
    results: run.results,
    analytics: run.analytics,
    statuses: run.statuses,
    progress: () => run.progress(),
    run: () => run.run(),
    stop: () => {
      run.stop();
    },
    close: () => run.close(),
    [Symbol.asyncDispose]: () => run.close(),
    addSource: (written, ownSinks = []) =>
      make.source(written, false, async (source, own) => {
        await run.addSource(source, [...own, ...ownSinks.map((sink) => checkSink(sink))]);
        return source.id;
      }),
    replaceSource: (written, ownSinks = []) =>
      make.source(written, true, (source, own) =>
        run.replaceSource(source, [...own, ...ownSinks.map((sink) => checkSink(sink))]),
      ),
    removeSource: (id) => make.remove(id, () => run.removeSource(id)),
    async addSink(written) {
      const sink = await make.sink(written);
      await run.addSink(sink);
      return sink;
    },
    removeSink: (sink) => run.removeSink(sink),
  };
}
