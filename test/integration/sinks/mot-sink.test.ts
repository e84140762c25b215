import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createMotSink } from '../../../src/sinks/mot-sink.js';
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
