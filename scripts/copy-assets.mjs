/**
 * Does what the compiler does not: the live page, and the entry's executable bit. The page takes types from src/record, which
 * the compiler would emit beside it; so its files are translated one by one, and `tsc` only checks them.
 */
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('..', import.meta.url));
const [web, page] = [`${root}/web`, `${root}/dist/web`];
const { options } = ts.parseJsonConfigFileContent(
  ts.readConfigFile(`${web}/tsconfig.json`, ts.sys.readFile).config,
  ts.sys,
  web,
);
mkdirSync(page, { recursive: true });
for (const name of readdirSync(web)) {
  if (name.endsWith('.ts')) {
    const script = readFileSync(`${web}/${name}`, 'utf8');
    const { outputText } = ts.transpileModule(script, { compilerOptions: options });
    writeFileSync(`${page}/${name.replace(/ts$/, 'js')}`, outputText);
  } else if (!name.endsWith('.json')) cpSync(`${web}/${name}`, `${page}/${name}`);
}
if (existsSync(`${root}/dist/cli/main.js`)) chmodSync(`${root}/dist/cli/main.js`, 0o755);
