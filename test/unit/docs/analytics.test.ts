import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadAnalyticsFile, loadOptionsFile } from '../../../src/config/load.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const ROOT = new URL('../../../', import.meta.url).pathname;
const PAGES = ['README.md', ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`)];
/** Every YAML example, with where it stands. */
const EXAMPLES = PAGES.filter((page) => page.endsWith('.md')).flatMap((page) =>
  [...readFileSync(join(ROOT, page), 'utf8').matchAll(/^```ya?ml\n(.*?)^```/gms)].map(
    ([, text = ''], at) => [`${page}, example ${at + 1}`, text] as const,
  ),
);

async function fileOf(text: string): Promise<string> {
  const file = join(await temporaryFolder(), 'zones.yaml');
  await writeFile(file, text);
  return file;
}

describe('examples in YAML', () => {
  // Modules of the reader's own are built first, which a test of their page does.
  it.each(EXAMPLES.filter(([, text]) => !text.startsWith('modules:')))(
    'can be loaded: %s',
    async (_, text) => {
      const file = await fileOf(text);
      if (text.startsWith('analytics:')) {
        // As the value of --zones and as options of a run.
        expect(await loadAnalyticsFile(file)).toEqual((await loadOptionsFile(file)).analytics);
      } else if (text.startsWith('# zones.yaml')) await loadAnalyticsFile(file);
      else await loadOptionsFile(file);
    },
  );

  it('are in the README and in the page on analytics', () => {
    const pages = EXAMPLES.map(([where]) => where.split(',')[0]);
    expect(pages).toEqual(expect.arrayContaining(['README.md', 'docs/analytics.md']));
  });
});

describe('a file of --zones', () => {
  it('may have its keys at the top or under analytics:, and says where something is wrong in both', async () => {
    const line = 'lines: [{ name: a, points: [[0, 0], [9, 9]] }]';
    const inner = await loadAnalyticsFile(await fileOf(line));
    expect(await loadAnalyticsFile(await fileOf(`analytics: { ${line} }`))).toEqual(inner);
    await expect(loadAnalyticsFile(await fileOf('analytics:\n  lanes: []\n'))).rejects.toThrow(
      /:2:3: .*lanes/,
    );
    await expect(loadAnalyticsFile(await fileOf(`analytics: {}\n${line}`))).rejects.toThrow(/:2:1: .*lines/);
  });
});
