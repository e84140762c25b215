import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  formatRecord,
  toEndRecord,
  toEventRecord,
  toFrameRecord,
  toSourceRecord,
} from '../../../src/record/write.js';
import { openRecording } from '../../../src/record/recording.js';
import { detectorInfo, frameResult, sourceInfo, sourceSummary } from '../../support/results.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const { signal } = new AbortController();

function head(id: string): string {
  return formatRecord(toSourceRecord(sourceInfo({ id, startUs: 7 }), detectorInfo(), undefined, '0'));
}

function frame(id: string, index: number, more: { epoch?: number; ptsUs?: number } = {}): string {
  const { epoch = 0, ptsUs = index * 80_000 } = more;
  return formatRecord({ ...toFrameRecord(frameResult(index, { sourceId: id })), epoch, ptsUs });
}

async function recordingOf(...lines: readonly string[]): Promise<string> {
  const path = join(await temporaryFolder(), 'run.jsonl');
  await writeFile(path, lines.map((line) => `${line}\n`).join(''));
  return path;
}

async function read<T>(all: AsyncIterable<T>): Promise<T[]> {
  const values: T[] = [];
  for await (const value of all) values.push(value);
  return values;
}

describe('a recording', () => {
  it('tells its sources, and gives the frames of each in order, as often as they are asked for', async () => {
    const event = toEventRecord({
      type: 'counts',
      id: 'a/0/counts///0',
      sourceId: 'a',
      epoch: 0,
      ptsUs: 0,
      startUs: 0,
      endUs: 1,
      partial: true,
      counts: [],
    });
    const path = await recordingOf(
      ...[head('a'), frame('a', 3), formatRecord(event), head('b'), frame('b', 0), '', frame('a', 4)],
      ...['{"v":1,"type":"of later versions"}', formatRecord(toEndRecord(sourceSummary({ id: 'a' })))],
    );
    const recording = await openRecording(path);
    expect(
      recording.sources.map(({ head: { source }, frames, firstUs }) => [source, frames, firstUs]),
    ).toEqual([
      ['a', 2, 240_000],
      ['b', 1, 0],
    ]);
    for (let round = 0; round < 2; round++) {
      const frames = await read(recording.frames('a', signal));
      expect(frames.map(({ frame: index }) => index)).toEqual([3, 4]);
    }
  });

  it('gives the frames of a source however its name is written', async () => {
    const [one, other] = [frame('café', 0), frame('café', 1)];
    const path = await recordingOf(
      head('café'),
      head('b'),
      one,
      frame('b', 0),
      other.replace('é', '\\u00e9'),
    );
    const recording = await openRecording(path);
    const frames = await read(recording.frames('café', signal));
    expect(frames.map(({ source, frame: index }) => [source, index])).toEqual([
      ['café', 0],
      ['café', 1],
    ]);
  });

  it.each(['', '../b', 'a/b', 'a\\b'])(
    'has no source called %j: outputs are named after them',
    async (id) => {
      await expect(openRecording(await recordingOf(head(id)))).rejects.toThrow(
        /run\.jsonl:1: a source is called .*; a name cannot be empty or hold a slash/,
      );
    },
  );

  it('may hold a source without frames, and may lack its end', async () => {
    const recording = await openRecording(await recordingOf(head('a')));
    expect(recording.sources).toMatchObject([{ frames: 0, firstUs: 7 }]);
    expect(await read(recording.frames('a', signal))).toEqual([]);
  });

  it('may start its clock anew in another epoch, and may have frames of equal times', async () => {
    const path = await recordingOf(
      ...[
        head('a'),
        frame('a', 8),
        frame('a', 9, { ptsUs: 640_000 }),
        frame('a', 10, { epoch: 1, ptsUs: 0 }),
      ],
    );
    expect((await openRecording(path)).sources[0]!.frames).toBe(3);
  });

  it('leaves out a last line that is cut, and says where it was', async () => {
    const path = await recordingOf(head('a'), frame('a', 0));
    await appendFile(path, frame('a', 1).slice(0, 90));
    const recording = await openRecording(path);
    expect(recording.cutAt).toBe(`${path}:3`);
    expect(await read(recording.frames('a', new AbortController().signal))).toHaveLength(1);
    const whole = await recordingOf(head('a'));
    await appendFile(whole, frame('a', 0));
    expect(await openRecording(whole)).toMatchObject({ cutAt: undefined, sources: [{ frames: 1 }] });
  });

  it('stops reading when it is told to', async () => {
    const path = await recordingOf(head('a'), frame('a', 0), frame('a', 1));
    const stopping = new AbortController();
    const seen: number[] = [];
    for await (const { frame: index } of (await openRecording(path)).frames('a', stopping.signal)) {
      seen.push(index);
      stopping.abort();
    }
    expect(seen).toEqual([0]);
  });

  it.each([
    [
      'a cut line',
      [head('a'), frame('a', 0).slice(0, 90), frame('a', 1)],
      'ERR_RECORD_INVALID',
      /run\.jsonl:2 is not JSON/,
    ],
    ['another kind of value', [head('a').replace('768', '"x"')], 'ERR_RECORD_INVALID', /:1: width should be/],
    ['a later version', ['{"v":2,"type":"frame"}'], 'ERR_RECORD_INVALID', /:1: v is 2/],
    [
      'time going back',
      [head('a'), frame('a', 1), frame('a', 0)],
      'ERR_RECORD_INVALID',
      /:3: frame 0 of "a" is older/,
    ],
    [
      'epochs going back',
      [head('a'), frame('a', 0, { epoch: 1 }), frame('a', 1)],
      'ERR_RECORD_INVALID',
      /:3: frame 1 of "a" is older/,
    ],
    [
      'a frame of nobody',
      [head('a'), frame('b', 0)],
      'ERR_RECORD_INVALID',
      /:2: a frame of "b", which no source/,
    ],
    ['two runs', [head('a'), head('a')], 'ERR_RECORD_INVALID', /:2: a second source "a"/],
    ['no records', [], 'ERR_SOURCE_INVALID', /holds no source record/],
  ])('is refused for %s', async (_name, lines, code, message) => {
    await expect(openRecording(await recordingOf(...lines))).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    });
  });

  it('must be a file that is there', async () => {
    const folder = await temporaryFolder();
    await expect(openRecording(join(folder, 'none'))).rejects.toMatchObject({ code: 'ERR_SOURCE_NOT_FOUND' });
    await expect(openRecording(folder)).rejects.toMatchObject({
      code: 'ERR_SOURCE_UNREADABLE',
      message: expect.stringContaining('is not a file') as string,
    });
  });
});
