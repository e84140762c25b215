/** A file whose clock jumps, from the command line to records, annotated video and replays. */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { FrameRecord } from '../../src/record/schema.js';
import { ROOT, runCli, timestampsOf } from '../support/cli.js';
import { runFfmpeg, testPicture } from '../support/media.js';

let folder: string;
const at = (name: string): string => join(folder, name);

async function sightline(...args: string[]): Promise<string> {
  const { code, stderr } = await runCli(args, { cwd: folder });
  expect(code, stderr).toBe(0);
  return stderr;
}

function framesOf(name: string): FrameRecord[] {
  const lines = readFileSync(at(name), 'utf8').trimEnd().split('\n');
  return lines
    .map((line) => JSON.parse(line) as FrameRecord)
    .filter((record) => (record.type as string) === 'frame');
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sightline-epochs-'));
  const sound = ['-f', 'lavfi', '-i', 'sine=duration=2', '-c:a', 'aac'];
  const codec = ['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '2', '-f', 'mpegts'];
  const part = await runFfmpeg(...testPicture('64x48', 2), ...sound, ...codec, '-');
  writeFileSync(at('two.ts'), Buffer.concat([part, part]));
  copyFileSync(`${ROOT}models/street-b0/model.json`, at('model.json'));
  const car = (x: number): object => ({ class: 'car', box: [x, 100, x + 120, 220], confidence: 0.9 });
  writeFileSync(at('fake.json'), JSON.stringify(Array.from({ length: 20 }, (_, n) => [car(20 + 8 * n)])));
  await sightline(
    ...['track', 'two.ts', '--model', '.', '--device', 'fake'],
    ...['--jsonl', 'run.jsonl', '--video', 'run.mp4', '--log-format', 'json'],
  ).then((log) => {
    writeFileSync(at('log'), log);
  });
});
afterAll(() => rm(folder, { recursive: true }));

it('records two epochs, each with its own times and tracks', () => {
  const frames = framesOf('run.jsonl');
  const [first, second] = [0, 1].map((number) => frames.filter(({ epoch }) => epoch === number));
  expect(first).toHaveLength(20);
  expect(second!.map(({ ptsUs }) => ptsUs)).toEqual(first!.map(({ ptsUs }) => ptsUs));
  expect(frames.map(({ frame }) => frame)).toEqual(frames.map((_, n) => n));
  expect(first!.at(-1)!.tracks.length).toBeGreaterThan(0);
});

it('adds the media time of both, and warns of nothing but the audio', () => {
  const lines = readFileSync(at('log'), 'utf8').trimEnd().split('\n');
  const log = lines.map((line) => JSON.parse(line) as { level: string; msg: string; summary?: unknown });
  expect(log.find(({ summary }) => summary !== undefined)).toMatchObject({
    summary: { sources: [{ outcome: 'completed', decodeErrors: 0, mediaUs: 3_800_000 }] },
  });
  const warnings = log.filter(({ level }) => level === 'warn').map(({ msg }) => msg);
  expect(warnings).toEqual([expect.stringContaining('the clock of the source jumped')]);
});

it('the annotated video has all frames, the second part at the usual gap after the first', () => {
  const seconds = timestampsOf(at('run.mp4')).map(Number);
  expect(seconds).toHaveLength(40);
  seconds.slice(1).forEach((second, n) => {
    expect(second - seconds[n]!).toBeCloseTo(0.1, 3);
  });
});

it.each<[string, string[]]>([
  ['without pixels', []],
  ['with pixels', ['--video', 'again.mp4']],
])('a replay %s writes the same records', async (_what, more) => {
  await sightline('replay', 'run.jsonl', '--overwrite', '--jsonl', 'again.jsonl', ...more);
  expect(framesOf('again.jsonl')).toEqual(framesOf('run.jsonl'));
  const text = (name: string): string[] =>
    readFileSync(at(name), 'utf8')
      .split('\n')
      .filter((line) => line.includes('"type":"frame"'));
  expect(text('again.jsonl')).toEqual(text('run.jsonl'));
});
