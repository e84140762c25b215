import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { BenchmarkResult } from '../../src/model/benchmark/benchmark.js';
import { descendantsOf, isAlive, ROOT, runCli, startCli, until } from '../support/cli.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const SHORT = ['--size', '64', '--seconds', '0', '--runs', '2'];
/** Not on this platform. */
const ABSENT = process.platform === 'darwin' ? 'dml' : 'coreml';

describe('sightline bench model', () => {
  it('prints a row for each combination and writes them as JSON, with the machine', async () => {
    const json = join(await temporaryFolder(), 'bench.json');
    const lists = ['--device', `cpu,${ABSENT}`, '--batch', '1,2', '--threads', '1,2'];
    const { code, stdout, stderr } = await runCli(['bench', 'model', ...lists, ...SHORT, '--json', json], {
      cwd: ROOT,
    });
    expect(code).toBe(0);
    expect(stderr).toMatch(/^\[1\/6\] cpu float32, 1 thread, 64x64, batch 1, 2$/m);
    expect(stdout).toMatch(/^onnxruntime:cpu +float32 +64x64 +2 +1( +\d+\.\d{1,2}){4} +\d+$/m);
    expect(stdout).toMatch(
      new RegExp(`^${ABSENT} .*failed: device "${ABSENT}" is not available: [^\\n]+$`, 'm'),
    );
    const { machine, rows } = JSON.parse(await readFile(json, 'utf8')) as BenchmarkResult & {
      machine: Record<string, unknown>;
    };
    expect(machine).toMatchObject({ node: process.version });
    expect(rows.map(({ device, threads, batch }) => [device, threads, batch])).toEqual([
      ['cpu', 1, 1],
      ['cpu', 1, 2],
      ['cpu', 2, 1],
      ['cpu', 2, 2],
      [ABSENT, null, 1],
      [ABSENT, null, 2],
    ]);
    for (const { measurement, info, size } of rows.slice(0, 4)) {
      const { least, median, p95 } = measurement!.msPerImage;
      expect(measurement!.runs).toBe(2);
      expect(least).toBeGreaterThan(0);
      expect(median).toBeGreaterThanOrEqual(least);
      expect(p95).toBeGreaterThanOrEqual(median);
      expect(info).toMatchObject({ backend: 'onnxruntime', device: 'cpu' });
      expect(size).toEqual({ width: 64, height: 64 });
    }
  });

  it('fails where nothing could be measured, and tells a misspelt device at once', async () => {
    const none = await runCli(['bench', 'model', '--device', ABSENT, ...SHORT], { cwd: ROOT });
    expect(none.code).toBe(3);
    const misspelt = await runCli(['bench', 'model', '--device', 'cpu,cdua'], { cwd: ROOT });
    expect(misspelt.code).toBe(2);
    expect(misspelt.stderr).toMatch(/^error: there is no device "cdua"; known are [^\n]+$/m);
    expect(misspelt.stdout).toBe('');
  });

  it('ends on an interrupt, with what it has and without leaving a process', async () => {
    const { child, finished } = startCli(
      ['bench', 'model', '--device', 'cpu', '--threads', '1', '--size', '64', '--seconds', '600'],
      { cwd: ROOT },
    );
    const [measuring] = await until(() => {
      const found = descendantsOf(child.pid!);
      return found.length > 0 && found;
    });
    child.kill('SIGINT');
    const { code, stdout } = await finished;
    expect(code).toBe(130);
    expect(stdout).toMatch(/ms\/image/);
    expect(isAlive(measuring!.pid)).toBe(false);
  });

  it('takes its processes along when it is killed', async () => {
    const { child, finished } = startCli(
      ['bench', 'model', '--device', 'cpu', '--threads', '1', '--size', '64', '--seconds', '600'],
      { cwd: ROOT },
    );
    const [measuring] = await until(() => {
      const found = descendantsOf(child.pid!);
      return found.length > 0 && found;
    });
    child.kill('SIGKILL');
    await finished;
    await until(() => !isAlive(measuring!.pid));
  });
});
