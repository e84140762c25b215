import { copyFileSync, existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { clip, ROOT, runCli } from '../support/cli.js';
import { fakeModel } from '../support/fake-model.js';
import { temporaryFolder } from '../support/temporary-folder.js';

/** Everything that a terminal or a reader could be misled by, save line breaks. */
const HARMFUL = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u;
/** Clears the screen in two ways, sets a title, turns what follows, forges a line. */
const EVIL = '\u001b[2J\u009b2J\u001b]0;x\u0007\u202e\nerror: forged';

const [, model = ''] = await fakeModel();
// `model info` looks at the weights.
for (const file of readdirSync(`${ROOT}models/street-b0`))
  if (!existsSync(`${model}/${file}`)) symlinkSync(`${ROOT}models/street-b0/${file}`, `${model}/${file}`);
for (const file of ['model.json', 'fake.json']) {
  const text = readFileSync(`${model}/${file}`, 'utf8');
  writeFileSync(`${model}/${file}`, text.replaceAll('"car"', JSON.stringify(`car${EVIL}`)));
}

describe('names that hold orders to a terminal', () => {
  it.each([
    ['track', ['--device', 'fake', '--duration', '1', '--jsonl', 'out.jsonl', '--zones', 'zones.yaml']],
    ['model', ['info']],
    ['missing', []],
  ])('are written as escapes by %s', async (what, flags) => {
    const cwd = await temporaryFolder();
    const video = `${cwd}/cars${EVIL.replaceAll('/', '')}.mp4`;
    copyFileSync(clip('car-detection'), video);
    writeFileSync(
      `${cwd}/zones.yaml`,
      `lines: [{ name: ${JSON.stringify('gate\u202e')}, points: [[384, 0], [384, 432]] }]\n`,
    );
    const args =
      what === 'model'
        ? ['model', ...flags, model]
        : ['track', what === 'track' ? video : `${video}.gone`, '--model', model, ...flags];
    const { stdout, stderr, code } = await runCli(args, { cwd });
    expect(code).toBe(what === 'missing' ? 4 : 0);
    const lines = `${stdout}${stderr}`.split('\n');
    expect(lines.filter((line) => HARMFUL.test(line) || line.startsWith('error: forged'))).toEqual([]);
    expect(lines.join('\n')).toContain('\\u001b[2J\\u009b2J');
    if (what !== 'track') return;
    const records = readFileSync(`${cwd}/out.jsonl`, 'utf8');
    expect(HARMFUL.test(records.replaceAll('\n', ''))).toBe(false);
    const classes = records
      .trim()
      .split('\n')
      .flatMap((line) => (JSON.parse(line) as { tracks?: { class: string }[] }).tracks ?? []);
    expect(classes[0]?.class).toBe(`car${EVIL}`);
  });
});
