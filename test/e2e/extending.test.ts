/** The examples of docs/extending.md as a user runs them: compiled, beside a configuration that names them. */
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { clip, ROOT, runCli } from '../support/cli.js';
import { fakeModel } from '../support/fake-model.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const EXAMPLES = `${ROOT}examples/extend/`;
const FAKE = await fakeModel();

/** A folder with Sightline installed and the examples in it, as JavaScript. */
async function project(): Promise<string> {
  const folder = await temporaryFolder();
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(ROOT, join(folder, 'node_modules/sightline'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  for (const name of readdirSync(EXAMPLES)) {
    const { outputText } = ts.transpileModule(readFileSync(EXAMPLES + name, 'utf8'), {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
    });
    writeFileSync(join(folder, name.replace(/ts$/, 'js')), outputText);
  }
  return folder;
}

interface Line {
  readonly type: string;
  readonly source: string;
  readonly event?: string;
  readonly tracks?: readonly unknown[];
  readonly tracking?: unknown;
}

describe('kinds of a user’s own', () => {
  it('work from a configuration: a source, a tracker and a sink', async () => {
    const cwd = await project();
    mkdirSync(join(cwd, 'conf'));
    const lines = [100, 300, 500].map((x) => ({
      name: `at ${x}`,
      points: [
        [x, 0],
        [x, 431],
      ],
    }));
    const config = {
      modules: ['../moving-shapes.js', '../nearest-centre.js', '../counts-to-csv.js'],
      sources: [
        { type: 'moving-shapes', frames: 20 },
        {
          type: 'file',
          path: clip('car-detection'),
          id: 'cars',
          maxFrames: 150,
          analytics: { minAgeSeconds: 0, settleSeconds: 0, hysteresis: 0, lines },
        },
      ],
      track: { tracker: 'nearest-centre', highThreshold: 0.2, parameters: { patience: 1 } },
      sinks: [
        { type: 'jsonl', path: 'all.jsonl' },
        { type: 'counts-csv', path: '{source}.csv' },
        { type: 'video', path: '{source}.mp4' },
      ],
    };
    writeFileSync(join(cwd, 'conf/c.yaml'), JSON.stringify(config));
    const { code, stderr } = await runCli(['track', '--config', 'conf/c.yaml', ...FAKE], { cwd });
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/^moving-shapes: 20 frames in, 20 out/m);
    const records = readFileSync(join(cwd, 'all.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
    expect(records.find(({ type }) => type === 'source')?.tracking).toEqual({
      tracker: 'nearest-centre',
      parameters: { least_confidence: 0.2, patience: 1 },
    });
    expect(records.some(({ tracks = [] }) => tracks.length > 0)).toBe(true);
    const crossings = records.filter(({ event }) => event === 'line_cross');
    expect(crossings.length).toBeGreaterThan(0);
    const rows = readFileSync(join(cwd, 'cars.csv'), 'utf8').trimEnd().split('\n');
    expect(rows[0]).toBe('source,seconds,line,direction,class');
    expect(rows).toHaveLength(1 + crossings.length);
    expect(readFileSync(join(cwd, 'moving-shapes.csv'), 'utf8').split('\n')).toHaveLength(2);
  });

  it.each([
    [
      { sinks: [{ type: 'counts-csv', pth: 'a' }] },
      /c\.yaml:1:\d+: unknown option "sinks\.0\.pth" \(did you mean "path"\?\)$/,
    ],
    [
      { sinks: [{ type: 'counts-cvs', path: 'a' }] },
      /there is no such kind of sink \(did you mean "counts-csv"\?\)/,
    ],
    [
      { modules: ['./gone.js'] },
      /module ".*\/gone\.js" cannot be loaded: Cannot find module '[^']*gone\.js'$/,
    ],
    [{ modules: ['./broken.js'] }, /module ".*\/broken\.js" cannot be loaded: Unexpected/],
    [
      { modules: ['./nothing.js'] },
      /module ".*\/nothing\.js" exports no kinds; it has to export a list called sourceKinds or/,
    ],
    [
      { modules: ['./odd.js'] },
      /sinkKinds of module ".*\/odd\.js": options of entry 0 is not right, expected an object schema/,
    ],
  ])('say in one line what is wrong: %j', async (config, message) => {
    const cwd = await project();
    writeFileSync(join(cwd, 'broken.js'), 'export const = 3;');
    writeFileSync(join(cwd, 'nothing.js'), 'export const sink = 3;');
    writeFileSync(
      join(cwd, 'odd.js'),
      'export const sinkKinds = [{ type: "odd", doc: "Odd.", create() {} }];',
    );
    writeFileSync(join(cwd, 'c.yaml'), JSON.stringify({ modules: ['./counts-to-csv.js'], ...config }));
    const { code, stderr } = await runCli(['track', 'a.mp4', '--config', 'c.yaml', ...FAKE], { cwd });
    expect(stderr).toMatch(/^error: [^\n]+\n$/);
    expect(stderr.trimEnd()).toMatch(message);
    expect(code).toBe(2);
  });
});
