/** `sightline replay` as a user meets it. The recordings are made once, with detections from a script. */
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, linkSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FrameRecord, SourceRecord } from '../../src/record/schema.js';
import { clip, probeVideo, ROOT, runCli, timestampsOf } from '../support/cli.js';
import { fakeModel } from '../support/fake-model.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const FAKE = await fakeModel();
const ONE_LINE = /^error: [^\n]+\n$/;
const CARS = clip('car-detection');
const PERSON = clip('one-by-one-person-detection');
const ZONES = `lines:
  - { name: road, points: [[384, 0], [384, 432]], forward: west, backward: east }
zones:
  - { name: near, polygon: [[100, 200], [700, 200], [700, 430], [100, 430]], loiterSeconds: 1 }
countSeconds: 2
heatMap: {}
`;

let folder: string;
const at = (name: string): string => join(folder, name);

interface Line {
  readonly type: string;
  readonly source: string;
  readonly event?: string;
}

function linesOf(file: string): (Line | FrameRecord)[] {
  return readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

function framesOf(file: string): FrameRecord[] {
  return linesOf(file).filter((line): line is FrameRecord => line.type === 'frame');
}

function hashOf(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

async function replay(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCli(['replay', ...args], { cwd: folder });
  expect({ code, stdout }, stderr).toEqual({ code: 0, stdout: '' });
  return stderr;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sightline-replay-'));
  writeFileSync(at('zones.yaml'), ZONES);
  const part = ['--start', '13', '--duration', '6', '--quiet', ...FAKE];
  for (const args of [
    ['track', CARS, ...part, '--zones', 'zones.yaml', '--jsonl', 'cars.jsonl'],
    ['track', CARS, ...part, '--stride', '3', '--jsonl', 'stride.jsonl'],
    ['track', CARS, PERSON, '--start', '13', '--duration', '2', '--quiet', '--jsonl', 'two.jsonl', ...FAKE],
  ]) {
    const { code, stderr } = await runCli(args, { cwd: folder });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  }
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('sightline replay', () => {
  it('gives the recording again byte for byte, each time: tracks, events, totals and heat map', async () => {
    const events = linesOf(at('cars.jsonl')).flatMap((line) => ('event' in line ? [line.event] : []));
    expect(events).toEqual(expect.arrayContaining(['track_start', 'line_cross', 'zone_enter', 'loitering']));
    for (const name of ['again.jsonl', 'and-again.jsonl']) {
      const stderr = await replay('cars.jsonl', '--zones', 'zones.yaml', '--jsonl', name);
      expect(stderr).toContain('line road: west 1, east 0');
      expect(hashOf(at(name))).toBe(hashOf(at('cars.jsonl')));
    }
  });

  it('looks at the video only to show it; the records stay the same', async () => {
    await replay('cars.jsonl', '--zones', 'zones.yaml', '--jsonl', 'seen.jsonl', '--video', 'seen.mp4');
    expect(hashOf(at('seen.jsonl'))).toBe(hashOf(at('cars.jsonl')));
    const frames = framesOf(at('cars.jsonl'));
    expect(probeVideo(at('seen.mp4'))).toMatchObject({ frames: frames.length, width: 768, height: 432 });
  });

  it('takes other trackers: detections as they were, tracks of their own', async () => {
    const recorded = framesOf(at('cars.jsonl'));
    for (const tracker of ['bytetrack', 'ocsort', 'sort']) {
      await replay('cars.jsonl', '--tracker', tracker, '--jsonl', `${tracker}.jsonl`);
      const frames = framesOf(at(`${tracker}.jsonl`));
      expect(frames.map(({ detections }) => detections)).toEqual(
        recorded.map(({ detections }) => detections),
      );
      expect(frames.map(({ tracks }) => tracks)).not.toEqual(recorded.map(({ tracks }) => tracks));
      expect(linesOf(at(`${tracker}.jsonl`))[0]).toMatchObject({ tracking: { tracker } });
    }
  });

  it('takes other thresholds, classes and parameters, and says so in what it writes', async () => {
    await replay(
      'cars.jsonl',
      '--conf',
      '0.97',
      '--tracker-option',
      'track_buffer=3',
      '--jsonl',
      'conf.jsonl',
    );
    expect(linesOf(at('conf.jsonl'))[0]).toMatchObject({
      tracking: { parameters: { track_high_thresh: 0.97, track_buffer: 3 } },
    });
    await replay('cars.jsonl', '--classes', 'person', '--jsonl', 'person.jsonl');
    expect(framesOf(at('person.jsonl')).every(({ tracks }) => tracks.length === 0)).toBe(true);
  });

  it('replays a part with a stride, with its frame numbers and times, and shows it', async () => {
    await replay('stride.jsonl', '--jsonl', 'stride-again.jsonl', '--video', 'stride.mkv');
    expect(hashOf(at('stride-again.jsonl'))).toBe(hashOf(at('stride.jsonl')));
    const times = framesOf(at('stride.jsonl')).map(({ ptsUs }) => ptsUs / 1e6);
    expect(times[1]! - times[0]!).toBeCloseTo(0.24, 6);
    const shown = timestampsOf(at('stride.mkv')).map(Number);
    expect(shown).toHaveLength(times.length);
    shown.forEach((time, index) => {
      expect(time - shown[0]!).toBeCloseTo(times[index]! - times[0]!, 2);
    });
  });

  it('looks at the video again where the camera moves, and gives the same', async () => {
    const args = [
      '--start',
      '15',
      '--duration',
      '2',
      '--camera-motion',
      '--quiet',
      '--jsonl',
      'moving.jsonl',
      ...FAKE,
    ];
    expect((await runCli(['track', CARS, ...args], { cwd: folder })).code).toBe(0);
    await replay('moving.jsonl', '--jsonl', 'moving-again.jsonl');
    expect(hashOf(at('moving-again.jsonl'))).toBe(hashOf(at('moving.jsonl')));
    const { tracking } = linesOf(at('moving.jsonl'))[0] as unknown as SourceRecord;
    expect(tracking?.parameters['gmc_method']).toBe('sparseOptFlow');
  });

  it('replays several sources of one recording', async () => {
    const stderr = await replay('two.jsonl', '--jsonl', 'two-again.jsonl', '--mot', '{source}.txt');
    expect(stderr).toMatch(/^car-detection: /m);
    expect(stderr).toMatch(/^one-by-one-person-detection: /m);
    const bySource = (file: string, id: string): unknown[] =>
      linesOf(at(file)).filter(({ source }) => source === id);
    for (const id of ['car-detection', 'one-by-one-person-detection']) {
      expect(bySource('two-again.jsonl', id)).toEqual(bySource('two.jsonl', id));
      expect(existsSync(at(`${id}.txt`))).toBe(true);
    }
    const refused = await runCli(['replay', 'two.jsonl', '--input', CARS, '--video', '{source}.mp4'], {
      cwd: folder,
    });
    expect(refused.stderr).toMatch(ONE_LINE);
    expect(refused.stderr).toContain('the recording has 2 sources');
    expect(refused.code).toBe(2);
  });

  it('finds a video that was moved with --input, and says which one it misses', async () => {
    const text = readFileSync(at('stride.jsonl'), 'utf8');
    writeFileSync(at('moved.jsonl'), text.replace(/"uri":"[^"]*"/, '"uri":"elsewhere.mp4"'));
    const missing = await runCli(['replay', 'moved.jsonl', '--video', 'moved.mp4'], { cwd: folder });
    expect(missing.stderr).toMatch(ONE_LINE);
    expect(missing.stderr).toContain('"elsewhere.mp4" cannot be read');
    expect(missing.code).toBe(4);
    await replay('moved.jsonl', '--video', 'moved.mp4', '--input', CARS);
    expect(probeVideo(at('moved.mp4')).frames).toBe(framesOf(at('stride.jsonl')).length);
  });
});

describe('a heat map', () => {
  it('is written of a run and of a replay, and needs to be asked for in the zones file', async () => {
    await replay('stride.jsonl', '--zones', 'zones.yaml', '--heat-map', '{source}.png');
    expect(probeVideo(at('car-detection.png'))).toMatchObject({ codec: 'png', width: 768, height: 432 });
    const text = readFileSync(at('stride.jsonl'), 'utf8');
    writeFileSync(at('gone.jsonl'), text.replace(/"uri":"[^"]*"/, '"uri":"gone.mp4"'));
    await replay('gone.jsonl', '--zones', 'zones.yaml', '--heat-map', 'plain.png');
    expect(probeVideo(at('plain.png'))).toMatchObject({ codec: 'png', width: 768, height: 432 });
    for (const command of [
      ['replay', 'stride.jsonl'],
      ['track', CARS, ...FAKE],
    ]) {
      const { code, stderr } = await runCli([...command, '--heat-map', 'no.png'], { cwd: folder });
      expect(stderr).toMatch(ONE_LINE);
      expect(stderr).toContain('put "heatMap: {}" into its analytics or zones file');
      expect(code).toBe(2);
    }
  });
});

describe('a replay that cannot work ends with one line', () => {
  async function refused(
    args: readonly string[],
    cwd = folder,
  ): Promise<{ code: number | null; line: string }> {
    const { code, stdout, stderr } = await runCli(['replay', ...args], { cwd });
    expect(stderr).toMatch(ONE_LINE);
    expect(stdout).toBe('');
    return { code, line: stderr };
  }

  it('the video of something else', async () => {
    const { code, line } = await refused(['cars.jsonl', '--input', PERSON, '--video', 'wrong.mp4']);
    expect(line).toMatch(/no frame at 13\.\d+ s, which is frame 0 of the recording of "car-detection"/);
    expect(code).toBe(4);
  });

  it.each([
    ['broken in a line', (text: string) => `${text.slice(0, 20_000)}\n`, /damaged\.jsonl:\d+ is not JSON/, 1],
    ['nothing', () => '', /holds no source record/, 4],
  ])('a damaged recording: %s', async (_name, damage, message, exit) => {
    const cwd = await temporaryFolder();
    writeFileSync(join(cwd, 'damaged.jsonl'), damage(readFileSync(at('cars.jsonl'), 'utf8')));
    const { code, line } = await refused(['damaged.jsonl', '--jsonl', 'out.jsonl'], cwd);
    expect(line).toMatch(message);
    expect(code).toBe(exit);
    expect(existsSync(join(cwd, 'out.jsonl'))).toBe(false);
  });

  it('a recording that is not there', async () => {
    const { code, line } = await refused(['nope.jsonl']);
    expect(line).toContain('"nope.jsonl" does not exist');
    expect(code).toBe(4);
  });

  it('the recording as its own output, under any name: it stays as it is', async () => {
    const cwd = await temporaryFolder();
    copyFileSync(at('stride.jsonl'), join(cwd, 'rec.jsonl'));
    symlinkSync('rec.jsonl', join(cwd, 'soft.jsonl'));
    linkSync(join(cwd, 'rec.jsonl'), join(cwd, 'hard.txt'));
    for (const output of [
      ['--jsonl', 'rec.jsonl'],
      ['--jsonl', './rec.jsonl'],
      ['--jsonl', 'soft.jsonl'],
      ['--mot', 'hard.txt'],
    ]) {
      const { code, line } = await refused(['rec.jsonl', ...output, '--overwrite'], cwd);
      expect(line).toContain(`the ${output[0]!.slice(2)} output "${output[1]!}" is the recording itself`);
      expect(code).toBe(2);
    }
    expect(hashOf(join(cwd, 'rec.jsonl'))).toBe(hashOf(at('stride.jsonl')));
  });

  it.each([
    [['--classes', 'unicorn'], /no class "unicorn"; its classes are person, bicycle, car/],
    [['--tracker', 'boosort'], /no tracker "boosort" \(did you mean "botsort"\?\)/],
    [['--tracker-option', 'track_bufer=3'], /no parameter "track_bufer" \(did you mean "track_buffer"\?\)/],
    [['--model', 'x'], /unknown option '--model'/],
    [['--zones', 'none.yaml'], /"none\.yaml" cannot be read/],
  ])('%j', async (args, message) => {
    const { code, line } = await refused(['cars.jsonl', ...args]);
    expect(line).toMatch(message);
    expect(code).toBe(2);
  });

  it.each([
    ['lines:\n  - { name: a, points: [[1, 1]] }\n', /^error: bad\.yaml:2:16: option "lines\.0\.points"/],
    ['zones:\n  - { name: a, polygon: [[0, 0], [9, 9], [9, 0], [0, 9]] }\n', /crosses or touches itself/],
  ])('zones %j', async (yaml, message) => {
    const cwd = await temporaryFolder();
    writeFileSync(join(cwd, 'bad.yaml'), yaml);
    const { code, line } = await refused(
      [at('cars.jsonl'), '--zones', 'bad.yaml', '--jsonl', 'o.jsonl'],
      cwd,
    );
    expect(line).toMatch(message);
    expect(code).toBe(2);
    expect(existsSync(join(cwd, 'o.jsonl'))).toBe(false);
  });
});

it('is the same where pictures are stretched, with camera motion from the video, and boxes lie where they should', async () => {
  const cwd = await temporaryFolder();
  const shipped = JSON.parse(readFileSync(`${ROOT}models/street-b0/model.json`, 'utf8')) as { input: object };
  const input = { ...shipped.input, width: 256, height: 160, letterbox: false };
  // 768 × 432 in 256 × 160 without borders: 3 source pixels a column, 2.7 a row.
  const boxes = [10, 11, 12].map((x) => [{ class: 'car', box: [x, 20, x + 40, 60], confidence: 0.9 }]);
  writeFileSync(join(cwd, 'model.json'), JSON.stringify({ ...shipped, input }));
  writeFileSync(join(cwd, 'fake.json'), JSON.stringify(boxes));
  const run = (...args: string[]) => runCli([...args, '--camera-motion', '--quiet'], { cwd });
  const part = ['--start', '8', '--max-frames', '12'];
  const model = ['--model', cwd, '--device', 'fake'];
  expect(await run('track', CARS, ...part, ...model, '--jsonl', 'a.jsonl')).toMatchObject({
    code: 0,
    stderr: '',
  });
  expect(await run('replay', 'a.jsonl', '--jsonl', 'b.jsonl')).toMatchObject({ code: 0, stderr: '' });
  const frames = framesOf(join(cwd, 'a.jsonl'));
  expect(frames[0]?.detections[0]?.box).toEqual([30, 54, 150, 162]);
  expect(frames).toHaveLength(12);
  expect(framesOf(join(cwd, 'b.jsonl'))).toEqual(frames);
  const letterbox = { pad: 128, kernel: 'bicubic', fit: 'stretch' };
  for (const name of ['a', 'b'])
    expect(linesOf(join(cwd, `${name}.jsonl`))[0]).toMatchObject({ input: [256, 160], letterbox });
});
