/** Where outputs may go, and what is left of them when a run is ended. The network is not the point: it finds nothing. */
import { execFileSync } from 'node:child_process';
import {
  createReadStream,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { clip, probeVideo, ROOT, runCli, type Running, startCli, until } from '../support/cli.js';
import { fakeModel } from '../support/fake-model.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const FAKE = await fakeModel();
const LONG = clip('one-by-one-person-detection');
const SHORT = [clip('car-detection'), ...FAKE, '--duration', '1', '--overwrite'];

const isRoot = process.getuid?.() === 0;

/** Waits for words of a run on its standard error. */
async function heard(running: Running, words: string): Promise<void> {
  let said = '';
  running.child.stderr!.on('data', (chunk: string) => (said += chunk));
  await until(() => said.includes(words));
}

function typesIn(records: string): string[] {
  return records
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { type: string }).type);
}

describe('an output that a run reads is refused, though it may be replaced:', () => {
  it.each([
    ['config.yaml', 'config', (path: string) => ['--config', path]],
    ['zones.yaml', 'zones file', (path: string) => ['--zones', path]],
    ['own.mjs', 'module', (path: string) => ['--config', path.replace('own.mjs', 'modules.yaml')]],
  ] as const)('%s', async (name, what, flags) => {
    const cwd = await temporaryFolder();
    writeFileSync(join(cwd, 'config.yaml'), 'track: { tracker: sort }\n');
    writeFileSync(join(cwd, 'zones.yaml'), 'heatMap: {}\n');
    writeFileSync(join(cwd, 'own.mjs'), 'export const sinkKinds = [];\n');
    writeFileSync(join(cwd, 'modules.yaml'), 'modules: [./own.mjs]\n');
    symlinkSync(name, join(cwd, 'link'));
    const before = readFileSync(join(cwd, name), 'utf8');
    const { code, stderr } = await runCli(['track', ...SHORT, '--jsonl', 'link', ...flags(join(cwd, name))], {
      cwd,
    });
    expect(stderr).toBe(`error: the jsonl output "link" is the ${what} itself; name another file\n`);
    expect(code).toBe(2);
    expect(readFileSync(join(cwd, name), 'utf8')).toBe(before);
  });

  it('the model', async () => {
    const cwd = await temporaryFolder();
    const manifest = join(FAKE[1]!, 'model.json');
    const before = readFileSync(manifest, 'utf8');
    const { code, stderr } = await runCli(['track', ...SHORT, '--jsonl', manifest], { cwd });
    expect(stderr).toContain('is the model itself; name another file');
    expect(code).toBe(2);
    expect(readFileSync(manifest, 'utf8')).toBe(before);
  });

  it('the video of a recording', async () => {
    const cwd = await temporaryFolder();
    symlinkSync(clip('car-detection'), join(cwd, 'in.mp4'));
    await runCli(['track', 'in.mp4', ...FAKE, '--duration', '1', '--jsonl', 'r.jsonl'], { cwd });
    const { code, stderr } = await runCli(['replay', 'r.jsonl', '--mot', 'in.mp4', '--overwrite'], { cwd });
    expect(stderr).toBe('error: the mot output "in.mp4" is the input itself; name another file\n');
    expect(code).toBe(2);
  });
});

describe('what is no regular file is never replaced:', () => {
  // A device of our own: a mistake here must not cost the machine its /dev/null.
  it.skipIf(!isRoot)('a device takes records and refuses pictures', async () => {
    const cwd = await temporaryFolder();
    for (const name of ['null', 'null.mp4', 'null.png'])
      execFileSync('mknod', [join(cwd, name), 'c', '1', '3']);
    symlinkSync('null.mp4', join(cwd, 'link.mp4'));
    writeFileSync(join(cwd, 'zones.yaml'), 'heatMap: {}\n');
    const video = await runCli(['track', ...SHORT, '--video', 'link.mp4'], { cwd });
    expect(video.stderr).toContain(
      'error: the video output "link.mp4" cannot be written: it is a device, and a video needs a file; name one\n',
    );
    expect(video.code).toBe(1);
    const map = await runCli(['track', ...SHORT, '--zones', 'zones.yaml', '--heat-map', 'null.png'], { cwd });
    expect(map.stderr).toContain('it is a device, and a heat map needs a file');
    expect((await runCli(['track', ...SHORT, '--jsonl', 'null'], { cwd })).code).toBe(0);
    for (const name of ['null', 'null.mp4', 'null.png'])
      expect(lstatSync(join(cwd, name)).isCharacterDevice()).toBe(true);
    expect(readdirSync(cwd)).toHaveLength(5);
  });

  it('a named pipe is waited for until somebody reads it', async () => {
    const cwd = await temporaryFolder();
    execFileSync('mkfifo', ['pipe', 'pipe.mp4'], { cwd });
    const running = startCli(['track', ...SHORT, '--jsonl', 'pipe'], { cwd });
    await heard(running, 'warning: "pipe" is a named pipe that nobody reads: waiting for a reader\n');
    const records = await text(createReadStream(join(cwd, 'pipe')));
    expect((await running.finished).code).toBe(0);
    const types = typesIn(records);
    expect([types[0], types.at(-1)]).toEqual(['source', 'end']);
    expect(types.length).toBeGreaterThan(10);
    const { stderr } = await runCli(['track', ...SHORT, '--video', 'pipe.mp4'], { cwd });
    expect(stderr).toContain('it is a named pipe, and a video needs a file; name one');
  });

  it.each(['--jsonl', '--mot'])('waiting for a reader of %s ends with the run', async (flag) => {
    const cwd = await temporaryFolder();
    execFileSync('mkfifo', ['pipe'], { cwd });
    const running = startCli(['track', ...SHORT, flag, 'pipe'], { cwd });
    await heard(running, 'waiting for a reader');
    running.child.kill('SIGINT');
    expect((await running.finished).code).toBe(130);
  });
});

