import type { Logger } from '../contract/logger.js';
import type { RunSummary } from '../contract/run.js';
import type { Sink } from '../contract/sink.js';
import { SightlineError, toError } from '../errors.js';
import { callSink, deadlinesOf } from './sink-lane.js';

/** The sinks of a run: each is prepared before it is used and closed once, whatever the others do. */
export class RunSinks {
  /** What went wrong when sinks were closed. */
  readonly failures: { readonly name: string; readonly error: Error }[] = [];
  readonly #shared: Set<Sink>;
  readonly #own: Map<string, readonly Sink[]>;
  readonly #closing = new WeakMap<Sink, Promise<void>>();
  /** Those that are or were sinks of the run for every source. */
  readonly #known: WeakSet<Sink>;
  readonly #logger: Logger;
  readonly #stop: AbortSignal;
  readonly #stopped: Promise<void>;

  /** @param stop aborts when the run is to end. */
  constructor(
    shared: readonly Sink[],
    own: ReadonlyMap<string, readonly Sink[]>,
    logger: Logger,
    stop: AbortSignal,
  ) {
    this.#shared = new Set(shared);
    this.#own = new Map(own);
    this.#known = new WeakSet(this.#all());
    this.#logger = logger;
    this.#stop = stop;
    this.#stopped = new Promise((resolve) => {
      stop.addEventListener('abort', () => {
        resolve();
      });
    });
  }

  /** Those that take the results of every source. */
  get shared(): readonly Sink[] {
    return [...this.#shared];
  }

  /** Whether a sink takes the results of every source. */
  has(sink: Sink): boolean {
    return this.#shared.has(sink);
  }

  /** Prepares all, one after the other, so that of two that cannot work it is always the same that is told. */
  async prepare(): Promise<void> {
    for (const sink of this.#all()) await this.#prepare(sink);
  }

  /** @throws SightlineError ERR_USAGE for a sink that the run has, or had: each is prepared and closed once. */
  async addShared(sink: Sink): Promise<void> {
    if (this.#known.has(sink))
      throw new SightlineError(
        'ERR_USAGE',
        `"${sink.name}" is or was a sink of this run already; make another one`,
      );
    this.#known.add(sink);
    await this.#prepareAll([sink]);
    this.#shared.add(sink);
  }

  async addOwn(sourceId: string, sinks: readonly Sink[]): Promise<void> {
    await this.#prepareAll(sinks);
    // Those of a source of this name that has ended are closed with the run.
    this.#own.set(sourceId, [...(this.#own.get(sourceId) ?? []), ...sinks]);
  }

  /** Closes a sink that took the results of every source. */
  async remove(sink: Sink, summary: RunSummary): Promise<void> {
    this.#shared.delete(sink);
    await this.#closeOne(sink, summary);
  }

  /** Closes the sinks of one source. */
  async removeOwn(sourceId: string, summary: RunSummary): Promise<void> {
    const sinks = this.#own.get(sourceId) ?? [];
    this.#own.delete(sourceId);
    await Promise.all(sinks.map((sink) => this.#closeOne(sink, summary)));
  }

  /** Closes all that are left. Never rejects. */
  async close(summary: RunSummary): Promise<void> {
    const sinks = this.#all();
    this.#shared.clear();
    this.#own.clear();
    await Promise.all(sinks.map((sink) => this.#closeOne(sink, summary)));
  }

  #all(): Sink[] {
    return [...this.#shared, ...[...this.#own.values()].flat()];
  }

  /** Sinks that cannot be used are closed again. */
  async #prepareAll(sinks: readonly Sink[]): Promise<void> {
    try {
      for (const sink of sinks) await this.#prepare(sink);
    } catch (error) {
      const nothing = { sources: [], closing: [], inferenceRestarts: 0, elapsedMs: 0 };
      await Promise.all(sinks.map((sink) => this.#closeOne(sink, nothing as unknown as RunSummary)));
      throw error;
    }
  }

  /** What waits for something is left waiting once the run is stopped, and closed. */
  async #prepare(sink: Sink): Promise<void> {
    if (sink.prepare === undefined || this.#stop.aborted) return;
    await callSink(sink, 'its preparation', deadlinesOf(sink).writeMs, () =>
      Promise.race([sink.prepare?.(), this.#stopped]),
    );
  }

  /** Closes a sink, once. */
  #closeOne(sink: Sink, summary: RunSummary): Promise<void> {
    const closing = this.#closing.get(sink) ?? this.#callClose(sink, summary);
    this.#closing.set(sink, closing);
    return closing;
  }

  async #callClose(sink: Sink, summary: RunSummary): Promise<void> {
    try {
      await callSink(sink, 'closing', deadlinesOf(sink).closeMs, () => sink.close(summary));
    } catch (thrown) {
      const error = toError(thrown);
      this.failures.push({ name: sink.name, error });
      this.#logger.error({ sink: sink.name }, error.message);
    }
  }
}
