/** HTTP servers on loopback that behave as live streams do: they never say that anything is over. */
import { readFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { runFfmpeg } from './media.js';

/** Serves until the running test ends. @returns the address of its root, with a slash. */
async function serve(answer: (path: string, response: ServerResponse) => void): Promise<string> {
  const server = createServer((request, response) => {
    answer(request.url ?? '/', response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** A live HLS stream of a file: segments of one second, and a list to which nothing is added but that does not end. */
export async function liveHls(folder: string, input: string, encoding: readonly string[]): Promise<string> {
  const list = join(folder, 'live.m3u8');
  await runFfmpeg('-i', input, ...encoding, '-f', 'hls', '-hls_time', '1', '-hls_list_size', '0', list);
  const text = (await readFile(list, 'utf8')).replace('#EXT-X-ENDLIST', '');
  const root = await serve((path, response) => {
    if (path.endsWith('.m3u8')) {
      response.end(text);
      return;
    }
    void readFile(join(folder, basename(path))).then((bytes) => response.end(bytes));
  });
  return `${root}live.m3u8`;
}

/** A file that comes at once the first `quick` times, and later in drops that never end. */
export async function dripping(file: Buffer, quick: number): Promise<string> {
  let requests = 0;
  const root = await serve((_, response) => {
    if (++requests <= quick) {
      response.end(file);
      return;
    }
    let at = 0;
    const timer = setInterval(() => {
      response.write(file.subarray(at, at + DROP_BYTES));
      at += DROP_BYTES;
    }, DROP_MS);
    response.on('close', () => {
      clearInterval(timer);
    });
  });
  return `${root}clip.ts`;
}

const DROP_BYTES = 7 * 188;
const DROP_MS = 50;
