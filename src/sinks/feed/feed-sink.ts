/**
 * The live feed: a WebSocket on the run's HTTP server. Each result of each source is encoded once and offered to every
 * client; a client that reads too slowly skips frames and costs nobody anything.
 */
import type { DetectorInfo } from '../../contract/detector.js';
import type { Logger } from '../../contract/logger.js';
import type { RunSummary } from '../../contract/run.js';
import type { Sink, SinkStream } from '../../contract/sink.js';
import type { SourceInfo, SourceStatus } from '../../contract/source.js';
import type { TrackingInfo } from '../../contract/tracker.js';
import { type HelloMessage, PROTOCOL_VERSION, type StateMessage } from '../../record/feed-messages.js';
import { toEndRecord } from '../../record/write.js';
import type { HttpServer } from '../../server/http-server.js';
import { SourceStates, toStateEntry } from '../../server/source-states.js';
import { VERSION } from '../../version.js';
import type { Client } from './client.js';
import { FeedClients } from './feed-clients.js';
import { FeedStream } from './feed-stream.js';
import { textMessage } from './messages.js';
import { PreviewEncoder } from './previews.js';

/** What the feed is put on. */
export interface FeedSinkOptions {
  /** Takes the feed at `/ws`; it is the caller's to start and to close. */
  readonly server: HttpServer;
  /** Hears why there are no pictures. */
  readonly logger: Logger;
}

const TICK_MS = 1000;
const PULSE_TICKS = 10;

/**
 * Makes the sink. `prepare` puts the feed on the server and throws ERR_USAGE if there is another one; `close` takes it off.
 * Writing never fails because of clients.
 */
export function createFeedSink(options: FeedSinkOptions): Sink {
  return new FeedSink(options);
}

class FeedSink implements Sink {
  readonly name = 'feed';
  readonly policy = 'latest';
  readonly pixels = true;
  readonly #server: HttpServer;
  readonly #encoder: PreviewEncoder;
  readonly #states = new SourceStates();
  readonly #streams = new Map<string, FeedStream>();
  readonly #clients: FeedClients;
  #detector: DetectorInfo | undefined;
  #unmount: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor({ server, logger }: FeedSinkOptions) {
    this.#server = server;
    this.#encoder = new PreviewEncoder(logger);
    this.#clients = new FeedClients((client) => {
      client.send(textMessage(this.#helloFor(client)));
      for (const [source, { totals }] of this.#streams)
        if (totals !== undefined && client.wants(source)) client.send(textMessage(totals));
    });
  }

  prepare(): Promise<void> {
    this.#unmount = this.#server.handleUpgrade('/ws', this.#clients.accept);
    this.#startTicking();
    return Promise.resolve();
  }

  onStatus(status: SourceStatus): void {
    for (const source of this.#states.note(status)) {
      this.#streams.delete(source);
      this.#clients.forget(source);
      if (source !== status.sourceId) this.#tellState({ ...status, sourceId: source, state: 'removed' });
    }
    this.#tellState(status);
  }

  open(source: SourceInfo, detector: DetectorInfo, tracking?: TrackingInfo): Promise<SinkStream> {
    this.#detector = detector;
    const stream = new FeedStream({
      source,
      detector,
      tracking,
      clients: this.#clients,
      encoder: this.#encoder,
    });
    this.#streams.set(source.id, stream);
    this.#clients.sendAll(textMessage(stream.record), source.id);
    // The feed may have come later than the source, and was not told then.
    if (!this.#states.has(source.id))
      this.onStatus({ sourceId: source.id, state: 'running', atMs: Date.now() });
    return Promise.resolve(stream);
  }

  async close({ sources }: RunSummary): Promise<void> {
    clearInterval(this.#timer);
    this.#unmount?.();
    for (const source of sources) this.#clients.sendAll(textMessage(toEndRecord(source)), source.id);
    await this.#clients.close();
  }

  #tellState(status: SourceStatus): void {
    const message: StateMessage = { v: 1, type: 'state', ...toStateEntry(status) };
    this.#clients.sendAll(textMessage(message), status.sourceId);
  }

  #helloFor(client: Client): HelloMessage {
    const records = [...this.#streams.values()].map(({ record }) => record);
    const base = {
      v: 1,
      type: 'hello',
      protocol: PROTOCOL_VERSION,
      sightline: VERSION,
      sources: records.filter(({ source }) => client.wants(source)),
      states: this.#states.list().filter(({ source }) => client.wants(source)),
    } as const;
    if (this.#detector === undefined) return base;
    const { model, backend, device, precision, version, classes } = this.#detector;
    return { ...base, detector: { model, backend, device, precision, version, classes } };
  }

  /** Statistics every second, a pulse now and then. The timer never keeps the process alive. */
  #startTicking(): void {
    let tick = 0;
    this.#timer = setInterval(() => {
      this.#tellStatistics();
      if (++tick % PULSE_TICKS !== 0) return;
      for (const client of this.#clients) client.checkPulse(performance.now());
    }, TICK_MS).unref();
  }

  #tellStatistics(): void {
    const streams = [...this.#streams.values()];
    const stats = streams.flatMap((stream) => stream.takeStatistics() ?? []);
    for (const client of this.#clients) {
      if (!client.isDrained) continue;
      const sources = stats
        .filter(({ source }) => client.wants(source))
        .map((entry) => ({ ...entry, skipped: client.skippedOf(entry.source) }));
      client.send(textMessage({ v: 1, type: 'stats', sources, clients: this.#clients.size }));
    }
    for (const stream of streams) {
      const totals = stream.takeTotals();
      if (totals !== undefined) this.#clients.sendAll(textMessage(totals), totals.source);
    }
  }
}
