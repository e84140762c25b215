import type { SourceSummary } from '../contract/run.js';
import type { SourceRun } from './run-source.js';
import type { SourceProgress } from './source-books.js';

/** What became of sources long ago is forgotten, so that a run whose sources are replaced for months does not grow. */
const MOST_SUMMARIES = 1000;

/** The sources of a run: which run, which wait their turn, and what became of the others. */
export class RunSources {
  readonly #concurrency: number;
  readonly #onIdle: () => void;
  /** Those that run or wait, by id. */
  readonly #active = new Map<string, SourceRun>();
  readonly #waiting: SourceRun[] = [];
  /** Those that were started and not removed. */
  readonly #started = new Map<string, SourceRun>();
  readonly #summaries: SourceSummary[] = [];
  readonly #order: string[];
  #files = 0;

  /**
   * @param order ids in the order of summaries; later ones follow.
   * @param concurrency files that run at the same time; live sources are not counted.
   * @param onIdle called each time that the last source has ended.
   */
  constructor(order: readonly string[], concurrency: number, onIdle: () => void) {
    this.#order = [...order];
    this.#concurrency = concurrency;
    this.#onIdle = onIdle;
  }

  get active(): readonly SourceRun[] {
    return [...this.#active.values()];
  }

  has(id: string): boolean {
    return this.#active.has(id);
  }

  progress(): readonly SourceProgress[] {
    return [...this.#started.values()].map((run) => run.progress());
  }

  /** What became of the sources that have ended, in order. */
  summaries(): readonly SourceSummary[] {
    const place = ({ id }: SourceSummary): number => this.#order.indexOf(id);
    return this.#summaries.toSorted((a, b) => place(a) - place(b));
  }

  /** Takes the name of a source; it is not idle before the source is scheduled and has ended, or is forgotten. */
  enlist(run: SourceRun): void {
    const { id } = run.source;
    this.#active.set(id, run);
    if (!this.#order.includes(id)) this.#order.push(id);
  }

  /** Gives the name of a source back. */
  forget(run: SourceRun): void {
    this.#active.delete(run.source.id);
    if (this.#active.size === 0) this.#onIdle();
  }

  /** Starts a source, or lets it wait until another file has ended. */
  schedule(run: SourceRun): void {
    this.#waiting.push(run);
    this.#startWaiting();
  }

  /** Ends a source. @returns what became of it; undefined if there is none of this id. */
  async takeOut(id: string): Promise<SourceSummary | undefined> {
    const run = this.#active.get(id);
    run?.stop();
    // One that has ended by itself is still known.
    const ended = this.#started.has(id) ? this.#summaries.findLast((each) => each.id === id) : undefined;
    const summary = run === undefined ? ended : await this.#start(run);
    this.#started.delete(id);
    return summary;
  }

  #startWaiting(): void {
    for (const run of [...this.#waiting]) {
      if (run.source.live === true || this.#files < this.#concurrency) void this.#start(run);
    }
  }

  /** Starts a source unless it was started before. Never rejects. */
  async #start(run: SourceRun): Promise<SourceSummary> {
    if (run.isStarted) return run.run();
    const at = this.#waiting.indexOf(run);
    if (at >= 0) this.#waiting.splice(at, 1);
    const isFile = run.source.live !== true;
    if (isFile) this.#files++;
    this.#started.set(run.source.id, run);
    const summary = await run.run();
    this.#summaries.push(summary);
    if (this.#summaries.length > MOST_SUMMARIES) this.#summaries.shift();
    if (isFile) this.#files--;
    this.#startWaiting();
    this.forget(run);
    return summary;
  }
}
