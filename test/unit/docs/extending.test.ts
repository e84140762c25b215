import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const root = new URL('../../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const page = read('docs/extending.md');

describe('docs/extending.md', () => {
  it.each(readdirSync(new URL('examples/extend/', root)))('has %s as it is run by the tests', (name) => {
    expect(page).toContain(`\`\`\`ts\n${read(`examples/extend/${name}`)}\`\`\``);
  });

  it('shows changes to the registries that are there', () => {
    const diff = /```diff\n([^`]*)```/.exec(page)![1]!.split('\n');
    let registry = '';
    for (const line of diff) {
      const [, path] = /^ (src\/\S+(?:registry|trackers)\.ts)$/.exec(line) ?? [];
      if (path !== undefined) registry = read(path);
      else if (/^[ -](import|export) /.test(line)) expect(registry).toContain(line.slice(1));
    }
    expect(diff.filter((line) => line.startsWith('+'))).toHaveLength(3);
  });
});
