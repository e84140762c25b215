import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { architectureOf, ARCHITECTURES } from '../../../src/model/architectures/registry.js';

it('has a line for each architecture in the documentation', async () => {
  const page = await readFile(new URL('../../../docs/models.md', import.meta.url), 'utf8');
  const lines = page.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));
  for (const { name, summary } of ARCHITECTURES) {
    expect(lines.find(([, first]) => first === `\`${name}\``)).toEqual(['', `\`${name}\``, summary, '']);
    expect(architectureOf({ architecture: name })).toMatchObject({ name });
  }
});
