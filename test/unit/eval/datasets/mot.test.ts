import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { parseIgnoreRegions, parseMotRows } from '../../../../src/eval/datasets/mot-rows.js';
import { readMotTruth } from '../../../../src/eval/datasets/mot-truth.js';
import { findTrackResults } from '../../../../src/eval/datasets/track-results.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

let root: string;
beforeEach(async () => {
  root = await temporaryFolder();
});

async function write(path: string, text: string): Promise<string> {
  const file = join(root, path);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, text);
  return file;
}

describe('rows of MOTChallenge', () => {
  it('reads boxes, classes and what is not counted', () => {
    const text = '1,4,10,20,30,40,1,1,0.5\n\n2, 4, 11.5, 20, 30, 40, 0, 7, 1\r\n';
    expect(parseMotRows(text, 'gt.txt', { truth: true })).toEqual([
      { frame: 1, id: 4, box: { x1: 10, y1: 20, x2: 40, y2: 60 }, classId: 1, counted: true },
      { frame: 2, id: 4, box: { x1: 11.5, y1: 20, x2: 41.5, y2: 60 }, classId: 7, counted: false },
    ]);
  });

  it('does not take the confidence of results for a mark', () => {
    const [row] = parseMotRows('1,4,10,20,30,40,0,-1,-1,-1', 'r.txt', { truth: false });
    expect(row).toMatchObject({ counted: true, classId: -1 });
  });

  it.each([
    ['1,2,3,4,5', 'r.txt:1: expected at least 6 columns but found 5'],
    ['1,1,0,0,9,9\n1,2,x,4,5,6', 'r.txt:2: column 3 is "x", not a number'],
    ['1,1,0,0,,9', 'r.txt:1: column 5 is "", not a number'],
    ['1,1,0,0,-4,9', 'r.txt:1: the box is -4 wide and 9 high'],
    ['0,1,0,0,4,9', 'r.txt:1: frame is 0; the frames of this sequence are 1 to 5'],
    ['6,1,0,0,4,9', 'r.txt:1: frame is 6; the frames of this sequence are 1 to 5'],
    ['1,1.5,0,0,4,9', 'r.txt:1: id is 1.5, which is no whole number'],
    ['1,1,0,0,4,9\n1,1,0,0,4,9', 'r.txt:2: id 1 is in frame 1 a second time'],
  ])('says what is wrong with %j', (text, message) => {
    expect(() => parseMotRows(text, 'r.txt', { truth: false, frames: 5 })).toThrow(message);
  });

  it('reads ignore regions', () => {
    expect(parseIgnoreRegions('0,1,2,3,4\n7 1 2 3 4', 'ignore.txt')).toEqual([
      { frame: 0, box: { x1: 1, y1: 2, x2: 4, y2: 6 } },
      { frame: 7, box: { x1: 1, y1: 2, x2: 4, y2: 6 } },
    ]);
  });
});

describe('readMotTruth', () => {
  const ROW = '1,1,0,0,4,9,1,-1,-1,-1\n';

  it('finds sequences in all the usual places', async () => {
    await write('set/A-01/gt/gt.txt', ROW);
    await write('set/A-01/seqinfo.ini', '[Sequence]\nseqLength=12\r\n');
    await write('set/A-01/ignore.txt', '0,0,0,5,5\n');
    await write('set/A-02/gt.txt', ROW);
    await write('set/A-03.txt', ROW);
    await write('set/other/readme.md', '');
    const all = await readMotTruth(join(root, 'set'));
    expect(all.map(({ name, frames, rows, regions }) => [name, frames, rows.length, regions.length])).toEqual(
      [
        ['A-01', 12, 1, 1],
        ['A-02', undefined, 1, 0],
        ['A-03', undefined, 1, 0],
      ],
    );
    const [one] = await readMotTruth(join(root, 'set/A-01'));
    expect(one).toMatchObject({ name: 'A-01', frames: 12 });
    const [two] = await readMotTruth(join(root, 'set/A-01/gt/gt.txt'));
    expect(two).toMatchObject({ name: 'A-01', frames: 12 });
    const [here] = await readMotTruth(`${root}/set/A-02/./gt.txt`);
    expect(here).toMatchObject({ name: 'A-02' });
    expect(await readMotTruth(join(root, 'set'), ['A-02'])).toHaveLength(1);
  });

  it('says what is missing', async () => {
    await write('empty/readme.md', '');
    await write('one/A.txt', ROW);
    await write('bad/gt/gt.txt', ROW);
    await write('bad/seqinfo.ini', 'seqLength=many');
    await expect(readMotTruth(join(root, 'nowhere'))).rejects.toThrow('nowhere" does not exist');
    await expect(readMotTruth(join(root, 'empty'))).rejects.toThrow('no <sequence>/gt/gt.txt');
    await expect(readMotTruth(join(root, 'one'), ['B'])).rejects.toThrow('no sequence "B"');
    await expect(readMotTruth(join(root, 'bad'))).rejects.toThrow('seqLength is "many"');
  });
});

describe('findTrackResults', () => {
  const frame = (source: string, number: number, tracks: object[]): string =>
    `${JSON.stringify({ v: 1, type: 'frame', source, epoch: 0, frame: number, ptsUs: 0, width: 9, height: 9, detections: [], tracks, ended: [] })}\n`;
  const track = (id: number, label: string, state = 'confirmed'): object => ({
    ...{ id, state, class: label, classId: 0, confidence: 1, box: [0, 1, 2, 3], velocity: [0, 0], ageUs: 0 },
  });

  it('takes the confirmed tracks of each source of our records, of the classes asked for', async () => {
    const text =
      frame('a', 0, [track(1, 'person'), track(2, 'car'), track(3, 'person', 'lost')]) +
      frame('b', 4, [track(1, 'person')]);
    const file = await write('out.jsonl', text);
    const found = await findTrackResults(file, ['person']);
    expect(found.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(await found[0]!.read(9)).toEqual([
      { frame: 1, id: 1, box: { x1: 0, y1: 1, x2: 2, y2: 3 }, classId: -1, counted: true },
    ]);
    expect(await (await findTrackResults(file))[0]!.read(9)).toHaveLength(2);
    await expect(found[1]!.read(4)).rejects.toThrow('"b" has a track in frame 5');
  });

  it('refuses two runs in one file', async () => {
    const once = frame('a', 0, [track(1, 'person')]);
    await expect(findTrackResults(await write('twice.jsonl', once + once))).rejects.toThrow(
      'a file holds one run',
    );
  });

  it("finds text files, in TrackEval's data folder too", async () => {
    await write('r/data/A.txt', '1,1,0,0,4,9,1\n');
    const [found] = await findTrackResults(join(root, 'r'));
    expect(found!.name).toBe('A');
    expect(await found!.read(undefined)).toHaveLength(1);
    await expect(findTrackResults(await write('e/x.md', '').then(() => join(root, 'e')))).rejects.toThrow(
      'no .txt',
    );
  });
});
