import type { AnalyticsEvent } from '../contract/events.js';

/** An event without its head: what the log adds. */
export type EventBody<E extends AnalyticsEvent = AnalyticsEvent> = E extends AnalyticsEvent
  ? Omit<E, 'id' | 'sourceId' | 'epoch'>
  : never;

/** Collects the events of one call and gives them ids that are unique and the same in each run. */
export class EventLog {
  readonly #sourceId: string;
  readonly #sequences = new Map<string, number>();
  #events: AnalyticsEvent[] = [];
  epoch = 0;

  constructor(sourceId: string) {
    this.#sourceId = sourceId;
  }

  /** The sequence counts the events of one type and name over the whole run, so ids are unique though tracks are forgotten. */
  add(body: EventBody): void {
    const name = 'name' in body ? body.name : '';
    const track = 'trackId' in body ? body.trackId : '';
    const kind = `${body.type}/${name}`;
    const sequence = this.#sequences.get(kind) ?? 0;
    this.#sequences.set(kind, sequence + 1);
    const id = `${this.#sourceId}/${this.epoch}/${kind}/${track}/${sequence}`;
    this.#events.push({ id, sourceId: this.#sourceId, epoch: this.epoch, ...body });
  }

  /** What was added since the last call. */
  take(): readonly AnalyticsEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }
}
