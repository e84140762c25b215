/** Answers to requests, whole and with the headers they need. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { PageFile } from './page-files.js';

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

/** Answers with an object. */
export function sendJson(response: ServerResponse, status: number, body: object): void {
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
  send(response, status, headers, Buffer.from(`${JSON.stringify(body)}\n`));
}

/** Answers with one sentence for a person. */
export function sendText(response: ServerResponse, status: number, sentence: string): void {
  send(response, status, { 'content-type': 'text/plain; charset=utf-8' }, Buffer.from(`${sentence}\n`));
}

/** Answers with a file of the page, or says that the client's copy is still good. */
export function sendFile(request: IncomingMessage, response: ServerResponse, file: PageFile): void {
  const headers = { ...PAGE_HEADERS, etag: file.etag };
  if (request.headers['if-none-match'] === file.etag) response.writeHead(304, headers).end();
  else send(response, 200, { ...headers, 'content-type': file.type }, file.body);
}

/**
 * Answers a request for an upgrade with a refusal and lets go of its socket, whatever the client does.
 * @param status code and phrase, such as `403 Forbidden`.
 */
export function refuseUpgrade(socket: Duplex, status: string, sentence: string): void {
  const head = `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: text/plain; charset=utf-8`;
  socket.once('finish', () => socket.destroy());
  socket.end(`${head}\r\n\r\n${sentence}\n`);
}

function send(response: ServerResponse, status: number, headers: Record<string, string>, body: Buffer): void {
  response.writeHead(status, { ...headers, 'content-length': body.length });
  // Node leaves the body out of the answer to HEAD by itself.
  response.end(body);
}
