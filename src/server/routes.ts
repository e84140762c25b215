import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { type AccessRules, refuseHost } from './access.js';
import type { PageFile } from './page-files.js';

/** What the routes show. */
export interface RouteState {
  readonly files: ReadonlyMap<string, PageFile>;
  /** Known once the server listens. */
  access(): AccessRules;
  /** The body of `/healthz`: this process is alive. */
  health(): object;
  /** The body of `/readyz`, and whether something can be seen. */
  readiness(): { readonly ready: boolean } & object;
}

/** The page's own files and sockets, pictures made from messages, and nothing else. */
const PAGE_HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-cache',
};

/** Answers `/`, the page's files, `/healthz` and `/readyz`. */
export function createRoutes(state: RouteState): RequestListener {
  return (request, response) => {
    // Nothing is ever read from a body; what a client sends anyway must not pile up.
    request.resume();
    const refusal = refuseHost(request.headers.host, state.access());
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
    const file = state.files.get(path);
    if (refusal !== undefined) sendText(response, 403, refusal);
    else if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      sendText(response, 405, 'only GET and HEAD are answered');
    } else if (file !== undefined) sendFile(request, response, file);
    else if (path === '/healthz') sendJson(response, 200, state.health());
    else if (path === '/readyz') {
      const readiness = state.readiness();
      sendJson(response, readiness.ready ? 200 : 503, readiness);
    } else if (path === '/ws') {
      response.setHeader('upgrade', 'websocket');
      sendText(response, 426, 'this is a WebSocket; the page is at /');
    } else if (path === '/') sendText(response, 404, 'the live page was not built; run npm run build');
    else sendText(response, 404, 'there is nothing here; the page is at /');
  };
}

function sendFile(request: IncomingMessage, response: ServerResponse, file: PageFile): void {
  const headers = { ...PAGE_HEADERS, etag: file.etag };
  if (request.headers['if-none-match'] === file.etag) response.writeHead(304, headers).end();
  else send(response, 200, { ...headers, 'content-type': file.type }, file.body);
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
  send(response, status, headers, Buffer.from(`${JSON.stringify(body)}\n`));
}

function sendText(response: ServerResponse, status: number, sentence: string): void {
  send(response, status, { 'content-type': 'text/plain; charset=utf-8' }, Buffer.from(`${sentence}\n`));
}

function send(response: ServerResponse, status: number, headers: Record<string, string>, body: Buffer): void {
  response.writeHead(status, { ...headers, 'content-length': body.length });
  // Node leaves the body out of the answer to HEAD by itself.
  response.end(body);
}
