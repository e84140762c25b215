import type { DetectorInfo } from '../../contract/detector.js';
import type { AnalyticsEvent, AnalyticsTotals } from '../../contract/events.js';
import type { Epoch, FrameGeometry } from '../../contract/frame.js';
import type { FrameResult } from '../../contract/result.js';
import type { SourceOutcome } from '../../contract/run.js';
import type { SinkStream } from '../../contract/sink.js';
import type { SourceInfo } from '../../contract/source.js';
import type { TrackingInfo } from '../../contract/tracker.js';
import type { AnalyticsMessage } from '../../record/feed-messages.js';
import type { SourceRecord } from '../../record/schema.js';
import { toEventRecord, toFrameRecord, toSourceRecord } from '../../record/write.js';
import { VERSION } from '../../version.js';
import type { Client } from './client.js';
import type { FeedClients } from './feed-clients.js';
import { type Message, pictureMessage, textMessage } from './messages.js';
import { type PreviewEncoder, Previews } from './previews.js';
import { type SharedStats, SourceStatistics } from './source-statistics.js';

/** What a stream tells of, and to whom. */
export interface FeedStreamOptions {
  readonly source: SourceInfo;
  readonly detector: DetectorInfo;
  readonly tracking: TrackingInfo | undefined;
  readonly clients: FeedClients;
  readonly encoder: PreviewEncoder;
}

/** One source on the feed: each result is encoded once and offered to every client that wants it. */
export class FeedStream implements SinkStream {
  readonly #options: FeedStreamOptions;
  readonly #statistics: SourceStatistics;
  readonly #previews: Previews;
  #geometry: FrameGeometry;
  #record: SourceRecord;
  #totals: AnalyticsTotals | undefined;
  #totalsTold = true;
  #ended = false;

  constructor(options: FeedStreamOptions) {
    const { source, encoder } = options;
    this.#options = options;
    this.#statistics = new SourceStatistics(source.id);
    this.#previews = new Previews(source, encoder);
    this.#geometry = source;
    this.#record = this.#describe();
  }

  /** What the source is, its images as they are now. */
  get record(): SourceRecord {
    return this.#record;
  }

  /** How lines and zones stand; undefined where there are none. */
  get totals(): AnalyticsMessage | undefined {
    const { id, width, height } = this.#options.source;
    return this.#totals && { v: 1, type: 'analytics', source: id, width, height, ...this.#totals };
  }

  /** The same, if it has changed since the last call. */
  takeTotals(): AnalyticsMessage | undefined {
    if (this.#totalsTold) return undefined;
    this.#totalsTold = true;
    return this.totals;
  }

  /** What was counted since the last call; undefined once the stream has ended. */
  takeStatistics(): SharedStats | undefined {
    return this.#ended ? undefined : this.#statistics.take();
  }

  beginEpoch({ geometry }: Epoch): void {
    const { width, height, pixelAspect, colour } = this.#geometry;
    const before = JSON.stringify([width, height, pixelAspect, colour]);
    const now = JSON.stringify([geometry.width, geometry.height, geometry.pixelAspect, geometry.colour]);
    if (before === now) return;
    this.#geometry = geometry;
    this.#previews.reshape(geometry);
    this.#record = this.#describe();
    this.#options.clients.sendAll(textMessage(this.#record), this.#options.source.id);
  }

  async write(result: FrameResult): Promise<void> {
    const { source, clients } = this.#options;
    this.#statistics.add(result);
    this.#tellEvents(result.events);
    if (result.totals !== undefined && result.totals !== this.#totals) {
      this.#totals = result.totals;
      this.#totalsTold = false;
    }
    const now = performance.now();
    const due = clients.dueFor(source.id, now);
    if (due.length === 0) return;
    await this.#send(result, due, now);
    for (const client of due) client.takeTurn(source.id, now);
  }

  end(_outcome: SourceOutcome, events: readonly AnalyticsEvent[] = []): Promise<void> {
    this.#tellEvents(events);
    this.#ended = true;
    return Promise.resolve();
  }

  /** One message for those who get the picture, one for those who do not. */
  async #send(result: FrameResult, due: readonly Client[], nowMs: number): Promise<void> {
    const { source } = this.#options;
    const { image } = result.frame;
    const record = toFrameRecord(result, source.live);
    const watched = due.some(({ options }) => options.preview);
    const jpeg =
      image !== undefined && watched && this.#previews.isDue(nowMs)
        ? await this.#previews.make(image, nowMs)
        : undefined;
    if (jpeg !== undefined) this.#statistics.addPreview();
    const withPicture = jpeg && pictureMessage(record, jpeg);
    let plain: Message | undefined;
    for (const client of due) {
      const picture = client.options.preview ? withPicture : undefined;
      client.sendFrame(source.id, picture ?? (plain ??= textMessage(record)));
    }
  }

  /** Events at once, to those who read fast enough; totals go with the statistics of a second. */
  #tellEvents(events: readonly AnalyticsEvent[] = []): void {
    for (const event of events)
      this.#options.clients.offer(textMessage(toEventRecord(event)), event.sourceId);
  }

  #describe(): SourceRecord {
    const { source, detector, tracking } = this.#options;
    return toSourceRecord({ ...source, ...this.#geometry }, detector, tracking, VERSION);
  }
}
