/**
 * The live feed: a page, health answers and a WebSocket on one port. The newest result of each source is encoded once and
 * offered to every client; a client that reads too slowly skips frames and costs nobody anything.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { messageOf, SightlineError } from '../../errors.js';
import { toEventRecord } from '../../record/event-record.js';
import type { AnalyticsTotals } from '../../contract/events.js';
import { type SourceRecord, toEndRecord, toFrameRecord, toSourceRecord } from '../../record/record.js';
import type { DetectorInfo } from '../../contract/detector.js';
import type { Logger } from '../../contract/logger.js';
import type { Sink, SinkStream } from '../../contract/sink.js';
import type { TrackingInfo } from '../../contract/tracker.js';
import type { FrameResult } from '../../contract/result.js';
import type { SourceInfo } from '../../contract/source.js';
import { VERSION } from '../../version.js';
import { type AccessRules, isLoopback, refuseHost, refuseOrigin } from '../../server/access.js';
import { Client, type ClientLimits } from './client.js';
import { readClientOptions } from './client-options.js';
import { createJpegEncoder, type JpegEncoder } from './jpeg-encoder.js';
import {
  type HelloMessage,
  type Message,
  pictureMessage,
  PROTOCOL_VERSION,
  type SourceStats,
  textMessage,
} from './messages.js';
import { readPageFiles } from '../../server/page-files.js';
import { createPreviewScaler } from '../pixels/preview-scaler.js';
import { RateLimit } from './rate-limit.js';
import { createRoutes } from '../../server/routes.js';

/** Where the feed is and what a picture may cost. */
export interface WebSocketServerSinkOptions {
  /** 0 takes a free port. */
  readonly port: number;
  /** Address to listen on; this machine only if not given. */
  readonly host?: string;
  readonly logger: Logger;
}

const PREVIEW_SIDE = 640;
const PREVIEW_FPS = 10;
const PREVIEW_QUALITY = 75;
const MOST_CLIENTS = 64;
const LIMITS: ClientLimits = { budgetBytes: 1_000_000, deadAfterMs: 30_000 };
const TICK_MS = 1000;
const PULSE_TICKS = 10;
const GRACE_MS = 500;

/**
 * Makes the sink. `prepare` starts to listen and throws ERR_SINK_UNWRITABLE if it cannot; `url` is known from then on.
 * Writing never fails because of clients.
 */
export function createWebSocketServerSink(
  options: WebSocketServerSinkOptions,
): Sink & { readonly url: string } {
  return new WebSocketServerSink(options);
}

class WebSocketServerSink implements Sink {
  readonly name = 'feed';
  readonly policy = 'latest';
  readonly pixels = true;
  readonly #options: WebSocketServerSinkOptions;
  readonly #clients = new Set<Client>();
  readonly #sources = new Map<string, SourceRecord>();
  readonly #stats: (() => Omit<SourceStats, 'skipped'>)[] = [];
  readonly #totals = new Map<string, { readonly totals: AnalyticsTotals; told: boolean }>();
  #detector: DetectorInfo | undefined;
  #server: Server | undefined;
  #sockets: WebSocketServer | undefined;
  #timer: NodeJS.Timeout | undefined;
  #access: AccessRules = { loopback: true, allowedOrigins: [] };
  #jpeg: Promise<JpegEncoder> | undefined;
  #url = '';

  constructor(options: WebSocketServerSinkOptions) {
    this.#options = options;
  }

  get url(): string {
    return this.#url;
  }

