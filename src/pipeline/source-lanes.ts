import type { DetectorInfo } from '../contract/detector.js';
import type { AnalyticsEvent, HeatMapSnapshot } from '../contract/events.js';
import type { Frame } from '../contract/frame.js';
import type { FrameResult } from '../contract/result.js';
import type { SinkSummary, SourceOutcome } from '../contract/run.js';
import type { Sink } from '../contract/sink.js';
import type { SourceInfo } from '../contract/source.js';
import type { TrackingInfo } from '../contract/tracker.js';
import { SinkLane } from './sink-lane.js';

/** What all lanes of a source have in common. */
export interface SourceLanesOptions {
  readonly detector: DetectorInfo;
  readonly tracking: TrackingInfo | undefined;
  /** Results that may wait in one lane. */
  readonly capacity: number;
  /** Told each failure of a sink. */
  readonly onError: (error: Error) => void;
}

/** The sinks of one source, each behind a lane of its own; they come and go while it runs. */
export class SourceLanes {
  readonly #options: SourceLanesOptions;
  readonly #sinks: Set<Sink>;
  readonly #lanes = new Map<Sink, SinkLane>();
  readonly #opening = new Map<Sink, Promise<void>>();
  readonly #ended: SinkSummary[] = [];
  #source: SourceInfo | undefined;
  #ending = false;

  constructor(sinks: readonly Sink[], options: SourceLanesOptions) {
    this.#sinks = new Set(sinks);
    this.#options = options;
  }

  /** Those that take the results, or will when the source is open. */
  get sinks(): readonly Sink[] {
    return [...this.#sinks];
  }

  /** Opens a stream of each sink. @throws what the first sink that failed has thrown, if none is left. */
  async open(source: SourceInfo): Promise<void> {
    this.#source = source;
    await Promise.all(this.sinks.map((sink) => this.#openLane(sink, source)));
    if (!this.areDead) return;
    throw [...this.#lanes.values()].find((lane) => lane.error !== undefined)?.error ?? new Error('no output');
  }

  /** Results from now on go to this sink too, if any are still to come. */
  async add(sink: Sink): Promise<void> {
    if (this.#ending) return;
    this.#sinks.add(sink);
    if (this.#source !== undefined) await this.#openLane(sink, this.#source);
  }

  /** Ends the stream of a sink; its sums stay in the summary. */
  async remove(sink: Sink): Promise<void> {
    this.#sinks.delete(sink);
    // One that is being opened ends there.
    await this.#opening.get(sink);
    const lane = this.#lanes.get(sink);
    this.#lanes.delete(sink);
    if (lane !== undefined) this.#ended.push(await lane.end('stopped', []));
  }

  /** Whether there were outputs and none is left. */
  get areDead(): boolean {
    const lanes = [...this.#lanes.values()];
    return lanes.length > 0 && this.#opening.size === 0 && lanes.every((lane) => lane.isDead);
  }

  /** Undefined if every lane takes a result now, else settles when that may be so. */
  room(): Promise<unknown> | undefined {
    const rooms = [...this.#lanes.values()].flatMap((lane) => lane.room() ?? []);
    return rooms.length === 0 ? undefined : Promise.all(rooms);
  }

  /** @param bare the frame of the result without its pixels. */
  offer(result: FrameResult, bare: Frame): void {
    for (const lane of this.#lanes.values()) lane.offer(result, bare);
  }

  /** Ends all streams. @returns what became of each, of those removed too. */
  async end(
    outcome: SourceOutcome,
    events: readonly AnalyticsEvent[],
    heatMap: HeatMapSnapshot | undefined,
  ): Promise<readonly SinkSummary[]> {
    this.#ending = true;
    await Promise.all(this.#opening.values());
    const lanes = [...this.#lanes.values()];
    const ended = await Promise.all(lanes.map((lane) => lane.end(outcome, events, heatMap)));
    return [...this.#ended, ...ended];
  }

  #openLane(sink: Sink, source: SourceInfo): Promise<void> {
    const opening = this.#open(sink, source).finally(() => this.#opening.delete(sink));
    this.#opening.set(sink, opening);
    return opening;
  }

  async #open(sink: Sink, source: SourceInfo): Promise<void> {
    const lane = new SinkLane({ sink, source, ...this.#options });
    await lane.open();
    if (this.#sinks.has(sink)) this.#lanes.set(sink, lane);
    // It was removed while it was opened.
    else this.#ended.push(await lane.end('stopped', []));
  }
}
