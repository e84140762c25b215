import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createMotSink } from '../../../src/sinks/mot/mot-sink.js';
import {
  detectorInfo,
  frameResult,
  runSummary,
  sourceInfo,
  sourceSummary,
  track,
} from '../../support/results.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

it('writes confirmed tracks with frames from 1', async () => {
  const path = join(await temporaryFolder(), 'out.txt');
  const sink = createMotSink({ path });
  await sink.prepare?.();
  const stream = await sink.open(sourceInfo(), detectorInfo());
  const box = { x1: 10.126, y1: 1 / 3, x2: 20.126, y2: 40 };
  await stream.write(frameResult(0, { tracks: [track({ trackId: 4, box, confidence: 0.87654 })] }));
  await stream.write(frameResult(1, { tracks: [] }));
  await stream.write(
    frameResult(2, {
      tracks: [
        track({ trackId: 4, box: { x1: 0, y1: 0, x2: 5, y2: 5 }, confidence: 1 }),
        track({ trackId: 5, box: { x1: -3, y1: 2, x2: 5, y2: 5.5 }, confidence: 0.25 }),
        track({ trackId: 6, state: 'lost' }),
        track({ trackId: 7, state: 'tentative' }),
      ],
    }),
  );
  await stream.end('completed');
  await sink.close(runSummary(sourceSummary()));
  expect(await readFile(path, 'utf8')).toBe(
    [
      '1,4,10.13,0.33,10,39.67,0.8765,-1,-1,-1',
      '3,4,0,0,5,5,1,-1,-1,-1',
      '3,5,-3,2,8,3.5,0.25,-1,-1,-1',
      '',
    ].join('\n'),
  );
});

it('fills gaps that are short enough, and keeps the frames in order', async () => {
  const path = join(await temporaryFolder(), 'out.txt');
  const sink = createMotSink({ path, interpolateSeconds: 0.25 });
  const stream = await sink.open(sourceInfo(), detectorInfo());
  const seen = (trackId: number, x1: number, confidence = 0.5): ReturnType<typeof track> =>
    track({ trackId, box: { x1, y1: 0, x2: x1 + 10, y2: 20 }, confidence });
  // Ten frames a second: track 1 misses two of them, track 2 misses three.
  const scenes = [
    [seen(1, 0, 0.9), seen(2, 100)],
    [],
    [seen(1, 8, 0.6)],
    [],
    [seen(1, 12), seen(2, 100)],
    [],
  ];
  for (const [index, tracks] of scenes.entries()) {
    await stream.write(frameResult(index, { tracks, ptsUs: index * 100_000 }));
  }
  await stream.end('completed');
  await sink.close(runSummary(sourceSummary()));
  const rows = (await readFile(path, 'utf8')).trimEnd().split('\n');
  expect(rows.map((row) => row.split(',').slice(0, 3).map(Number))).toEqual([
    [1, 1, 0],
    [1, 2, 100],
    [2, 1, 4],
    [3, 1, 8],
    [4, 1, 10],
    [5, 1, 12],
    [5, 2, 100],
  ]);
  expect(rows[2]).toBe('2,1,4,0,10,20,0.6,-1,-1,-1');
});

it('leaves an empty file when nothing was tracked: that is the result', async () => {
  const path = join(await temporaryFolder(), 'out.txt');
  const sink = createMotSink({ path });
  const stream = await sink.open(sourceInfo(), detectorInfo());
  await stream.write(frameResult(0, { tracks: [] }));
  await stream.end('completed');
  await sink.close(runSummary(sourceSummary()));
  expect(await readFile(path, 'utf8')).toBe('');
});

it('refuses a second source, whose rows could not be told apart', async () => {
  const path = join(await temporaryFolder(), 'out.txt');
  const sink = createMotSink({ path });
  await sink.open(sourceInfo({ id: 'a' }), detectorInfo());
  await expect(sink.open(sourceInfo({ id: 'b' }), detectorInfo())).rejects.toMatchObject({
    code: 'ERR_USAGE',
  });
  await sink.close(runSummary());
});

it('says so when the disk is full only at the end', async () => {
  const sink = createMotSink({ path: '/dev/full' });
  const stream = await sink.open(sourceInfo(), detectorInfo());
  await stream.write(frameResult(0));
  await expect(sink.close(runSummary())).rejects.toMatchObject({
    code: 'ERR_SINK_FAILED',
    message: 'writing "/dev/full" failed: the disk is full; it holds 0 whole lines',
  });
});
