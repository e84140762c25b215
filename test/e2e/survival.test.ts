import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  clip,
  descendantsOf,
  isAlive,
  probeVideo,
  ROOT,
  runCli,
  type Running,
  startCli,
  until,
} from '../support/cli.js';
import { fakeModel } from '../support/fake-model.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const FAKE = await fakeModel();

interface End {
  readonly frames: {
    decoded: number;
    emitted: number;
    failed: number;
    inFlight: number;
    dropped: Record<string, number>;
  };
}

describe('what happens when something dies', () => {
  const LONG = clip('one-by-one-person-detection');

  /** Starts a run on the long clip, with detections from a script, and waits until it has written some records. */
  async function midway(cwd: string, args: readonly string[] = FAKE): Promise<Running & { pid: number }> {
    const running = startCli(
      ['track', LONG, '--video', 'out.mp4', '--jsonl', 'out.jsonl', '--log-format', 'json', ...args],
      { cwd },
    );
    await until(
      () =>
        existsSync(join(cwd, 'out.jsonl')) &&
        readFileSync(join(cwd, 'out.jsonl'), 'utf8').split('\n').length > 20,
    );
    return { ...running, pid: running.child.pid! };
  }

  function childOf(pid: number, what: RegExp): number {
    const found = descendantsOf(pid).find(({ command }) => what.test(command));
    if (found === undefined) throw new Error(`no child matches ${String(what)}`);
    return found.pid;
  }

  function summaryIn(stderr: string): {
    sources: readonly (End & { outcome: string; error?: { code: string; message: string } })[];
    inferenceRestarts: number;
  } {
    const line = stderr.split('\n').find((text) => text.includes('"summary"'));
    return (JSON.parse(line!) as { summary: ReturnType<typeof summaryIn> }).summary;
  }

  function expectBalanced({ frames }: End): void {
    const dropped = Object.values(frames.dropped).reduce((sum, count) => sum + count, 0);
    expect(frames.inFlight).toBe(0);
    expect(frames.decoded).toBe(frames.emitted + frames.failed + dropped);
  }

  function linesIn(cwd: string): { type: string }[] {
    const text = readFileSync(join(cwd, 'out.jsonl'), 'utf8');
    expect(text.endsWith('\n')).toBe(true);
    return text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string });
  }

  it('the inference process: it is started again, and lost frames are counted with their reason', async () => {
    const cwd = await temporaryFolder();
    // The real network: when it dies, it is nearly always at work.
    const running = await midway(cwd, ['--duration', '8']);
    process.kill(childOf(running.pid, /host-main|sightline-inference/), 'SIGKILL');
    const { code, stderr } = await running.finished;
    const { sources, inferenceRestarts } = summaryIn(stderr);
    expect(code).toBe(0);
    expect(inferenceRestarts).toBe(1);
    expectBalanced(sources[0]!);
    const { decoded, emitted, dropped } = sources[0]!.frames;
    expect(decoded).toBe(80);
    expect(dropped['inference-lost']).toBeGreaterThan(0);
    expect(probeVideo(join(cwd, 'out.mp4')).frames).toBe(emitted);
    expect(linesIn(cwd).filter(({ type }) => type === 'frame')).toHaveLength(emitted);
  });

  it('the decoding ffmpeg: a clear error and whole output files', async () => {
    const cwd = await temporaryFolder();
    const running = await midway(cwd);
    process.kill(childOf(running.pid, /ffmpeg.*pipe:1/), 'SIGKILL');
    const { code, stderr } = await running.finished;
    expect(code).toBe(4);
    const { sources } = summaryIn(stderr);
    expect(sources[0]).toMatchObject({ outcome: 'failed', error: { code: 'ERR_SOURCE_DECODE' } });
    expectBalanced(sources[0]!);
    expect(probeVideo(join(cwd, 'out.mp4')).frames).toBe(sources[0]!.frames.emitted);
    expect(linesIn(cwd).at(-1)!.type).toBe('end');
  });

  it('the encoding ffmpeg: an error that names the file, and the records go on', async () => {
    const cwd = await temporaryFolder();
    const running = await midway(cwd, ['--duration', '60', ...FAKE]);
    process.kill(childOf(running.pid, /ffmpeg.*pipe:0/), 'SIGKILL');
    const { code, stderr } = await running.finished;
    expect(code).toBe(1);
    expect(stderr).toMatch(/out\.mp4/);
    expect(readdirSync(cwd)).toEqual(['out.jsonl']);
    expect(linesIn(cwd).filter(({ type }) => type === 'frame')).toHaveLength(600);
  });

  it('ourselves, by SIGKILL: no child is left', async () => {
    const cwd = await temporaryFolder();
    const running = await midway(cwd);
    const children = descendantsOf(running.pid);
    expect(children.length).toBeGreaterThanOrEqual(3);
    running.child.kill('SIGKILL');
    await running.finished;
    await until(() => children.every(({ pid }) => !isAlive(pid)));
  });

  it('an interrupt finishes the files; nothing is left running', async () => {
    const cwd = await temporaryFolder();
    const running = await midway(cwd);
    const children = descendantsOf(running.pid);
    running.child.kill('SIGINT');
    const { code, stderr } = await running.finished;
    expect(code).toBe(130);
    expect(children.filter(({ pid }) => isAlive(pid))).toEqual([]);
    const { sources } = summaryIn(stderr);
    expect(sources[0]!.outcome).toBe('stopped');
    expectBalanced(sources[0]!);
    expect(probeVideo(join(cwd, 'out.mp4')).frames).toBe(sources[0]!.frames.emitted);
    expect(linesIn(cwd).at(-1)!.type).toBe('end');
    expect(readdirSync(cwd).sort()).toEqual(['out.jsonl', 'out.mp4']);
  });

  it('an interrupt while the model is loading ends at once', async () => {
    const cwd = await temporaryFolder();
    const module = `${ROOT}test/fixtures/hanging-module.mjs`;
    writeFileSync(join(cwd, 'slow.yaml'), `model: { device: 'tfjs:none', modules: ['${module}'] }\n`);
    const { child, finished } = startCli(['track', LONG, '--config', 'slow.yaml', '--jsonl', 'out.jsonl'], {
      cwd,
    });
    await until(() => existsSync(join(cwd, 'begun')));
    const children = descendantsOf(child.pid!);
    child.kill('SIGINT');
    expect(await finished).toMatchObject({ code: 130, stderr: '' });
    await until(() => children.every(({ pid }) => !isAlive(pid)));
  });

  it('a second interrupt ends at once, and children with it', async () => {
    const cwd = await temporaryFolder();
    const running = await midway(cwd);
    const children = descendantsOf(running.pid);
    // A stopped encoder cannot finish, so the first interrupt alone would wait for it.
    const encoder = childOf(running.pid, /ffmpeg.*pipe:0/);
    process.kill(encoder, 'SIGSTOP');
    running.child.kill('SIGINT');
    let said = '';
    running.child.stderr!.on('data', (text: string) => (said += text));
    await until(() => said.includes('interrupt again'));
    running.child.kill('SIGINT');
    expect((await running.finished).code).toBe(130);
    process.kill(encoder, 'SIGCONT');
    await until(() => children.every(({ pid }) => !isAlive(pid)));
  });

  it.skipIf(process.getuid?.() !== 0)(
    'a full disk: one line, and nothing half-written without a word',
    async ({ skip }) => {
      const cwd = await temporaryFolder();
      const disk = join(cwd, 'disk');
      mkdirSync(disk);
      try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=100k', 'tmpfs', disk], { stdio: 'ignore' });
      } catch {
        skip('mounting is not allowed here');
      }
      try {
        const { code, stderr } = await runCli(
          ['track', LONG, '--video', 'disk/out.mp4', '--quiet', ...FAKE],
          { cwd },
        );
        expect(code).toBe(1);
        expect(stderr).toMatch(/disk\/out\.mp4.*(full|no space)/i);
        expect(readdirSync(disk)).toEqual([]);
        const records = await runCli(['track', LONG, '--jsonl', 'disk/out.jsonl', '--quiet', ...FAKE], {
          cwd,
        });
        expect(records.code).toBe(1);
        expect(records.stderr).toMatch(/disk\/out\.jsonl.*(full|no space)/i);
        const kept = readFileSync(join(disk, 'out.jsonl'), 'utf8');
        for (const line of kept.trimEnd().split('\n')) JSON.parse(line);
      } finally {
        execFileSync('umount', [disk]);
      }
    },
  );
});
