import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findFfmpeg } from '../../src/ffmpeg/find-ffmpeg.js';
import { clip, probeVideo, ROOT, runCli } from '../support/cli.js';
import { fakeModel } from '../support/fake-model.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const FAKE = await fakeModel();

const ONE_LINE = /^error: [^\n]+\n$/;

describe('bad input gets one clear line and the right exit code', () => {
  const make: Record<string, (path: string) => void> = {
    text: (path) => {
      writeFileSync(path, 'this is not a video\n'.repeat(50));
    },
    empty: (path) => {
      writeFileSync(path, '');
    },
    directory: (path) => {
      mkdirSync(path);
    },
    audio: (path) => {
      execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', 'sine=duration=1', '-c:a', 'aac', path]);
    },
    truncated: (path) => {
      // The index of this file stands at its end.
      execFileSync('ffmpeg', ['-v', 'error', '-i', clip('car-detection'), '-c', 'copy', '-t', '5', path]);
      truncateSync(path, 200_000);
    },
    missing: () => undefined,
  };

  it.each([
    ['text', /not .*video|not a video|recogni[sz]ed|Invalid/i],
    ['empty', /empty/],
    ['directory', /directory/],
    ['audio', /no video stream/],
    ['truncated', /truncated|moov|incomplete/],
    ['missing', /no such file|not found|does not exist/i],
  ])('%s', async (kind, message) => {
    const cwd = await temporaryFolder();
    make[kind]!(join(cwd, 'input.mp4'));
    const { code, stdout, stderr } = await runCli(['track', 'input.mp4', ...FAKE], { cwd });
    expect(stderr).toMatch(ONE_LINE);
    expect(stderr).toMatch(message);
    expect(stderr).toContain('input.mp4');
    expect({ code, stdout }).toEqual({ code: 4, stdout: '' });
    expect(readdirSync(cwd).filter((name) => name !== 'input.mp4')).toEqual([]);
  });

  // Root may read everything; the probe's unit tests cover the message.
  it.skipIf(process.getuid?.() === 0)('a path that may not be read', async () => {
    const cwd = await temporaryFolder();
    writeFileSync(join(cwd, 'secret.mp4'), 'x', { mode: 0 });
    const { code, stderr } = await runCli(['track', 'secret.mp4', ...FAKE], { cwd });
    expect(code).toBe(4);
    expect(stderr).toMatch(/permission/);
  });

  it('one bad input among good ones does not stop them', async () => {
    const cwd = await temporaryFolder();
    writeFileSync(join(cwd, 'bad.mp4'), 'no');
    const { code, stderr, stdout } = await runCli(
      ['track', 'bad.mp4', clip('car-detection'), '--jsonl', '-', '--max-frames', '5', ...FAKE],
      { cwd },
    );
    expect(code).toBe(1);
    expect(stderr).toContain('bad.mp4');
    expect(stdout.split('\n').filter((line) => line.includes('"type":"frame"'))).toHaveLength(5);
  });

  it('one that breaks off fails with what was there in whole files; others are not touched by it', async () => {
    const cwd = await temporaryFolder();
    const copy = ['-v', 'error', '-t', '3', '-i', clip('car-detection'), '-c', 'copy', '-an'];
    for (const name of ['whole.mkv', 'cut.mkv']) execFileSync('ffmpeg', [...copy, join(cwd, name)]);
    truncateSync(join(cwd, 'cut.mkv'), Math.floor(statSync(join(cwd, 'cut.mkv')).size / 2));
    const there = probeVideo(join(cwd, 'cut.mkv')).frames;
    const outputs = ['--video', '{source}.mp4', '--jsonl', '{source}.jsonl', ...FAKE];
    const both = await runCli(['track', 'cut.mkv', 'whole.mkv', ...outputs], { cwd });
    expect(both.stderr).toMatch(
      new RegExp(
        `"cut\\.mkv" broke off after ${there} of about \\d+ frames: it is cut short; copy or download`,
      ),
    );
    expect(both.code).toBe(1);
    expect(probeVideo(join(cwd, 'cut.mp4')).frames).toBe(there);
    const end = readFileSync(join(cwd, 'cut.jsonl'), 'utf8').trimEnd().split('\n').at(-1)!;
    expect(JSON.parse(end)).toMatchObject({ type: 'end', outcome: 'failed', frames: { emitted: there } });
    const alone = await runCli(['track', 'cut.mkv', '--jsonl', '-', ...FAKE], { cwd });
    expect(alone.code).toBe(4);
  });

  it('a file that is put in as standard input is decoded', async () => {
    const cwd = await temporaryFolder();
    const command = `"${process.execPath}" "${ROOT}dist/cli/main.js" "$@" < "${clip('car-detection')}"`;
    const args = ['track', '/dev/stdin', '--jsonl', 'out.jsonl', '--max-frames', '3', ...FAKE];
    execFileSync('sh', ['-c', command, 'sh', ...args], { cwd, stdio: 'pipe' });
    expect(readFileSync(join(cwd, 'out.jsonl'), 'utf8').match(/"type":"frame"/g)).toHaveLength(3);
  });

  it('an unknown class, with a suggestion', async () => {
    const { code, stderr } = await runCli(['track', clip('car-detection'), '--classes', 'persn', ...FAKE], {
      cwd: await temporaryFolder(),
    });
    expect(code).toBe(2);
    expect(stderr).toMatch(ONE_LINE);
    expect(stderr).toMatch(/persn.*person/);
  });

  it('an output that exists, unless --overwrite; nothing is touched', async () => {
    const cwd = await temporaryFolder();
    for (const [flag, name] of [
      ['--video', 'out.mp4'],
      ['--jsonl', 'out.jsonl'],
      ['--mot', 'out.txt'],
    ] as const) {
      writeFileSync(join(cwd, name), 'precious');
      const args = ['track', clip('car-detection'), flag, name, '--max-frames', '3', ...FAKE];
      const { code, stderr } = await runCli(args, { cwd });
      expect(code).toBe(2);
      expect(stderr).toMatch(ONE_LINE);
      expect(stderr).toMatch(/exists.*--overwrite/);
      expect(readFileSync(join(cwd, name), 'utf8')).toBe('precious');
      expect((await runCli([...args, '--overwrite'], { cwd })).code).toBe(0);
      expect(readFileSync(join(cwd, name), 'utf8')).not.toBe('precious');
    }
  });

  it('a pipe that nobody writes to, wherever a file is named', async () => {
    const cwd = await temporaryFolder();
    mkdirSync(join(cwd, 'model'));
    execFileSync('mkfifo', [join(cwd, 'pipe'), join(cwd, 'model', 'model.json')]);
    cpSync(join(ROOT, 'models', 'street-b0'), join(cwd, 'weightless'), { recursive: true });
    rmSync(join(cwd, 'weightless', 'weights.safetensors'));
    execFileSync('mkfifo', [join(cwd, 'weightless', 'weights.safetensors')]);
    const runs: readonly (readonly [readonly string[], number])[] = [
      [['track', '--config', 'pipe'], 2],
      [['track', clip('car-detection'), '--zones', 'pipe'], 2],
      [['track', clip('car-detection'), '--model', 'model', '--jsonl', '-'], 3],
      [['track', clip('car-detection'), '--model', 'weightless', '--jsonl', '-'], 3],
    ];
    for (const [args, expected] of runs) {
      const { code, stderr } = await runCli(args, { cwd });
      expect([code, stderr]).toEqual([
        expected,
        expect.stringMatching(/^error: [^\n]+ it is a pipe |\(it is a pipe /),
      ]);
      expect(stderr).toMatch(ONE_LINE);
    }
  });

  it('an output that cannot be written', async () => {
    const cwd = await temporaryFolder();
    for (const flag of ['--video', '--jsonl', '--mot']) {
      const { code, stderr } = await runCli(['track', clip('car-detection'), flag, 'none/out.mp4', ...FAKE], {
        cwd,
      });
      expect(code).toBe(1);
      expect(stderr).toMatch(ONE_LINE);
      expect(stderr).toContain('none');
    }
  });

  it('the input as the output', async () => {
    const cwd = await temporaryFolder();
    copyFileSync(clip('car-detection'), join(cwd, 'a.mp4'));
    const { code, stderr } = await runCli(['track', 'a.mp4', '--video', './a.mp4', '--overwrite', ...FAKE], {
      cwd,
    });
    expect(code).toBe(2);
    expect(stderr).toMatch(ONE_LINE);
    expect(readFileSync(join(cwd, 'a.mp4')).equals(readFileSync(clip('car-detection')))).toBe(true);
  });

  it.each([
    [['track'], /^error: no input: name video files, or give a --config that has "sources"[^\n]*\n$/],
    [['track', 'a.mp4', '--video', '{name}.mp4'], /\{name\} in it; that is \{source\} now/],
    [
      ['track', 'a.mp4', '--interpolate', '1'],
      /--interpolate is about MOTChallenge text; give --mot as well/,
    ],
    [['track', 'a.mp4', '--conf', '2'], /--conf .*from 0 to 1/],
    [['track', 'a.mp4', '--stride', '0.5'], /whole number from 1/],
    [['track', 'a.mp4', '--wat'], /unknown option '--wat'/],
    [['trak', 'a.mp4'], /unknown command 'trak'.*track/s],
    [
      ['my street.mp4', '--conf', '0.4'],
      /; to look at a video: sightline track 'my street\.mp4' --conf 0\.4$/m,
    ],
    [['http://h/a.mp4'], /; to look at a video: sightline track http:\/\/h\/a\.mp4$/m],
    [['nonsense'], /^error: unknown command 'nonsense'$/m],
    [['track', 'a.mp4', '--config', 'none.yaml'], /none\.yaml/],
    [['track', 'a.mp4', '--video', 'b.mp4', '--jsonl', './b.mp4'], /named for two outputs/],
    [['track', 'a.mp4', '--device', 'quantum'], /quantum/],
  ])('usage: %j', async (args, message) => {
    const { code, stderr } = await runCli(args, { cwd: await temporaryFolder() });
    expect(stderr).toMatch(message);
    expect(code).toBe(args.includes('quantum') ? code : 2);
    expect(code).not.toBe(0);
  });

  it('a model that is not there', async () => {
    const { code, stderr } = await runCli(['track', clip('car-detection'), '--model', 'none'], {
      cwd: await temporaryFolder(),
    });
    expect(code).toBe(3);
    expect(stderr).toMatch(ONE_LINE);
    expect(stderr).toContain('none');
  });

  it('no ffmpeg: the command that installs it', async () => {
    const cwd = await temporaryFolder();
    const { code, stderr } = await runCli(['track', clip('car-detection')], {
      cwd,
      env: { PATH: cwd },
    });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: ffmpeg was not found on the PATH; install it with: [^\n]+\n$/);
  });

  it('an ffmpeg of one’s own by FFMPEG_PATH', async () => {
    const cwd = await temporaryFolder();
    const { ffmpegPath, ffprobePath } = await findFfmpeg();
    mkdirSync(join(cwd, 'bin'));
    symlinkSync(ffmpegPath, join(cwd, 'bin', 'ffmpeg'));
    symlinkSync(ffprobePath, join(cwd, 'bin', 'ffprobe'));
    const { code } = await runCli(
      ['track', clip('car-detection'), '--jsonl', 'x.jsonl', '--max-frames', '2', ...FAKE],
      {
        cwd,
        env: { PATH: dirname(process.execPath), FFMPEG_PATH: join(cwd, 'bin', 'ffmpeg') },
      },
    );
    expect(code).toBe(0);
    expect(existsSync(join(cwd, 'x.jsonl'))).toBe(true);
  });
});
