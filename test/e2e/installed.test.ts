/** The package as a user gets it: packed, installed by a plain `npm install` into an empty folder, run, and compiled against. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ROOT } from '../support/cli.js';

/** npm's codes for a registry that is out of reach; a script that fails has none of them. */
const OUT_OF_REACH =
  /npm error code (ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|ETIMEDOUT|ENOTCACHED)\b/;

/** The user's environment: nothing set for us, and scripts run, which `npm test` in this checkout switches off. */
const { ONNXRUNTIME_NODE_INSTALL: _, ONNXRUNTIME_NODE_INSTALL_CUDA: __, ...INHERITED } = process.env;
const env = { ...INHERITED, npm_config_ignore_scripts: 'false' };

const user = mkdtempSync(join(tmpdir(), 'sightline-'));
let unreachable: string | undefined;

beforeAll(() => {
  const platform = `${process.platform}/${process.arch}`;
  execFileSync(process.execPath, [`${ROOT}scripts/package.mjs`, '--platform', platform, '--out', user]);
  const tarball = readdirSync(user).find((name) => name.endsWith('.tgz'));
  const args = ['install', '--prefer-offline', '--no-audit', '--no-fund', `./${tarball ?? ''}`];
  const { status, stderr } = spawnSync('npm', args, { cwd: user, env, encoding: 'utf8' });
  if (status === 0) return;
  unreachable = OUT_OF_REACH.exec(stderr)?.[1];
  if (unreachable === undefined) throw new Error(`npm install failed:\n${stderr}`);
});

afterAll(() => {
  rmSync(user, { recursive: true, force: true });
});

beforeEach((context) => {
  context.skip(unreachable !== undefined, `the package registry is out of reach (${unreachable ?? ''})`);
});

describe('an installed package', () => {
  it('runs no script of any package and has the runtime with its licences inside', () => {
    const lock = readFileSync(join(user, 'package-lock.json'), 'utf8');
    const { packages } = JSON.parse(lock) as { packages: Record<string, { hasInstallScript?: boolean }> };
    expect(Object.keys(packages)).toContain('node_modules/onnxruntime-common');
    expect(
      Object.entries(packages).flatMap(([name, { hasInstallScript }]) => (hasInstallScript ? [name] : [])),
    ).toEqual([]);
    expect(existsSync(join(user, 'node_modules/onnxruntime-node'))).toBe(false);
    expect(readdirSync(join(user, 'node_modules/sightline/vendor/onnxruntime-node')).sort()).toEqual([
      'LICENSE',
      'README.md',
      'ThirdPartyNotices.txt',
      'bin',
      'dist',
      'package.json',
    ]);
  });

  it('detects with onnxruntime on the processor', () => {
    const { status, stdout } = spawnSync('node_modules/.bin/sightline', ['doctor', '--json'], {
      cwd: user,
      env,
      encoding: 'utf8',
    });
    expect(status).toBe(0);
    const { findings } = JSON.parse(stdout) as { findings: { subject: string; text: string }[] };
    const found = Object.fromEntries(findings.map(({ subject, text }) => [subject, text]));
    expect(found['onnxruntime:cpu']).toMatch(/^onnxruntime 1\.30\./);
    expect(found['inference']).toMatch(/^onnxruntime 1\.30\.\d+ on cpu/);
  });

  it.each([
    ['nodenext', ts.ModuleKind.NodeNext, ts.ModuleResolutionKind.NodeNext],
    ['bundler', ts.ModuleKind.ESNext, ts.ModuleResolutionKind.Bundler],
  ])(
    'has types that a strict TypeScript project accepts with their libraries checked: %s',
    (_, module, moduleResolution) => {
      writeFileSync(join(user, 'package.json'), '{ "type": "module" }');
      copyFileSync(`${ROOT}examples/follow.mjs`, join(user, 'follow.ts'));
      for (const name of readdirSync(`${ROOT}examples/extend`))
        copyFileSync(`${ROOT}examples/extend/${name}`, join(user, name));
      const files = readdirSync(user).filter((name) => name.endsWith('.ts'));
      expect(files.length).toBeGreaterThan(3);
      const program = ts.createProgram(
        files.map((name) => join(user, name)),
        {
          module,
          moduleResolution,
          target: ts.ScriptTarget.ES2022,
          lib: ['lib.es2022.d.ts'],
          types: ['node'],
          // From the checkout, to install one package less; packages that ours imports are still looked for where it is.
          typeRoots: [`${ROOT}node_modules/@types`],
          strict: true,
          exactOptionalPropertyTypes: true,
          skipLibCheck: false,
          noEmit: true,
        },
      );
      // The user's files and ours, whose libraries are not skipped; those of other packages are theirs and take long.
      const ours = program
        .getSourceFiles()
        .filter(({ fileName }) =>
          /^(?!.*node_modules)|node_modules\/sightline\//.test(fileName.slice(user.length)),
        )
        .filter(({ fileName }) => fileName.startsWith(user));
      expect(ours.length).toBeGreaterThan(50);
      const faults = [
        ...program.getOptionsDiagnostics(),
        ...program.getGlobalDiagnostics(),
        ...ours.flatMap((file) => [
          ...program.getSyntacticDiagnostics(file),
          ...program.getSemanticDiagnostics(file),
        ]),
      ].map(
        ({ file, messageText }) =>
          `${file?.fileName ?? ''}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
      );
      expect(faults).toEqual([]);
    },
  );
});
