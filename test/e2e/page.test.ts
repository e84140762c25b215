import { existsSync } from 'node:fs';
import { chromium, type Locator, type Page } from 'playwright-core';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { AnalyticsTotals, LineEvent } from '../../src/contract/events.js';
import type { SourceSummary } from '../../src/contract/run.js';
import type { Sink, SinkStream } from '../../src/contract/sink.js';
import type { SourceState } from '../../src/contract/source.js';
import { startFeed } from '../support/feed-client.js';
import { greyPicture } from '../support/video-files.js';
import { detectorInfo, frameResult, sourceInfo, sourceSummary, track } from '../support/results.js';

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

/** Runs in the page: notes what is written into pictures, and whether its letters had to move together. */
const NOTE_LABELS = `
  const seen = (globalThis.seen = []);
  const { fillText } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.fillText = function (text, x, y, most) {
    seen.push({ text, squeezed: this.measureText(text).width > (most ?? Infinity) + 0.01 });
    fillText.call(this, text, x, y, most);
  };
`;

/** Opens the page of a fresh feed. @returns its stream, the page, and what the page complained of. */
async function open(): Promise<{
  sink: Sink;
  stream: SinkStream;
  page: Page;
  complaints: string[];
  close: (...sources: SourceSummary[]) => Promise<void>;
}> {
  const { sink, url, close } = await startFeed();
  const stream = await sink.open(sourceInfo(), detectorInfo());
  const browser = await chromium.launch({ executablePath: BROWSER, args: FLAGS });
  onTestFinished(() => browser.close());
  const page = await browser.newPage({ viewport: { width: 1000, height: 700 } });
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.addInitScript({ content: NOTE_LABELS });
  await page.goto(url);
  await page.getByText('street-b0 on').waitFor();
  return { sink, stream, page, complaints, close };
}

/** Asks again and again from outside: the page's security policy lets nothing in it evaluate text. */
async function until(page: Page, condition: string): Promise<void> {
  while (!(await page.evaluate<boolean>(condition)));
}

