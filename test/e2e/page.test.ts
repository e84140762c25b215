import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createWebSocketServerSink } from '../../src/sinks/websocket/server-sink.js';
import { greyPicture } from '../support/video-files.js';
import { warningsTo } from '../support/recording-logger.js';
import { detectorInfo, frameResult, runSummary, sourceInfo, track } from '../support/results.js';

const BROWSER = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'].concat([
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]);

/** Runs in the page: the left edge of the box, its inside, and the picture beside it; undefined until something is drawn. */
const LOOK = `(() => {
  const canvas = document.querySelector('canvas');
  if (canvas === null) return undefined;
  const context = canvas.getContext('2d');
  const at = (x, y) => [...context.getImageData(Math.round(x * canvas.width), Math.round(y * canvas.height), 1, 1).data];
  const centre = at(0.5, 0.5);
  return centre[3] === 255 ? [at(0.25, 0.6), centre, at(0.1, 0.6)] : undefined;
})()`;

describe.skipIf(!existsSync(BROWSER))('the live page in a real browser', () => {
  it('draws the picture and the box of the same message, and says when the run is over', async () => {
    const sink = createWebSocketServerSink({ port: 0, logger: warningsTo([]) });
    await sink.prepare?.();
    const stream = await sink.open(sourceInfo(), detectorInfo());
    let closing: Promise<void> | undefined;
    const close = (): Promise<void> => (closing ??= sink.close(runSummary()));
    onTestFinished(close);
    const browser = await chromium.launch({ executablePath: BROWSER, args: FLAGS });
    onTestFinished(() => browser.close());
    const page = await browser.newPage({ viewport: { width: 1000, height: 700 } });
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(sink.url);
    await page.getByText('street-b0 on').waitFor();

    const grey = greyPicture(768, 432);
    const box = { x1: 192, y1: 108, x2: 576, y2: 324 };
    let colours: number[][] | undefined;
    for (let index = 0; colours === undefined; index++) {
      await stream.write(frameResult(index, { picture: grey, tracks: [track({ box })] }));
      colours = await page.evaluate<number[][] | undefined>(LOOK);
    }
    const [edge, inside, beside] = colours;
    const spread = ([r, g, b]: number[]): number => Math.max(r!, g!, b!) - Math.min(r!, g!, b!);
    expect(spread(edge!)).toBeGreaterThan(60);
    expect(spread(inside!)).toBeLessThan(12);
    expect(spread(beside!)).toBeLessThan(12);

    await stream.end('completed');
    await close();
    await page.getByText('the run is over').waitFor();
    expect(complaints).toEqual([]);
  });
});
