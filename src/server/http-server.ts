/**
 * The one HTTP server of a run: it knows who may ask, serves the live page and the health answers, and carries what others
 * mount on it: the feed, an API, metrics.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Logger } from '../contract/logger.js';
import type { Service } from '../contract/service.js';
import type { SourceStatus } from '../contract/source.js';
import { messageOf, SightlineError } from '../errors.js';
import { VERSION } from '../version.js';
import { type AccessRules, isLoopback, refuseHost, refuseOrigin } from './access.js';
import { refuseUpgrade, sendFile, sendJson, sendText } from './answers.js';
import { readPageFiles } from './page-files.js';
import { SourceStates } from './source-states.js';

/**
 * What clients may hold: connections of which all but a few come to nothing, time for a request to come in, time in which
 * nothing is read or written, and requests one after the other on one connection.
 */
const LIMITS = {
  connections: 512,
  headersMs: 10_000,
  requestMs: 60_000,
  checkMs: 2_000,
  idleMs: 60_000,
  requestsPerSocket: 200,
} as const;

/** Where the server listens, and for whom. */
export interface HttpServerOptions {
  /** 0 takes a free port. */
  readonly port: number;
  /** Address to listen on; this machine only if not given. */
  readonly host?: string;
  /** Origins of other pages that may connect, such as `https://wall.example.com`; see {@link AccessRules}. */
  readonly allowedOrigins?: readonly string[];
  readonly logger: Logger;
}

/** What was asked for: the path of the address without its query, and the query. */
export interface RequestTarget {
  readonly path: string;
  readonly query: URLSearchParams;
}

/** Answers a request. What it throws is logged and answered with 500. */
export type RequestHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  target: RequestTarget,
) => void | Promise<void>;

/** The handler of each method that a path knows; `GET` answers `HEAD` too, every other method is answered with 405. */
export type RequestHandlers = Readonly<
  Partial<Record<'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', RequestHandler>>
>;

/** Takes over the connection of a request for an upgrade: the socket is its own from then on. */
export type UpgradeHandler = (
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  target: RequestTarget,
) => void;

/** A server that others can put things on. It may be given handlers before it is started. */
export interface HttpServer extends Service {
  /** Where it can be reached, without a `/` at the end; empty until it is started. */
  readonly url: string;
  /**
   * Answers requests for a path. One that ends in `/` stands for everything below it that has no handler of its own.
   * @returns what takes the handlers away again.
   * @throws SightlineError ERR_USAGE if the path is taken.
   */
  handle(path: string, handlers: RequestHandlers): () => void;
  /** Takes upgrades of a path, those of WebSockets for one. Returns and throws as `handle` does. */
  handleUpgrade(path: string, handler: UpgradeHandler): () => void;
}

/** Makes a server. It listens once it is started, and throws ERR_SINK_UNWRITABLE if it cannot. */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  return new NodeHttpServer(options);
}

class NodeHttpServer implements HttpServer {
  readonly name = 'HTTP server';
  readonly #options: HttpServerOptions;
  readonly #handlers = new Map<string, RequestHandlers>();
  readonly #upgrades = new Map<string, UpgradeHandler>();
  /** Sockets that are no longer the server's own. */
  readonly #upgraded = new Set<Duplex>();
  readonly #states = new SourceStates();
  #access: AccessRules = { loopback: true, allowedOrigins: [] };
  #server: Server | undefined;
  #url = '';

