import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const read = (name: string): string => readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8');

describe('the README', () => {
  it('opens and closes its blocks of code alike, so that none of its text becomes code', () => {
    let open: string | undefined;
    for (const line of read('README.md').split('\n')) {
      const fence = /^(`{3,})(\w*)$/.exec(line);
      if (fence === null) continue;
      const [, ticks, language] = fence;
      if (open === undefined) open = ticks;
      else {
        expect([ticks, language]).toEqual([open, '']);
        open = undefined;
      }
    }
    expect(open).toBeUndefined();
  });

  it('shows the example as it lies in the folder', () => {
    expect(read('README.md')).toContain(`\`\`\`js\n${read('examples/follow.mjs')}\`\`\``);
  });
});
