/** Copies what the compiler does not: the static files of the live page, and the entry's executable bit. */
import { chmodSync, cpSync, existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
cpSync(`${root}/web`, `${root}/dist/web`, {
  recursive: true,
  filter: (path) => !/\.(ts|json)$/.test(path),
});
if (existsSync(`${root}/dist/cli/main.js`)) chmodSync(`${root}/dist/cli/main.js`, 0o755);