  constructor(options: HttpServerOptions) {
    this.#options = options;
    this.handle('/healthz', {
      GET: (_request, response) => {
        sendJson(response, 200, { status: 'ok', version: VERSION, sources: this.#states.list() });
      },
    });
    this.handle('/readyz', {
      GET: (_request, response) => {
        const sources = this.#states.list();
        const ready = sources.some(({ state }) => state === 'running' || state === 'ended');
        sendJson(response, ready ? 200 : 503, { ready, sources });
      },
    });
  }

  get url(): string {
    return this.#url;
  }

  handle(path: string, handlers: RequestHandlers): () => void {
    return mount(this.#handlers, path, handlers);
  }

  handleUpgrade(path: string, handler: UpgradeHandler): () => void {
    return mount(this.#upgrades, path, handler);
  }

  onStatus(status: SourceStatus): void {
    this.#states.note(status);
  }

  async start(): Promise<void> {
    const { port, host = '127.0.0.1', allowedOrigins = [], logger } = this.#options;
    for (const [path, file] of await readPageFiles())
      this.handle(path, {
        GET: (request, response) => {
          sendFile(request, response, file);
        },
      });
    const server = createServer(
      {
        headersTimeout: LIMITS.headersMs,
        requestTimeout: LIMITS.requestMs,
        connectionsCheckingInterval: LIMITS.checkMs,
      },
      (request, response) => void this.#answer(request, response),
    );
    server.maxConnections = LIMITS.connections;
    server.maxRequestsPerSocket = LIMITS.requestsPerSocket;
    server.timeout = LIMITS.idleMs;
    server.on('upgrade', (request, socket, head) => {
      this.#upgrade(request, socket, head);
    });
    await listening(server, port, host);
    this.#server = server;
    // A connection that cannot be taken, for want of descriptors for one, is no reason to end.
    server.on('error', (error) => {
      logger.warn({}, `the HTTP server could not take a connection: ${error.message}`);
    });
    const { address, family, port: boundPort } = server.address() as AddressInfo;
    this.#access = { loopback: isLoopback(address), allowedOrigins };
    this.#url = `http://${family === 'IPv6' ? `[${address}]` : address}:${boundPort}`;
    logger.info({}, `live page at ${this.#url}`);
    if (!this.#access.loopback)
      logger.warn({}, `everybody who can reach ${address} can watch; nobody is asked for a password`);
  }

  async close(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    await new Promise<void>((resolve) => {
      server.close(() => {
        resolve();
      });
      server.closeAllConnections();
      for (const socket of this.#upgraded) socket.destroy();
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', headers } = request;
    const target = targetOf(request);
    const reads = method === 'GET' || method === 'HEAD';
    // What a client sends with a request that has no body must not pile up.
    if (reads) request.resume();
    const refusal =
      refuseHost(headers.host, this.#access) ??
      // Pages may not change anything here behind the back of who looks at them.
      (reads ? undefined : refuseOrigin(headers.origin, headers.host, this.#access));
    const handlers = this.#handlersOf(target.path);
    const handler = handlers?.[(method === 'HEAD' ? 'GET' : method) as keyof RequestHandlers];
    if (refusal !== undefined) sendText(response, 403, refusal);
    else if (handlers !== undefined && handler === undefined) refuseMethod(response, handlers);
    else if (handler === undefined) this.#answerNothing(response, target.path);
    else
      try {
        await handler(request, response, target);
      } catch (error) {
        this.#options.logger.error({ path: target.path }, messageOf(error));
        if (response.headersSent) response.destroy();
        else sendText(response, 500, 'this went wrong here; the log says why');
      }
  }

  #answerNothing(response: ServerResponse, path: string): void {
    if (this.#upgrades.has(path)) {
      response.setHeader('upgrade', 'websocket');
      sendText(response, 426, 'this is a WebSocket; the page is at /');
    } else if (path === '/') sendText(response, 404, 'the live page was not built; run npm run build');
    else sendText(response, 404, 'there is nothing here; the page is at /');
  }

  #handlersOf(path: string): RequestHandlers | undefined {
    let found = this.#handlers.get(path);
    for (
      let end = path.lastIndexOf('/');
      found === undefined && end > 0;
      end = path.lastIndexOf('/', end - 1)
    )
      found = this.#handlers.get(path.slice(0, end + 1));
    return found;
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => undefined);
    request.socket.setTimeout(0);
    this.#upgraded.add(socket);
    socket.once('close', () => this.#upgraded.delete(socket));
    const { host, origin } = request.headers;
    const refusal = refuseHost(host, this.#access) ?? refuseOrigin(origin, host, this.#access);
    const target = targetOf(request);
    const handler = this.#upgrades.get(target.path);
    if (refusal !== undefined) refuseUpgrade(socket, '403 Forbidden', refusal);
    else if (handler === undefined)
      refuseUpgrade(socket, '404 Not Found', 'there is no WebSocket here; the page is at /');
    else handler(request, socket, head, target);
  }
}

function mount<T>(on: Map<string, T>, path: string, what: T): () => void {
  if (on.has(path))
    throw new SightlineError('ERR_USAGE', `"${path}" is served already; one of the two has to go`);
  on.set(path, what);
  return () => {
    on.delete(path);
  };
}

/** Not by `new URL`, which throws on some of what a client may write. */
function targetOf({ url = '/' }: IncomingMessage): RequestTarget {
  const [path = '/', query] = url.split('?', 2);
  return { path, query: new URLSearchParams(query) };
}

function refuseMethod(response: ServerResponse, handlers: RequestHandlers): void {
  const methods = Object.keys(handlers).flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
  response.setHeader('allow', methods.join(', '));
  sendText(response, 405, `only ${methods.join(' and ')} are answered here`);
}

function listening(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (error: NodeJS.ErrnoException): void => {
      const why =
        error.code === 'EADDRINUSE' ? `port ${port} is in use; choose another one` : messageOf(error);
      const message = `the HTTP server cannot listen on ${host}: ${why}`;
      reject(new SightlineError('ERR_SINK_UNWRITABLE', message, { cause: error }));
    };
    server.once('error', refuse);
    server.listen(port, host, () => {
      server.off('error', refuse);
      resolve();
    });
  });
}