describe('a run that is ended', () => {
  /** Starts a run on the long clip and waits until it has written some records. */
  async function midway(cwd: string): Promise<Running> {
    const running = startCli(['track', LONG, '--video', 'out.mp4', '--jsonl', 'out.jsonl', ...FAKE], { cwd });
    await until(() => readdirSync(cwd).includes('out.jsonl') && recordsIn(cwd).split('\n').length > 20);
    return running;
  }

  function recordsIn(cwd: string): string {
    return readFileSync(join(cwd, 'out.jsonl'), 'utf8');
  }

  it.each(['SIGHUP', 'SIGQUIT'] as const)('by %s finishes its files', async (signal) => {
    const cwd = await temporaryFolder();
    const running = await midway(cwd);
    running.child.kill(signal);
    expect((await running.finished).code).toBe(130);
    const types = typesIn(recordsIn(cwd));
    expect(types.at(-1)).toBe('end');
    expect(readdirSync(cwd).sort()).toEqual(['out.jsonl', 'out.mp4']);
    expect(probeVideo(join(cwd, 'out.mp4')).frames).toBe(types.filter((type) => type === 'frame').length);
  });

  it('by SIGKILL leaves a video that is found, and that the next run tells of', async () => {
    const cwd = await temporaryFolder();
    const running = await midway(cwd);
    running.child.kill('SIGKILL');
    await running.finished;
    const left = readdirSync(cwd).find((name) => name !== 'out.jsonl')!;
    expect(left).toMatch(/^out\.mp4\.[0-9a-f]{8}\.part$/);
    mkdirSync(join(cwd, 'else'));
    const { code, stderr } = await runCli(['track', ...SHORT, '--video', 'out.mp4'], { cwd });
    expect(stderr).toContain(
      `warning: "${left}" was left by a run to "out.mp4" that was killed or is still going on; play it or remove it\n`,
    );
    expect(code).toBe(0);
    expect(readdirSync(cwd).sort()).toEqual(['else', 'out.jsonl', 'out.mp4', left].sort());
    // The encoder has ended by itself when we died.
    expect(probeVideo(join(cwd, left)).frames).toBeGreaterThan(10);
  });
});

it('where descriptors run out, a child that does not start says so', () => {
  const script = `
    import { openSync } from 'node:fs';
    const { startFfmpeg } = await import('${ROOT}dist/ffmpeg/child.js');
    const { runFfprobe } = await import('${ROOT}dist/ffmpeg/run-ffprobe.js');
    try { for (;;) openSync('/dev/null'); } catch {}
    const command = { ffmpegPath: 'ffmpeg', inputs: [], outputOptions: [], output: 'x', stdin: 'pipe' };
    const child = startFfmpeg(command);
    const written = await new Promise((resolve) => child.stdin.write('x', resolve)).catch((error) => error);
    const { code } = await child.exited;
    await child.stop();
    const probe = await runFfprobe('ffprobe', [], { signal: new AbortController().signal, timeoutMs: 1000 }).catch((e) => e);
    console.log(JSON.stringify([code, child.lastLines, written instanceof Error, probe.message]));`;
  const args = ['--nofile=150', process.execPath, '--input-type=module', '-e', script];
  const reason =
    'too many files are open; take fewer inputs at a time (concurrency), or raise the limit (ulimit -n)';
  expect(JSON.parse(execFileSync('prlimit', args, { encoding: 'utf8' }))).toEqual([
    127,
    [`[fatal] ffmpeg could not be started: ${reason}`],
    true,
    `ffprobe failed: ${reason}`,
  ]);
});