describe.skipIf(!existsSync(BROWSER))('the live page in a real browser', () => {
  it('draws the picture and the box of the same message, and says when the run is over', async () => {
    const { stream, page, complaints, close } = await open();
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

  it('draws lines and zones with their counts, and tells the last few events', async () => {
    const { stream, page, complaints, close } = await open();
    const grey = greyPicture(768, 432);
    const [first, second] = [sceneWith(1), sceneWith(2)];
    await stream.write(frameResult(0, { picture: grey, tracks: [], totals: first, events: [crossing(0)] }));
    await page.getByText('car 1 crossed road, west').waitFor();
    // Counts come with the statistics of a second, and are drawn into the picture that is there.
    await until(page, `(${AMBER_AT})([0.5, 0.75])`);
    expect(await page.evaluate<boolean>(`(${AMBER_AT})([0.25, 0.75])`)).toBe(false);

    const more = [1, 2, 3, 4].map(crossing);
    const hidden = { ...crossing(9), type: 'track_start' } as const;
    await stream.write(
      frameResult(1, { picture: grey, tracks: [], totals: first, events: [...more, hidden] }),
    );
    await page.getByText('car 5 crossed road, west').waitFor();
    expect(await page.locator('li').allTextContents()).toEqual([
      '0:04.5  car 5 crossed road, west',
      '0:03.5  car 4 crossed road, west',
      '0:02.5  car 3 crossed road, west',
      '0:01.5  car 2 crossed road, west',
    ]);

    const before = await page.locator('canvas').screenshot();
    await stream.write(frameResult(2, { picture: grey, tracks: [], totals: second }));
    await stream.end('completed');
    await close(sourceSummary({ analytics: second }));
    await page.getByText('the run is over').waitFor();
    expect((await page.locator('canvas').screenshot()).equals(before)).toBe(false);
    expect(complaints).toEqual([]);
  });

  it('shows the state of every source in words, and lets a card go with its source', async () => {
    const { sink, stream, page, complaints } = await open();
    const tell = (sourceId: string, state: SourceState, reason?: string): void =>
      sink.onStatus?.({ sourceId, state, atMs: 0, ...(reason !== undefined && { code: 'ERR_X', reason }) });
    const card = (name: string): Locator => page.locator('section').filter({ hasText: name });
    tell('gate', 'connecting');
    await card('gate').getByText('opening the source').waitFor();
    tell('gate', 'failed', 'there is no "gate.mp4"');
    await card('gate').getByText('given up: there is no "gate.mp4"').waitFor();
    expect(await card('gate').locator('canvas').isVisible()).toBe(false);
    for (const [state, words] of [
      ['stalled', 'no new pictures; the last one is shown: no frame for 10 s'],
      ['reconnecting', 'the connection was lost; trying again: no frame for 10 s'],
    ] as const) {
      tell('cars', state, 'no frame for 10 s');
      await card('cars').getByText(words).waitFor();
    }
    tell('cars', 'running');
    await card('cars').getByText('running').waitFor();
    expect(await card('cars').locator('.why').isVisible()).toBe(false);
    expect(await card('cars').locator('canvas').isVisible()).toBe(true);

    // Whoever comes later sees the same.
    await page.reload();
    await card('gate').getByText('given up: there is no "gate.mp4"').waitFor();
    await stream.end('stopped');
    tell('cars', 'removed');
    await card('cars').waitFor({ state: 'detached' });
    expect(await page.locator('section').count()).toBe(1);
    expect(complaints).toEqual([]);
  });

  it('keeps everything of a source within the window, whatever its shape', async () => {
    const { stream, page, complaints } = await open();
    await page.setViewportSize({ width: 1280, height: 800 });
    const sizes = [
      { width: 768, height: 432 },
      { width: 432, height: 768 },
      { width: 640, height: 480 },
    ];
    for (const [at, { width, height }] of sizes.entries()) {
      const picture = greyPicture(width, height);
      const { frame } = frameResult(0, { picture });
      await stream.beginEpoch?.({ number: at + 1, geometry: frame.geometry, startUs: 0 });
      await stream.write(frameResult(at, { picture, totals: sceneWith(at), events: [crossing(at)] }));
      await page.getByText(`car ${at + 1} crossed road, west`).waitFor();
      await until(page, `Math.abs((${RATIO})() - ${width / height}) < 0.01`);
      const events = (await page.locator('ol').boundingBox())!;
      expect(events.y + events.height).toBeLessThanOrEqual(800);
    }
    expect(complaints).toEqual([]);
  });

  it('shows every picture of a batch, each with its own boxes', async () => {
    const { stream, page, complaints } = await open();
    const picture = greyPicture(768, 432);
    for (const batch of [0, 1])
      for (const at of [0, 1, 2, 3]) {
        const index = 4 * batch + at;
        await stream.write(frameResult(index, { picture, tracks: [track({ trackId: index })] }));
      }
    await until(page, `seen.some(({ text }) => text.startsWith('car 7 '))`);
    const ids = await page.evaluate<string[]>(`seen.map(({ text }) => text.split(' ')[1])`);
    expect([...new Set(ids)]).toEqual(['0', '1', '2', '3', '4', '5', '6', '7']);
    expect(complaints).toEqual([]);
  });

  it('lays sources out so that none takes the room of the others, in dark and in light colours', async () => {
    const { sink, page, complaints } = await open();
    await page.setViewportSize({ width: 1280, height: 800 });
    const shapes = [
      { width: 768, height: 432 },
      { width: 432, height: 768 },
      { width: 640, height: 480 },
    ];
    for (let count = 1; count <= 8; count++) {
      const { width, height } = shapes[(count - 1) % shapes.length]!;
      const id = count === 1 ? 'cars' : `camera ${count}`;
      const stream = await sink.open(sourceInfo({ id, width, height }), detectorInfo());
      const event = { ...crossing(0), sourceId: id };
      await stream.write(frameResult(0, { totals: sceneWith(1), events: [event] }));
      await until(page, `document.querySelectorAll('section li').length === ${count}`);
      const cards = await page.evaluate<{ width: number; high: number; bottom: number }[]>(CARDS);
      // A row is as high as a picture of 4:3 asks for, and up to four sources are within the window.
      if (count > 1) for (const { width, high } of cards) expect(high).toBeLessThanOrEqual(0.75 * width + 1);
      if (count <= 4) for (const { bottom } of cards) expect(bottom).toBeLessThanOrEqual(800);
      expect(await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')).toBe(0);
    }
    for (const [colorScheme, colour] of [
      ['dark', 'rgb(20, 22, 26)'],
      ['light', 'rgb(238, 240, 243)'],
    ] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await page.evaluate<string>('getComputedStyle(document.body).backgroundColor')).toBe(colour);
    }
    expect(complaints).toEqual([]);
  });

  it('writes long names on a phone in full, with letters as they are', async () => {
    const { stream, page, complaints } = await open();
    await page.setViewportSize({ width: 390, height: 844 });
    const label = 'construction vehicle with a very long name that nobody would expect';
    const tracks = [track({ label, trackId: 12 })];
    for (const [width, height] of [
      [768, 432],
      [432, 768],
    ] as const) {
      const picture = greyPicture(width, height);
      await page.evaluate('seen.length = 0');
      await stream.write(frameResult(0, { picture, tracks }));
      await until(page, `seen.some(({ text }) => text.includes(' 12 '))`);
      const seen = await page.evaluate<{ text: string; squeezed: boolean }[]>('seen');
      expect(seen.map(({ text }) => text).join(' ')).toContain(`${label} 12 `);
      expect(seen.filter(({ squeezed }) => squeezed)).toEqual([]);
    }
    expect(complaints).toEqual([]);
  });
});

/** Runs in the page: what each card takes of the room. */
const CARDS = `[...document.querySelectorAll('section')].map((card) => ({
  width: card.clientWidth,
  high: card.querySelector('canvas').clientHeight,
  bottom: card.getBoundingClientRect().bottom,
}))`;

/** Runs in the page: width by height of the canvas as it is shown. */
const RATIO = `() => {
  const { clientWidth, clientHeight } = document.querySelector('canvas');
  return clientWidth / clientHeight;
}`;

/** Runs in the page: whether the canvas is amber at or beside a place given in shares of its size. */
const AMBER_AT = `([x, y]) => {
  const canvas = document.querySelector('canvas');
  const context = canvas.getContext('2d');
  const { data } = context.getImageData(Math.round(x * canvas.width) - 4, Math.round(y * canvas.height), 8, 1);
  for (let at = 0; at < data.length; at += 4) if (data[at] > 230 && data[at + 1] > 170 && data[at + 2] < 90) return true;
  return false;
}`;

/** A vertical line in the middle of the picture with so many crossings. */
function sceneWith(count: number): AnalyticsTotals {
  const directions = [{ direction: 'west', count, byClass: { car: count } }];
  const points = [0, 432].map((y) => ({ x: 384, y }));
  return { lines: [{ name: 'road', points, directions }], zones: [] };
}

function crossing(index: number): LineEvent {
  return {
    type: 'line_cross',
    id: `cars/0/line_cross/road/${index + 1}/${index}`,
    sourceId: 'cars',
    epoch: 0,
    ptsUs: (index + 0.5) * 1e6,
    trackId: index + 1,
    classId: 2,
    label: 'car',
    name: 'road',
    direction: 'west',
    at: [384, 200],
  };
}
