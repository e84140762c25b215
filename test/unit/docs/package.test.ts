import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8'));

it('no package that a user gets has an install script', () => {
  const { packages } = read('package-lock.json') as {
    packages: Record<string, { dev?: boolean; hasInstallScript?: boolean }>;
  };
  const users = Object.entries(packages).filter(([, { dev }]) => dev !== true);
  expect(users.length).toBeGreaterThan(40);
  expect(users.flatMap(([name, { hasInstallScript }]) => (hasInstallScript ? [name] : []))).toEqual([]);
});

it('no script of ours waits for another one that .npmrc keeps from running', () => {
  const { scripts } = read('package.json') as { scripts: Record<string, string> };
  const names = Object.keys(scripts);
  const hooks = names.filter(
    (name) => /^(pre|post)/.test(name) && names.includes(name.replace(/^(pre|post)/, '')),
  );
  expect(hooks).toEqual([]);
  expect(names.filter((name) => /^(prepare|prepack|postpack|(pre|post)?install)$/.test(name))).toEqual([]);
});