  async prepare(): Promise<void> {
    const { port, host = '127.0.0.1', logger } = this.#options;
    const routes = createRoutes({
      files: await readPageFiles(),
      access: () => this.#access,
      health: () => ({ status: 'ok', version: VERSION }),
      readiness: () => ({ ready: this.#sources.size > 0, sources: [...this.#sources.keys()] }),
    });
    const server = createServer(routes);
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => {
        const why =
          error.code === 'EADDRINUSE' ? `port ${port} is in use; choose another one` : messageOf(error);
        reject(
          new SightlineError('ERR_SINK_UNWRITABLE', `the live feed cannot listen on ${host}: ${why}`, {
            cause: error,
          }),
        );
      });
      server.listen(port, host, resolve);
    });
    const bound = server.address() as AddressInfo;
    this.#access = { loopback: isLoopback(bound.address), allowedOrigins: [] };
    const name = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address;
    this.#url = `http://${name}:${bound.port}`;
    this.#server = server;
    this.#sockets = this.#acceptSockets(server);
    this.#startTicking();
    logger.info({}, `live page at ${this.#url}`);
  }

  open(source: SourceInfo, detector: DetectorInfo, tracking?: TrackingInfo): Promise<SinkStream> {
    this.#detector = detector;
    const record = toSourceRecord(source, detector, tracking, VERSION);
    this.#sources.set(source.id, record);
    this.#toAll(textMessage(record));
    const preview = createPreviewScaler(source, PREVIEW_SIDE);
    const previewRate = new RateLimit(PREVIEW_FPS);
    let first: number | undefined;
    let last = 0;
    let frames = 0;
    let second = { frames: 0, previews: 0, latencyMs: 0 };
    let tracks = 0;
    this.#stats.push(() => {
      const { frames: fps, previews, latencyMs } = second;
      second = { frames: 0, previews: 0, latencyMs: 0 };
      const missed = first === undefined ? 0 : last - first + 1 - frames;
      return {
        source: source.id,
        fps,
        previewFps: previews,
        latencyMs: fps === 0 ? null : latencyMs / fps,
        tracks,
        frames,
        missed,
      };
    });
    return Promise.resolve({
      write: async (result) => {
        const { frame, timing } = result;
        first ??= frame.index;
        last = frame.index;
        frames++;
        second.frames++;
        second.latencyMs += timing.queueMs + timing.inferenceMs + timing.trackMs;
        tracks = result.tracks.filter(({ state }) => state === 'confirmed').length;
        this.#tellAnalytics(source.id, result.events, result.totals);
        const now = performance.now();
        const due = [...this.#clients].filter(
          (client) => client.wants(source.id) && client.isDue(source.id, now),
        );
        if (due.length === 0) return;
        const wanted =
          frame.image !== undefined && due.some(({ options }) => options.preview) && previewRate.isDue(now);
        if (wanted) {
          previewRate.take(now);
          second.previews++;
        }
        await this.#send(result, due, wanted ? preview : undefined);
        for (const client of due) client.takeTurn(source.id, now);
      },
      end: (outcome, events = []) => {
        this.#tellAnalytics(source.id, events, undefined);
        const state = outcome === 'failed' ? 'failed' : 'ended';
        this.#toAll(textMessage({ v: 1, type: 'state', source: source.id, state, outcome }));
        return Promise.resolve();
      },
    });
  }

  async close(summary: Parameters<Sink['close']>[0]): Promise<void> {
    clearInterval(this.#timer);
    for (const source of summary.sources) this.#toAll(textMessage(toEndRecord(source)));
    await Promise.all([...this.#clients].map((client) => client.close(1001, 'the run is over', GRACE_MS)));
    this.#sockets?.close();
    const server = this.#server;
    if (server === undefined) return;
    await new Promise<void>((resolve) => {
      server.close(() => {
        resolve();
      });
      server.closeAllConnections();
    });
  }

  /** Events at once, to those who read fast enough; totals with the next statistics. */
  #tellAnalytics(source: string, events: FrameResult['events'] = [], totals: FrameResult['totals']): void {
    for (const event of events) {
      const message = textMessage(toEventRecord(event));
      for (const client of this.#clients) if (client.wants(source)) client.sendFrame(source, message);
    }
    const known = this.#totals.get(source);
    if (totals !== undefined && totals !== known?.totals) this.#totals.set(source, { totals, told: false });
  }

  #tellTotals(client: Client, always: boolean): void {
    for (const [source, { totals, told }] of this.#totals) {
      if (!client.wants(source) || (told && !always)) continue;
      client.send(textMessage({ v: 1, type: 'analytics', source, ...totals }));
    }
  }

  /** One message for those who get the picture, one for those who do not. */
  async #send(
    result: FrameResult,
    due: readonly Client[],
    preview: ReturnType<typeof createPreviewScaler> | undefined,
  ): Promise<void> {
    const record = toFrameRecord(result);
    let plain: Message | undefined;
    let withPicture: Message | undefined;
    if (preview !== undefined && result.frame.image !== undefined) {
      const encoder = await (this.#jpeg ??= createJpegEncoder(PREVIEW_QUALITY));
      // Another source may be encoding; its viewers keep their picture and this frame goes as text.
      if (!encoder.busy) {
        const rgb = preview.scale(result.frame.image.data);
        withPicture = pictureMessage(record, await encoder.encode(rgb, preview.width, preview.height));
      }
    }
    for (const client of due) {
      const picture = client.options.preview ? withPicture : undefined;
      client.sendFrame(result.frame.sourceId, picture ?? (plain ??= textMessage(record)));
    }
  }

  #acceptSockets(server: Server): WebSocketServer {
    const sockets = new WebSocketServer({ noServer: true, maxPayload: 1024, perMessageDeflate: false });
    server.on('upgrade', (request, socket, head) => {
      // Not by `new URL`, which throws on some of what a client may write.
      const [path, query] = (request.url ?? '/').split('?', 2);
      const { host, origin } = request.headers;
      const refusal = refuseHost(host, this.#access) ?? refuseOrigin(origin, host, this.#access);
      socket.on('error', () => undefined);
      if (refusal !== undefined || path !== '/ws') {
        const [status, text] =
          refusal === undefined ? ['404 Not Found', 'the feed is at /ws'] : ['403 Forbidden', refusal];
        socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: text/plain\r\n\r\n${text}\n`);
        return;
      }
      sockets.handleUpgrade(request, socket, head, (webSocket) => {
        const wishes = readClientOptions(new URLSearchParams(query));
        webSocket.on('error', () => undefined);
        if (typeof wishes === 'string') {
          webSocket.close(1008, wishes);
          return;
        }
        if (this.#clients.size >= MOST_CLIENTS) {
          webSocket.close(1013, `there are ${MOST_CLIENTS} viewers already; try again later`);
          return;
        }
        const client = new Client(webSocket, wishes, LIMITS);
        this.#clients.add(client);
        webSocket.on('close', () => this.#clients.delete(client));
        client.send(textMessage(this.#hello()));
        this.#tellTotals(client, true);
      });
    });
    return sockets;
  }

  #hello(): HelloMessage {
    const sources = [...this.#sources.values()];
    const base = { v: 1, type: 'hello', protocol: PROTOCOL_VERSION, sightline: VERSION, sources } as const;
    if (this.#detector === undefined) return base;
    const { model, backend, device, precision, version, classes } = this.#detector;
    return { ...base, detector: { model, backend, device, precision, version, classes } };
  }

  /** Statistics every second, a pulse now and then. The timer never keeps the process alive. */
  #startTicking(): void {
    let tick = 0;
    this.#timer = setInterval(() => {
      const stats = this.#stats.map((read) => read());
      const pulse = ++tick % PULSE_TICKS === 0;
      for (const client of this.#clients) {
        const sources = stats.map((entry) => ({ ...entry, skipped: client.skippedOf(entry.source) }));
        if (client.isDrained)
          client.send(textMessage({ v: 1, type: 'stats', sources, clients: this.#clients.size }));
        this.#tellTotals(client, false);
        if (pulse) client.checkPulse(performance.now());
      }
      for (const entry of this.#totals.values()) entry.told = true;
    }, TICK_MS).unref();
  }

  #toAll(message: Message): void {
    for (const client of this.#clients) client.send(message);
  }
}
