import type { RunSummary, SourceSummary } from '../contract/run.js';
import type { Sink } from '../contract/sink.js';
import type { Source } from '../contract/source.js';
import { SightlineError } from '../errors.js';
import type { SourceRun } from './run-source.js';
import type { RunSinks } from './run-sinks.js';
import type { RunSources } from './run-sources.js';
import { Turns } from './turns.js';

/** What changes need of the run that they change. */
export interface ChangingRun {
  readonly sinks: RunSinks;
  readonly sources: RunSources;
  /** Makes the run of a source, and takes the source's name. */
  readonly enlist: (source: Source, ownSinks: readonly Sink[]) => SourceRun;
  /** Waits until the run has begun. @throws SightlineError ERR_USAGE if it will not, or is over. */
  readonly mustBeOpen: () => Promise<void>;
  readonly summary: () => RunSummary;
  readonly onRemoved: (sourceId: string) => void;
  /** Called each time that a change is done. */
  readonly onSettled: () => void;
}

/**
 * Sources and sinks that come and go while a run works. Changes of one source are made one after the other, in the order
 * they were asked for.
 */
export class RunChanges {
  readonly #run: ChangingRun;
  readonly #underway = new Set<Promise<unknown>>();
  /** By the id of a source. */
  readonly #turns = new Turns();

  constructor(run: ChangingRun) {
    this.#run = run;
  }

  /** Whether one is under way. */
  get areUnderway(): boolean {
    return this.#underway.size > 0;
  }

  /** Waits for those under way. Never rejects. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#underway);
  }

  addSource(source: Source, ownSinks: readonly Sink[]): Promise<void> {
    return this.#ofSource(source.id, () => this.#addSource(source, ownSinks));
  }

  removeSource(id: string): Promise<SourceSummary> {
    return this.#ofSource(id, async () => {
      const summary = await this.#takeOut(id);
      this.#run.onRemoved(id);
      return summary;
    });
  }

  replaceSource(source: Source, ownSinks: readonly Sink[]): Promise<SourceSummary> {
    return this.#ofSource(source.id, async () => {
      await this.#run.mustBeOpen();
      const summary = await this.#takeOut(source.id);
      try {
        await this.#addSource(source, ownSinks);
      } catch (error) {
        this.#run.onRemoved(source.id);
        throw error;
      }
      return summary;
    });
  }

  addSink(sink: Sink): Promise<void> {
    return this.#noted(this.#addSink(sink));
  }

  removeSink(sink: Sink): Promise<void> {
    return this.#noted(this.#removeSink(sink));
  }

  #ofSource<T>(id: string, change: () => Promise<T>): Promise<T> {
    return this.#noted(this.#turns.take(id, change));
  }

  /** The run does not end before a change that is under way. */
  #noted<T>(change: Promise<T>): Promise<T> {
    const done = change.finally(() => {
      this.#underway.delete(done);
      this.#run.onSettled();
    });
    this.#underway.add(done);
    return done;
  }

  async #addSource(source: Source, ownSinks: readonly Sink[]): Promise<void> {
    const { sources, sinks, mustBeOpen, enlist } = this.#run;
    await mustBeOpen();
    if (sources.has(source.id))
      throw new SightlineError('ERR_USAGE', `there is a source "${source.id}" already; replace or remove it`);
    // The name is taken from here on, while its sinks are prepared.
    const run = enlist(source, ownSinks);
    try {
      await sinks.addOwn(source.id, ownSinks);
    } catch (error) {
      sources.forget(run);
      throw error;
    }
    sources.schedule(run);
  }

  async #takeOut(id: string): Promise<SourceSummary> {
    const { sources, sinks } = this.#run;
    const summary = await sources.takeOut(id);
    if (summary === undefined)
      throw new SightlineError('ERR_USAGE', `there is no source "${id}" in this run`);
    await sinks.removeOwn(id, this.#run.summary());
    return summary;
  }

  async #addSink(sink: Sink): Promise<void> {
    const { sources, sinks } = this.#run;
    await this.#run.mustBeOpen();
    const blind = sources.active.find((run) => sink.pixels && !run.hasImages);
    if (blind !== undefined)
      throw new SightlineError(
        'ERR_USAGE',
        `"${sink.name}" needs images, but "${blind.source.id}" was opened without; let the run have "images: true"`,
      );
    await sinks.addShared(sink);
    await Promise.all(sources.active.map((run) => run.addSink(sink)));
  }

  async #removeSink(sink: Sink): Promise<void> {
    const { sources, sinks } = this.#run;
    if (!sinks.has(sink)) throw new SightlineError('ERR_USAGE', `"${sink.name}" is not a sink of this run`);
    await Promise.all(sources.active.map((run) => run.removeSink(sink)));
    await sinks.remove(sink, this.#run.summary());
  }
}
