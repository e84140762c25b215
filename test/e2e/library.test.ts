/** The built package in programs of their own: what ends when, seen from outside. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { fakeModel } from '../support/fake-model.js';
import { clip, ROOT } from '../support/cli.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const [, model] = await fakeModel();

/** Runs a program that has `make`, which creates a pipeline. */
function program(body: string): { status: number | null; stdout: string; stderr: string } {
  const head = `
    import { createPipeline } from 'sightline';
    const make = (more = {}) => createPipeline({
      sources: [{ type: 'file', path: ${JSON.stringify(clip('car-detection'))}, maxFrames: 10 }],
      model: { path: ${JSON.stringify(model)}, device: 'fake' },
      ...more,
    });
  `;
  return spawnSync(process.execPath, ['--input-type=module', '--eval', head + body], {
    cwd: ROOT,
    encoding: 'utf8',
    timeout: 60_000,
  });
}

describe('a program that uses the library', () => {
  it.each([
    [
      'closes a pipeline that it never ran',
      'const p = await make(); await p.close(); console.log("closed");',
    ],
    [
      'leaves its end to a block',
      '{ const p = await make(); await p[Symbol.asyncDispose](); } console.log("closed");',
    ],
    [
      'closes a pipeline in mid-run',
      'const p = await make(); void p.run(); await p.close(); console.log("closed");',
    ],
  ])('ends by itself when it %s', (_what, body) => {
    expect(program(body)).toMatchObject({ status: 0, stdout: 'closed\n', stderr: '' });
  });

  it('is refused a second run, and the first one ends as if nothing had been', () => {
    const { status, stdout, stderr } = program(`
      const p = await make();
      const first = p.run();
      await p.run().catch(({ code }) => console.log(code));
      const { sources } = await first;
      console.log(sources[0].outcome, sources[0].frames.emitted);
    `);
    expect([status, stderr, stdout]).toEqual([0, '', 'ERR_USAGE\ncompleted 10\n']);
  });

  it('may throw in a subscriber', () => {
    const { status, stdout } = program(`
      const p = await make();
      p.results.subscribe(() => { throw new Error('a bug of the program'); });
      console.log((await p.run()).sources[0].frames.emitted);
    `);
    expect([status, stdout]).toEqual([0, '10\n']);
  });

  it('and is the example of the README says in one line which file is not there, and fails', async () => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [`${ROOT}examples/follow.mjs`, '/nowhere/street.mp4'],
      { cwd: await temporaryFolder(), encoding: 'utf8', timeout: 60_000 },
    );
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toBe('"/nowhere/street.mp4" cannot be read: there is no such file\n');
  });
});
