import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { ERROR_CODES } from '../../../src/errors.js';

it('docs/errors.md has a line for every code, and for no other', () => {
  const text = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
  const documented = [...text.matchAll(/^\| `(ERR_[A-Z_]+)`\s+\|/gm)].map(([, code]) => code);
  expect(documented).toEqual([...ERROR_CODES]);
});
