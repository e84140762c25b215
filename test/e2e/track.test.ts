import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { audioHash, clip, probeVideo, runCli, startCli, timestampsOf } from '../support/cli.js';
import { fakeModel } from '../support/fake-model.js';
import { temporaryFolder } from '../support/temporary-folder.js';

/** These tests are about everything but the network. */
const FAKE = await fakeModel();

interface Line {
  readonly type: string;
  readonly source?: string;
  readonly frame?: number;
  readonly ptsUs?: number;
  readonly tracks?: readonly { readonly id: number; readonly class: string }[];
}

function linesOf(text: string): Line[] {
  expect(text.endsWith('\n')).toBe(true);
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

describe('sightline track', () => {
  it('annotates a whole clip: frames, times and audio as they were, records for each frame, a summary', async () => {
    const cwd = await temporaryFolder();
    const input = clip('car-detection');
    const { code, stdout, stderr } = await runCli(['track', input, ...FAKE], { cwd });
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });

    const video = join(cwd, 'car-detection.tracked.mp4');
    const [before, after] = [probeVideo(input), probeVideo(video)];
    expect(after.frames).toBe(before.frames);
    expect(Math.abs(after.duration - before.duration)).toBeLessThan(1 / 12.5);
    expect(after).toMatchObject({ codec: 'h264', width: before.width, height: before.height });
    expect(timestampsOf(video)).toEqual(timestampsOf(input));
    expect(audioHash(video)).toBe(audioHash(input));

    const lines = linesOf(readFileSync(join(cwd, 'car-detection.jsonl'), 'utf8'));
    expect(lines[0]!.type).toBe('source');
    expect(lines.at(-1)!.type).toBe('end');
    const frames = lines.filter(({ type }) => type === 'frame');
    expect(frames).toHaveLength(before.frames);
    expect(frames.map(({ ptsUs }) => (ptsUs! / 1e6).toFixed(6))).toEqual(timestampsOf(input));
    const cars = new Set(
      frames.flatMap(({ tracks }) => tracks!.filter((t) => t.class === 'car').map(({ id }) => id)),
    );
    expect(cars.size).toBeGreaterThan(3);

    expect(stderr).toMatch(
      /car-detection: 377 frames in, 377 out; \d+ detections, \d+ tracks in 0:30 of video/,
    );
    expect(stderr).toMatch(/street-b0 on fake 1 fake \(float32, 256x160\)/);
    expect(stderr).not.toMatch(/\r|warning|error/);
  });

  it('finds cars with the bundled model and nothing set', async () => {
    const { code, stdout, stderr } = await runCli(
      ['track', clip('car-detection'), '--start', '13', '--duration', '2', '--jsonl', '-'],
      { cwd: await temporaryFolder() },
    );
    expect(code).toBe(0);
    const frames = linesOf(stdout).filter(({ type }) => type === 'frame');
    const tracks = frames.flatMap((frame) => frame.tracks!);
    expect(new Set(tracks.map((track) => track.class))).toEqual(new Set(['car']));
    expect(stderr).toMatch(/street-b0 on onnxruntime \d+\.\d+\.\d+ cpu \(float32, 416x416\)/);
  });

  it('writes records to the standard output and nothing else there', async () => {
    const { code, stdout, stderr } = await runCli(
      ['track', clip('car-detection'), '--jsonl', '-', '--max-frames', '20', '--quiet', ...FAKE],
      { cwd: await temporaryFolder() },
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(linesOf(stdout).filter(({ type }) => type === 'frame')).toHaveLength(20);
  });

  it('ends quietly when the reader of the standard output goes away', () => {
    const text = execFileSync(
      'bash',
      ['-c', `"$0" dist/cli/main.js track "$@" --jsonl - | head -n 3; echo "codes \${PIPESTATUS[*]}"`].concat(
        [process.execPath, clip('car-detection'), ...FAKE],
      ),
      { cwd: new URL('../..', import.meta.url), encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
    );
    expect(text.split('\n').at(-2)).toBe('codes 0 0');
  });

  it('prints its help to a reader that goes away', () => {
    const text = execFileSync(
      'bash',
      [
        '-c',
        '"$0" dist/cli/main.js track --help | head -n 1; echo "codes ${PIPESTATUS[*]}"',
        process.execPath,
      ],
      { cwd: new URL('../..', import.meta.url), encoding: 'utf8' },
    );
    expect(text.split('\n')).toEqual(['Usage: sightline track [options] [input...]', 'codes 0 0', '']);
  });

  it('keeps every timestamp of a clip with a variable frame rate and a late start', async () => {
    const cwd = await temporaryFolder();
    const input = join(cwd, 'vfr.mkv');
    const drop = "select='not(eq(mod(n,7),3))*not(between(n,40,60))',setpts=PTS+1.5/TB";
    execFileSync(
      'ffmpeg',
      ['-v', 'error', '-i', clip('car-detection'), '-an', '-vf', drop, '-vsync', 'passthrough'].concat([
        '-t',
        '8',
        input,
      ]),
    );
    const { code } = await runCli(['track', input, '--video', 'out.mkv', '--jsonl', 'out.jsonl', ...FAKE], {
      cwd,
    });
    expect(code).toBe(0);
    expect(timestampsOf(join(cwd, 'out.mkv'))).toEqual(timestampsOf(input));
    expect(probeVideo(join(cwd, 'out.mkv')).frames).toBe(probeVideo(input).frames);
  });

  it('takes a part: --start, --duration, --stride, --max-frames', async () => {
    const cwd = await temporaryFolder();
    const args = ['--start', '0:10', '--duration', '8', '--stride', '5', '--jsonl', '-', '--quiet', ...FAKE];
    const { stdout } = await runCli(['track', clip('car-detection'), ...args], { cwd });
    const times = linesOf(stdout)
      .filter(({ type }) => type === 'frame')
      .map(({ ptsUs }) => ptsUs! / 1e6);
    expect(times[0]).toBe(10);
    expect(times).toHaveLength(20);
    expect(times[1]! - times[0]!).toBeCloseTo(0.4, 6);
  });

  it('takes several inputs at once, with an output for each', async () => {
    const cwd = await temporaryFolder();
    const inputs = [clip('car-detection'), clip('one-by-one-person-detection')];
    const refused = await runCli(['track', ...inputs, '--video', 'all.mp4'], { cwd });
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.stderr).toMatch(
      /^error: the video output "all\.mp4" would take 2 sources; put \{source\} into it[^\n]*\n$/,
    );
    const done = await runCli(
      ['track', ...inputs, '--mot', '{source}.txt', '--jsonl', 'all.jsonl', '--max-frames', '15', ...FAKE],
      { cwd },
    );
    expect(done.code).toBe(0);
    expect(existsSync(join(cwd, 'car-detection.txt'))).toBe(true);
    const lines = linesOf(readFileSync(join(cwd, 'all.jsonl'), 'utf8'));
    expect(lines.filter(({ type }) => type === 'frame')).toHaveLength(30);
  });

  it('takes options from a file, flags first', async () => {
    const cwd = await temporaryFolder();
    const config = {
      sources: [
        clip('car-detection'),
        { type: 'file', path: clip('car-detection'), id: 'gate', start: '0:10', maxFrames: 7, stride: 2 },
      ],
      sinks: [
        { type: 'jsonl', path: '-' },
        { type: 'mot', path: '{source}.txt' },
      ],
    };
    writeFileSync(join(cwd, 'c.yaml'), JSON.stringify(config));
    const args = [
      'track',
      '--config',
      'c.yaml',
      '--stride',
      '3',
      '--max-frames',
      '4',
      '--jsonl',
      'a.jsonl',
      ...FAKE,
    ];
    const { code, stdout } = await runCli(args, { cwd });
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    const frames = linesOf(readFileSync(join(cwd, 'a.jsonl'), 'utf8')).filter(({ type }) => type === 'frame');
    const timesOf = (id: string) => frames.filter(({ source }) => source === id).map(({ ptsUs }) => ptsUs);
    expect(timesOf('car-detection')).toEqual([0, 240_000, 480_000, 720_000]);
    expect(timesOf('gate')).toEqual([10_000_000, 10_240_000, 10_480_000, 10_720_000]);
    expect(readdirSync(cwd).toSorted()).toEqual(['a.jsonl', 'c.yaml', 'car-detection.txt', 'gate.txt']);
    const inputs = await runCli(
      [
        'track',
        clip('one-by-one-person-detection'),
        '--config',
        'c.yaml',
        '--overwrite',
        '--max-frames',
        '2',
        ...FAKE,
      ],
      { cwd },
    );
    const sources = new Set(linesOf(inputs.stdout).map(({ source }) => source));
    expect([...sources]).toEqual(['one-by-one-person-detection']);
  });

  it('logs JSON lines if asked, the summary among them', async () => {
    const { stderr } = await runCli(
      [
        'track',
        clip('car-detection'),
        '--jsonl',
        'x.jsonl',
        '--max-frames',
        '3',
        '--log-format',
        'json',
        ...FAKE,
      ],
      { cwd: await temporaryFolder() },
    );
    const logged = stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { msg: string; summary?: { sources: { frames: object }[] } });
    expect(logged.find(({ msg }) => msg === 'done')?.summary?.sources[0]?.frames).toMatchObject({
      decoded: 3,
      emitted: 3,
      inFlight: 0,
    });
  });

  it('leaves nothing in the temporary folder, also of its runtime', async () => {
    const cwd = await temporaryFolder();
    const env: NodeJS.ProcessEnv = { ...process.env, TMPDIR: cwd, HOME: cwd, XDG_CACHE_HOME: cwd };
    delete env['ORT_DISABLE_TELEMETRY'];
    const args = ['track', clip('car-detection'), '--max-frames', '2', '--jsonl', '-', '--device', 'cpu'];
    const { code } = await runCli(args, { cwd, env });
    expect(code).toBe(0);
    expect(readdirSync(cwd)).toEqual([]);
  });

  it('serves a live page while it works', async () => {
    const running = startCli(
      ['track', clip('car-detection'), '--serve', '0', '--log-format', 'json', ...FAKE],
      {
        cwd: await temporaryFolder(),
      },
    );
    let text = '';
    const url = await new Promise<string>((resolve) => {
      running.child.stderr!.on('data', (part: string) => {
        text += part;
        const found = /http:\/\/[^\s"/]+/.exec(text);
        if (found !== null) resolve(found[0]);
      });
    });
    const page = await fetch(`${url}/`);
    expect(page.status).toBe(200);
    expect(await page.text()).toMatch(/<canvas|<script/);
    running.child.kill('SIGINT');
    expect((await running.finished).code).toBe(130);
  });
});
