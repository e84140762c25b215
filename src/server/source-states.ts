import type { SourceState, SourceStatus } from '../contract/source.js';
import type { StateEntry } from '../record/feed-messages.js';

/** How many sources that have come to their end are remembered: a run that is fed with files may last for months. */
const MOST_FINISHED = 100;

/** The newest state of each source. One that was removed is forgotten, and so are the oldest of many that have ended. */
export class SourceStates {
  readonly #newest = new Map<string, SourceStatus>();

  /** Notes a change. @returns the ids of the sources that are forgotten from here on. */
  note(status: SourceStatus): readonly string[] {
    // The order is that of the last change, for the oldest to be found first.
    this.#newest.delete(status.sourceId);
    if (status.state === 'removed') return [status.sourceId];
    this.#newest.set(status.sourceId, status);
    const finished = [...this.#newest.values()].filter(({ state }) => isFinal(state));
    const forgotten = finished.slice(0, Math.max(0, finished.length - MOST_FINISHED));
    for (const { sourceId } of forgotten) this.#newest.delete(sourceId);
    return forgotten.map(({ sourceId }) => sourceId);
  }

  /** Whether anything is known of a source. */
  has(sourceId: string): boolean {
    return this.#newest.has(sourceId);
  }

  /** Those known, by their ids. */
  list(): readonly StateEntry[] {
    const entries = [...this.#newest.values()].map(toStateEntry);
    return entries.sort((one, other) => (one.source < other.source ? -1 : 1));
  }
}

/** A change of state as it is told. */
export function toStateEntry({ sourceId, ...status }: SourceStatus): StateEntry {
  return { source: sourceId, ...status };
}

function isFinal(state: SourceState): boolean {
  return state === 'ended' || state === 'failed';
}
