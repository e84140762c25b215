/** A terminal, or what stands for it, that is closed, full or goes away. The network is not the point: it finds nothing. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clip, type Finished, ROOT, runCli, startCli } from '../support/cli.js';

const STACK = /\n\s+at |Unhandled/;
const FRAMES = 38;
const TRACK = ['track', clip('car-detection'), '--device', 'fake', '--duration', '3', '--overwrite'];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sightline-closed-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Runs the command line in a shell, with redirections. */
function runInShell(redirection: string, args: readonly string[]): Promise<Omit<Finished, 'signal'>> {
  const command = ['-c', `"$0" "$@" ${redirection}`, process.execPath, `${ROOT}dist/cli/main.js`];
  return new Promise((resolve) => {
    const child = execFile('sh', [...command, ...args], { cwd: folder }, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode, stdout, stderr });
    });
  });
}

function expectWhole(name: string): void {
  const lines = readFileSync(join(folder, name), 'utf8').trimEnd().split('\n');
  const records = lines.map((line) => JSON.parse(line) as { type: string; outcome?: string });
  expect(records.map(({ type }) => type)).toEqual([
    'source',
    ...Array.from({ length: FRAMES }, () => 'frame'),
    'end',
  ]);
  expect(records.at(-1)!.outcome).toBe('completed');
}

describe('a run goes on to its end', () => {
  it.each(['2>/dev/full', '2>&-', '>&-', '>/dev/full', '>&- 2>&-'])('with %s', async (redirection) => {
    const { code, stderr } = await runInShell(redirection, [...TRACK, '--verbose', '--jsonl', 'out.jsonl']);
    expect(code).toBe(0);
    expect(stderr).not.toMatch(STACK);
    expectWhole('out.jsonl');
  });

  it('when the reader of its log goes away', async () => {
    const args = [...TRACK, '--verbose', '--log-format', 'json', '--jsonl', 'log.jsonl'];
    const { child, finished } = startCli(args, { cwd: folder });
    await once(child.stderr!, 'data');
    child.stderr!.destroy();
    expect((await finished).code).toBe(0);
    expectWhole('log.jsonl');
  });

  it('when the reader of its records goes away: only that output ends', async () => {
    const args = [...TRACK, '--jsonl', '-', '--mot', 'cars.txt', '--video', 'cars.mp4'];
    const { child, finished } = startCli(args, { cwd: folder });
    await once(child.stdout!, 'data');
    child.stdout!.destroy();
    const { code, stderr } = await finished;
    expect(stderr).not.toMatch(STACK);
    expect(stderr).toContain(`${FRAMES} frames in, ${FRAMES} out`);
    expect(stderr).toMatch(/cars\.mp4 \(38 frames/);
    expect(code).toBe(0);
  });
});

it('a run that fails has its exit code though nobody hears of it', async () => {
  const { code } = await runInShell('2>/dev/full', ['track', 'nowhere.mp4', '--device', 'fake']);
  expect(code).toBe(4);
});

describe('results', () => {
  it('that cannot be written are an error of one line', async () => {
    const { code, stderr } = await runInShell('>/dev/full', ['doctor', '--json']);
    expect(stderr).toMatch(/^error: the standard output cannot be written: ENOSPC[^\n]*\n$/);
    expect(code).toBe(1);
  });

  it('of which somebody has read enough are not', async () => {
    const whole = await runCli(['doctor', '--json'], { cwd: folder });
    const { child, finished } = startCli(['doctor', '--json'], { cwd: folder });
    child.stdout!.destroy();
    const { code, stderr } = await finished;
    expect([code, stderr]).toEqual([whole.code, whole.stderr]);
  });
});
