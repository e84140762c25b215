import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import * as z from 'zod';
import { analyticsSchema } from '../../../src/analytics/options.js';

const page = readFileSync(new URL('../../../docs/analytics.md', import.meta.url), 'utf8');

const QUOTES = /"/g;

interface Described {
  readonly properties?: Readonly<Record<string, Described>>;
  readonly items?: Described | boolean;
  readonly default?: unknown;
}

/** Keys with the keys of what is in them, and their defaults. */
function keysOf(described: Described): [string, unknown][] {
  const inner = Object.entries(described.properties ?? {}).flatMap(([key, value]) => [
    [key, value.default] as [string, unknown],
    ...keysOf(value),
  ]);
  return typeof described.items === 'object' ? [...inner, ...keysOf(described.items)] : inner;
}

it('docs/analytics.md tells every key, with its default', () => {
  const keys = keysOf(z.toJSONSchema(analyticsSchema, { io: 'input' }) as Described);
  expect(keys.length).toBeGreaterThan(30);
  const rows = page.split('\n').filter((line) => line.startsWith('|'));
  for (const [key, value] of keys) {
    expect(page, key).toMatch(new RegExp(`\\b${key}\\b`));
    if (value === undefined || key === 'forward' || key === 'backward') continue;
    const row = rows.find((line) => line.split('|')[1]!.includes(`\`${key}\``));
    expect(row?.split('|')[2], key).toContain(JSON.stringify(value).replaceAll(QUOTES, ''));
  }
});
